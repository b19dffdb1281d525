#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What "sysgenid inspect" finds in real programs.
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
: "${BUILD:=$PWD/build}"

work=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null; rm -rf -- "$work"' EXIT
pid=

# inspect COMMAND...: what is found in it, when it has made the file "ready", is in "found"
inspect()
{
	rm -f "$work/ready"
	"$@" 2>/dev/null &
	pid=$!
	wait_for 20 test -e "$work/ready" || diag "$* is not ready"
	status=0
	found=$("$BUILD/tools/sysgenid" inspect --pid "$pid") || status=$?
	json=$("$BUILD/tools/sysgenid" inspect --pid "$pid" --json)
	kill "$pid"
	wait "$pid" 2>/dev/null
}

python()
{
	inspect env -u LD_PRELOAD "${@:2}" /usr/bin/python3 -S -c "$1; open('$work/ready', 'w'); import time; time.sleep(60)"
}

shell='echo >"$0"; read -r line <"$1"'
mkfifo "$work/never"
inspect /bin/dash -c "$shell" "$work/ready" "$work/never"
is "$status" 0 "a program without generators is safe to clone"
like "$found" "ok +clones +nothing was found" "which is said"
like "$found" "note +counter +the process has the counter neither open nor mapped" "and that it does not notice a restore"
is "$(jq -r .problems <<<"$json")" 0 "the JSON says the same"

python "import random"
is "$status" 6 "Python is not"
like "$found" "problem +runtime +/usr/bin/python3[.0-9]*: clones share the generators of Python: install its switch" "and it is said why"
is "$(grep -c runtime <<<"$found")" 1 "once"
unlike "$found" "libcrypto" "OpenSSL is not there"
is "$(jq -r '.findings[] | select(.check == "runtime").state' <<<"$json")" problem "the JSON says the same"

python "import ssl"
like "$found" "problem +library +/[^ ]*/libcrypto.so.3[^ ]*: clones share the generator of OpenSSL 3: switch on" "with TLS the generator of OpenSSL is found"
python "import ssl" "LD_PRELOAD=$BUILD/preload/libsysgenid-preload.so"
like "$found" "ok +library +[^ ]*libcrypto.so.3[^ ]*: the preload library renews" "unless the preload library renews it"

cp /bin/sleep "$work/python3"
: >"$work/ready"
"$work/python3" 60 &
pid=$!
wait_for 20 grep -q "$work/python3" "/proc/$pid/maps"
rm "$work/python3"
like "$("$BUILD/tools/sysgenid" inspect --pid "$pid")" "problem +runtime +$work/python3: clones share the generators of Python" \
	"a program that an upgrade has replaced is still known by its name"
kill "$pid"
wait "$pid" 2>/dev/null

# A program of any size: the rest of the file is a hole.
cp /bin/sleep "$work/huge"
truncate -s 1T "$work/huge" 2>/dev/null || truncate -s 100G "$work/huge"
"$work/huge" 60 &
pid=$!
wait_for 20 grep -q "$work/huge" "/proc/$pid/maps"
like "$(timeout 30 "$BUILD/tools/sysgenid" inspect --pid "$pid")" "ok +clones" "a huge program is read in part"
kill "$pid"
wait "$pid" 2>/dev/null

mkdir -p "$work/dev"
head -c 4096 /dev/zero >"$work/dev/sysgenid"
python "import mmap; f = open('$work/dev/sysgenid'); page = mmap.mmap(f.fileno(), 4096, prot=mmap.PROT_READ)"
like "$found" "ok +counter +the process has the counter mapped" "a mapping of the counter is seen"
like "$found" "ok +runtime +.*the switch is on, or the program looks itself" "so Python may have its switch"
python "file = open('$work/dev/sysgenid')"
like "$found" "ok +counter +the process has the counter open" "an open one, too"
like "$found" "problem +runtime" "which is no switch"

python "import socket
a = socket.create_server(('127.0.0.1', 0)); b = socket.create_connection(a.getsockname()); c = a.accept()
d = socket.create_server(('::1', 0), family=socket.AF_INET6)
e = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); e.bind(('127.0.0.1', 0)); f = socket.socketpair()
import fcntl; g = open('$work/locked', 'w'); fcntl.flock(g, fcntl.LOCK_EX)
h = open('/dev/null'), open('/dev/fuse' if __import__('os').path.exists('/dev/fuse') else '/dev/null')"
like "$found" "problem +socket +2 open connections: tcp 127.0.0.1:[0-9]+ to 127.0.0.1:[0-9]+, tcp" "open connections are found, both ends"
like "$found" "note +socket +3 bound addresses: tcp 127.0.0.1:[0-9]+, tcp6 \[::1\]:[0-9]+, udp 127.0.0.1:" "and what is bound"
like "$found" "note +lock +1 locked files: $work/locked" "and locks"
unlike "$found" "/dev/null" "no harmless device"
is "$(jq -r '.findings[] | select(.check == "lock").number' <<<"$json")" 1 "the JSON has numbers"

inspect perl -e "open my \$f, '>', '$work/ready'; sleep 60"
like "$found" "problem +runtime +/usr/bin/perl.*: clones share the generators of Perl: nothing renews them from outside" "Perl is found"
if command -v go >/dev/null; then
	printf 'package main\nimport ("os"; "time")\nfunc main() { os.Create(os.Args[1]); time.Sleep(time.Minute) }\n' >"$work/a.go"
	(cd "$work" && GOCACHE=$work/cache GO111MODULE=off go build -o "$work/program" a.go)
	inspect "$work/program" "$work/ready"
	like "$found" "problem +runtime +$work/program: clones share the generators of Go" "a static program of Go is found"
fi

run_status=0
message=$("$BUILD/tools/sysgenid" inspect 2>&1) || run_status=$?
is "$run_status $message" "2 sysgenid: inspect: give a process: --pid PID" "without a process it is wrong usage"
run_status=0
message=$("$BUILD/tools/sysgenid" inspect --pid 2147483647 2>&1) || run_status=$?
is "$run_status $message" "1 sysgenid: inspect: cannot look at process 2147483647: No such process: it has ended, or is a kernel thread" \
	"a process that is not there is an error"
if ((EUID == 0)); then
	install -m 755 "$BUILD/tools/sysgenid" "$work/sysgenid"
	chmod 755 "$work"
	run_status=0
	message=$(setpriv --reuid 65534 --clear-groups "$work/sysgenid" inspect --pid $$ 2>&1) || run_status=$?
	is "$run_status" 4 "somebody else's process is an error"
	like "$message" "run it as root, or as the process's user" "that says what to do"
fi
done_testing
