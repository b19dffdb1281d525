#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# sysgenid status and sysgenid wait name the processes that have not acknowledged the generation.
# vm: suites=trixie more=bookworm,backports
set -uo pipefail
. tests/vm/lib.sh

tool=${BUILD:-build}/tools/sysgenid
work=$(mktemp -d)
chmod 755 "$work"

as_user()
{
	setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all "$@"
}

# holders N [TRACK [NAME [map]]]: so many processes of that name, each with the device open, or mapped only, until the input ends
holders()
{
	python3 -c '
import ctypes, fcntl, mmap, os, sys
n, track, name = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
for i in range(n):
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(15, name.encode())
        fd = os.open("/dev/sysgenid", os.O_RDWR)
        if track:
            fcntl.ioctl(fd, 0xE401, 1)
        if sys.argv[4]:
            page = mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ)
            # mmap keeps a descriptor of its own.
            os.closerange(3, 100)
        print(os.getpid(), flush=True)
        sys.stdin.read()
        os._exit(0)
for i in range(n):
    os.wait()' "$1" "${2:-1}" "${3:-holder}" "${4-}" <"$work/input" >"$work/pids" &
	exec 5>"$work/input"
	wanted=$1
}

have_all()
{
	[[ $(wc -l <"$work/pids") == "$wanted" ]]
}

all_hold()
{
	wait_for 60 have_all
}

let_go()
{
	exec 5>&-
	wait
}

late()
{
	"$tool" status "$@" | sed -n 's/^late: *//p'
}

json()
{
	"$tool" status --json | jq -c "$1"
}

test_one()
{
	local pid said

	holders 1
	ok "a watcher is tracked" all_hold
	pid=$(<"$work/pids")
	is "$(late)" "" "nobody is late as long as nothing happens"
	is "$(json '[.late_processes, .late_processes_complete]')" "[[],true]" "in JSON, too"
	"$tool" trigger >/dev/null
	is "$(late)" "PID $pid (holder)" "after a change its process is named"
	is "$(json '[.late_processes, .late_processes_complete]')" \
		"[[{\"pid\":$pid,\"command\":\"holder\"}],true]" "in JSON, too"
	said=$("$tool" wait --timeout 100 2>&1 >/dev/null)
	like "$said" "^sysgenid: 1 of 1 watchers have not acknowledged .*: wait longer, or look after PID $pid \(holder\)$" \
		"wait names it when it gives up"
	is "$(as_user "$tool" status | sed -n 's/^late: *//p')" \
		"whoever else is not seen by this user, or has such a file without a descriptor of its own" \
		"a user who may not look at it is told so"
	is "$(as_user "$tool" status --json | jq -c '[.late_processes, .late_processes_complete]')" "[[],false]" \
		"in JSON, too"
	test_container "$pid"
	let_go
	is "$(late)" "" "when the process is gone nobody is late"
}

# test_container PID: beside that late process, one in a container
test_container()
{
	local inner

	mkfifo "$work/container"
	unshare --pid --fork --mount-proc --kill-child python3 -c '
import fcntl, os, subprocess, sys
fd = os.open("/dev/sysgenid", os.O_RDWR)
fcntl.ioctl(fd, 0xE401, 1)
fcntl.ioctl(fd, 0xE403, 0)
subprocess.run([sys.argv[1], "status"])
print("ready", flush=True)
sys.stdin.read()' "$tool" <"$work/container" >"$work/inside" &
	exec 6>"$work/container"
	ok "a container has a late watcher" wait_for 60 grep -q ready "$work/inside"
	like "$(<"$work/inside")" $'\nlate: +PID 1 \(python3\)\n' "in a container its own are named"
	is "$(late)" "PID $1 (holder)" "and they are not named here"
	inner=$(<"/proc/$!/task/$!/children")
	is "$(late --pid "${inner% }")" "PID ${inner% } (python3)" "but when it is asked for, and then nobody else"
	exec 6>&-
	wait $!
}

test_mapped()
{
	holders 1 1 mapper map
	ok "a watcher has the device mapped and no descriptor" all_hold
	"$tool" trigger >/dev/null
	is "$(late)" \
		"whoever else is not seen by this user, or has such a file without a descriptor of its own" "nobody claims to know who it is"
	is "$(json '[.late_processes, .late_processes_complete]')" "[[],false]" "in JSON, too"
	let_go
}

test_not_late()
{
	holders 1 0
	ok "a file that nobody is to wait for is open" all_hold
	"$tool" trigger >/dev/null
	is "$(late)$("$tool" status | sed -n 's/^watchers: *//p')" "0, of these outdated: 0" "its process is not late"
	let_go
}

test_name()
{
	holders 1 1 $'a\n\e[31mb'
	ok "a watcher has a name for terminals" all_hold
	"$tool" trigger >/dev/null
	like "$(late)" '^PID [0-9]+ \(a\)$' "no line of it is forged, no command gets to the terminal"
	let_go
	holders 1 1 $'a\e[31mb'
	ok "a watcher has another one" all_hold
	"$tool" trigger >/dev/null
	like "$(late)" '^PID [0-9]+ \(a\\x1b\[31mb\)$' "which is escaped"
	let_go
}

test_many()
{
	holders 40
	ok "many watchers are tracked" all_hold
	"$tool" trigger >/dev/null
	is "$(late | grep -o PID | wc -l)" 32 "the first of many are named"
	like "$(late)" ' and 8 more$' "and the others counted"
	is "$(json '[(.late_processes | length), .late_processes_complete, .outdated]')" "[32,false,40]" "in JSON, too"
	let_go
}

ok "the module is loaded" load_module || bail "nothing can be tested without it"
mkfifo "$work/input"
test_one
test_not_late
test_name
test_many
test_mapped
ok "the module can be unloaded" unload_module
done_testing
