#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# "sysgenid run", "quiesce" and "unquiesce" without the kernel module: which executables are run, and what is said; and the
# scripts that are shipped, on files below another root.
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
: "${BUILD:=$PWD/build}"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
tool=$BUILD/tools/sysgenid
hooks=$work/hooks.d
mkdir "$hooks"
export SYSGENID_PATH=$work/no-counter

# script NAME TEXT: an executable of the directory
script()
{
	printf '#!/bin/bash\n%s\n' "$2" >"$hooks/$1"
	chmod 755 "$hooks/$1"
}

# run ARGUMENT...: the results are in status, $work/out and $work/err
run()
{
	status=0
	"$tool" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}

quiesce()
{
	: >"$work/order"
	run quiesce --dir "$hooks" "$@"
}

for name in 30-c 10-a 20-b; do
	script "$name" "echo $name >>$work/order"
done
quiesce
is "$status $(paste -sd' ' "$work/order")" "0 10-a 20-b 30-c" "executables run in the order of their names"
for name in 15-x.bak 16-x~ .17-x 18-x.dpkg-old; do
	script "$name" "echo $name >>$work/order"
done
quiesce
is "$(paste -sd' ' "$work/order")" "10-a 20-b 30-c" "names that run-parts would not take are left out"
rm -f "$hooks"/1[5-8]* "$hooks"/.17-x

script 20-b 'exit 3'
quiesce
is "$status $(paste -sd' ' "$work/order")" "1 10-a 30-c" "one that fails does not keep the next from running; status 1"
like "$(<"$work/err")" "20-b failed: it ended with status 3.*take no snapshot now" "and it is said, with what to do"
# shellcheck disable=SC2016  # for the script
script 20-b 'echo $$ >'"$work/pid"'; exec sleep 1000'
quiesce --timeout 200
like "$(<"$work/err")" "20-b failed: it took longer than 200 ms and was stopped" "one that does not end is ended"
ok "it is gone" test ! -e "/proc/$(<"$work/pid")"
is "$(paste -sd' ' "$work/order")" "10-a 30-c" "and the next one runs"
script 20-b 'exit 3'
status=0
python3 tests/run/refuse.py pidfd "$tool" quiesce --dir "$hooks" 2>"$work/err" || status=$?
like "$status $(<"$work/err")" "^1 .*20-b failed: it ended with status 3" "also where pidfd_open() is refused, as old container runtimes do"
is "$(grep -c failed "$work/err")" 1 "and the others end well"
quiesce --timeout 0
like "$(<"$work/err")" "20-b failed: it ended with status 3" "a time limit of 0 is none"
script 20-b 'trap "" TERM; echo $$ >'"$work/pid"'; while :; do sleep 1000; done'
quiesce --timeout 200
ok "one that ignores SIGTERM is killed" test ! -e "/proc/$(<"$work/pid")"
rm "$hooks/20-b"

script 40-d "echo 40-d >>$work/order"
for mode in 757 775; do
	chmod "$mode" "$hooks/40-d"
	quiesce
	like "$status $(<"$work/err")" "^1 .*40-d failed: it must belong to root, and nobody else may write it" \
		"mode $mode: an executable that others can write is not run"
done
is "$(paste -sd' ' "$work/order")" "10-a 30-c" "really not"
chmod 644 "$hooks/40-d"
quiesce
like "$(<"$work/err")" "40-d failed: it is not executable" "nor one that is not executable"
if ((EUID == 0)); then
	chmod 755 "$hooks/40-d"
	chown 65534 "$hooks/40-d"
	quiesce
	like "$(<"$work/err")" "40-d failed: it must belong to root" "nor one of somebody else's"
	rm "$hooks/40-d"
	printf '#!/bin/bash\n' >"$work/foreign"
	chmod 755 "$work/foreign"
	chown 65534 "$work/foreign"
	ln -s "$work/foreign" "$hooks/40-d"
	quiesce
	like "$(<"$work/err")" "40-d failed: it must belong to root" "nor by a link to it"
fi
rm -f "$hooks/40-d"
script 40-d 'yes | head -n 1 >/dev/null; [[ ${PIPESTATUS[0]} == 141 ]]'
status=0
timeout -s KILL 10 env --ignore-signal=CHLD --ignore-signal=PIPE "$tool" quiesce --dir "$hooks" 2>"$work/err" || status=$?
is "$status $(<"$work/err")" "0 " "signals that the caller ignores change neither what is learned of a script nor what a script sees"
rm -f "$hooks/40-d"
ln -s "$work/nowhere" "$hooks/40-d"
quiesce
like "$(<"$work/err")" "40-d failed: No such file" "a link to nowhere is said"
rm "$hooks/40-d"
chmod 777 "$hooks"
quiesce
like "$status $(<"$work/err")" "^1 .*is not used: it must be a directory that belongs to root" \
	"a directory that others can write is not used"
is "$(<"$work/order")" '' "nothing in it is run"
chmod 755 "$hooks"
for arguments in quiesce unquiesce; do
	run "$arguments" --dir "$work/none"
	like "$status $(<"$work/err")" "^1 sysgenid: cannot run what is in $work/none: No such file .*: make the directory" \
		"$arguments: a directory that was named, and does not exist, is an error"
done
run quiesce --dir "$work/order/none"
like "$status $(<"$work/err")" "^1 sysgenid: cannot run what is in $work/order/none: Not a directory" "so is one that cannot be looked into"
# shellcheck disable=SC2016
script 10-a 'echo "$SYSGENID_GENERATION $SYSGENID_CAUSE ${NOTIFY_SOCKET-none}" >>'"$work/order"'; cat; echo noise'
NOTIFY_SOCKET=/nowhere quiesce
is "$(head -n 1 "$work/order")" "0 none none" "they are told the generation and its cause, and do not speak to systemd for us"
is "$(<"$work/out")" '' "what they print goes to standard error"

run run
like "$status $(<"$work/err")" "^5 sysgenid: cannot open the device: " "'sysgenid run' without a counter: status 5, and why"
run run -- sh -c 'echo hello; exit 7'
is "$status $(<"$work/out")" "7 hello" "'sysgenid run -- COMMAND' without a counter runs it and ends with its status"
is "$(grep -c '^sysgenid: cannot oversee the command; running it all the same: ' "$work/err")" 1 "and says so once"
# shellcheck disable=SC2016  # for sh
run run -- sh -c 'kill -9 $$'
is "$status" 137 "a command that a signal ends: 128 and its number"
run run -- "$work/nothing"
like "$status $(<"$work/err")" "^127 .*cannot start $work/nothing: No such file" "a command that is not there: 127, and why"
run run -- "$work"
like "$status $(<"$work/err")" "^126 .*cannot start $work: Permission denied" "one that cannot be run: 126"
status=0
timeout -s KILL 10 env --ignore-signal=CHLD "$tool" run -- sh -c 'exit 7' 2>/dev/null || status=$?
is "$status" 7 "also where the caller ignores SIGCHLD"
"$tool" run -- sh -c 'trap "exit 5" TERM; touch '"$work/up"'; while :; do sleep 0.1; done' 2>/dev/null &
pid=$!
wait_for 20 test -e "$work/up"
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
is "$status" 5 "signals are handed on to the command"
is "$(python3 tests/run/terminal.py "$tool" 2>&1)" 1 "but not Ctrl-C, which reaches the command by itself"

# The scripts that are shipped.
root=$work/root
umask 022
mkdir -p "$root/etc/sysgenid" "$root/etc/ssh" "$root/var/lib/dbus" "$work/bin"
export SYSGENID_ROOT=$root
for name in hostname ip networkctl systemctl; do
	# shellcheck disable=SC2016
	printf '#!/bin/bash\n[[ $# != 0 ]] || { echo old-0123abcd.example; exit; }\necho "%s $*" >>%q\n' "$name" "$work/calls" >"$work/bin/$name"
	chmod 755 "$work/bin/$name"
done

# shipped NAME [VARIABLE=VALUE]: runs it with our commands in front
shipped()
{
	local name
	local -a functions=()

	: >"$work/calls"
	# It sets a path of its own; functions come before all of it.
	for name in hostname ip networkctl systemctl; do
		functions+=("BASH_FUNC_$name%%=() { $work/bin/$name \"\$@\"; }")
	done
	env "${functions[@]}" "${@:2}" "tools/post-restore/$1" >"$work/err" 2>&1
}

echo 00000000000000000000000000000001 | tee "$root/etc/machine-id" >"$root/var/lib/dbus/machine-id"
ok "machine-id runs" shipped machine-id
first=$(<"$root/etc/machine-id")
like "$first" '^[0-9a-f]{32}$' "it writes a machine ID"
is "$(<"$root/var/lib/dbus/machine-id")" "$first" "and D-Bus's copy of it"
shipped machine-id
isnt "$(<"$root/etc/machine-id")" "$first" "another one each time"

# in_namespace NUMBER: a variable with which the script finds itself in that PID namespace
in_namespace()
{
	printf 'BASH_FUNC_readlink%%%%=() { echo "pid:[%s]"; }' "$1"
}

for name in machine-id hostname ssh-host-keys dhcp-lease; do
	before=$(cd "$root/etc" && find . -type f -exec md5sum {} + | sort)
	for cause in restore resume; do
		ok "$name after a $cause on the machine" shipped "$name" "SYSGENID_CAUSE=$cause" "$(in_namespace 4026531836)"
		like "$(<"$work/err")" "^$name: nothing to do: the cause is \"$cause\"" "does nothing, and says so"
		is "$(cd "$root/etc" && find . -type f -exec md5sum {} + | sort)$(<"$work/calls")" "$before" "really nothing"
	done
done
first=$(<"$root/etc/machine-id")
shipped machine-id SYSGENID_CAUSE=restore "$(in_namespace 4026532000)"
isnt "$(<"$root/etc/machine-id")" "$first" "but in a container, which is restored as a whole, machine-id writes a new one"
first=$(<"$root/etc/machine-id")
for cause in vmgenid virtio-leak vmclock admin ioctl kernel unknown; do
	shipped machine-id "SYSGENID_CAUSE=$cause" "$(in_namespace 4026531836)"
	isnt "$(<"$root/etc/machine-id")" "$first" "$cause: a new machine ID"
	first=$(<"$root/etc/machine-id")
done
printf '127.0.0.1 localhost\n127.0.1.1 old-0123abcd.example old-0123abcd older\n' >"$root/etc/hosts"
ok "hostname runs" shipped hostname
like "$(<"$root/etc/hostname") $(<"$work/calls")" '^(old-[0-9a-f]{8}) hostname old-[0-9a-f]{8}$' "it replaces what it added the last time"
name=$(<"$root/etc/hostname")
is "$(<"$root/etc/hosts")" "127.0.0.1 localhost"$'\n'"127.0.1.1 $name.example $name older" "and its name in /etc/hosts"
echo HOSTNAME_PREFIX=worker >"$root/etc/sysgenid/post-restore.conf"
shipped hostname
like "$(<"$work/calls")" '^hostname worker-[0-9a-f]{8}$' "with the prefix that is configured"
chmod 664 "$root/etc/sysgenid/post-restore.conf"
for name in hostname restart-units dhcp-lease; do
	not_ok "$name does not run with a configuration that a group can write" shipped "$name"
	like "$(<"$work/err")" "post-restore.conf cannot be trusted: .*chmod go-w" "and says so"
	is "$(<"$work/calls")" "" "and does nothing"
done
chmod 644 "$root/etc/sysgenid/post-restore.conf"
chmod 777 "$root/etc/sysgenid"
not_ok "nor with one in a folder that anybody can write" shipped hostname
chmod 755 "$root/etc/sysgenid"
# shellcheck disable=SC2016  # it must not be executed
echo 'HOSTNAME_PREFIX=$(touch '"$work/executed"')' >"$root/etc/sysgenid/post-restore.conf"
not_ok "hostname refuses a prefix that is none" shipped hostname
ok "and the configuration is not executed" test ! -e "$work/executed"
not_ok "restart-units without units fails" shipped restart-units
like "$(<"$work/err")" 'set RESTART_UNITS or RELOAD_UNITS in ' "and says what to do"
printf 'RESTART_UNITS=a.service b.service\nRELOAD_UNITS=nginx.service\n' >"$root/etc/sysgenid/post-restore.conf"
ok "restart-units runs" shipped restart-units
is "$(paste -sd, "$work/calls")" "systemctl try-reload-or-restart -- nginx.service,systemctl try-restart -- a.service b.service" \
	"it restarts and reloads what is listed"
printf 'RELOAD_UNITS=nginx.service\nRESTART_UNITS=a.service' >"$root/etc/sysgenid/post-restore.conf"
mv "$work/bin/systemctl" "$work/bin/works"
# shellcheck disable=SC2016
printf '#!/bin/bash\n%q "$@"; [[ $1 != try-reload* ]]\n' "$work/bin/works" >"$work/bin/systemctl"
chmod 755 "$work/bin/systemctl"
not_ok "restart-units fails when a unit cannot be reloaded" shipped restart-units
is "$(tail -n 1 "$work/calls")" "systemctl try-restart -- a.service" \
	"it restarts the others all the same, also when the last line of the configuration has no end"
mv "$work/bin/works" "$work/bin/systemctl"
echo >>"$root/etc/sysgenid/post-restore.conf"
not_ok "dhcp-lease without interfaces fails" shipped dhcp-lease
echo 'DHCP_INTERFACES=none0' >>"$root/etc/sysgenid/post-restore.conf"
not_ok "dhcp-lease refuses an interface that is not there" shipped dhcp-lease
like "$(<"$work/err")" 'there is no interface none0: see DHCP_INTERFACES in ' "and says where it is named"
echo 'DHCP_INTERFACES=none0 lo lo' >"$root/etc/sysgenid/post-restore.conf"
# By its clock time is nearly over.
not_ok "dhcp-lease fails when there is no new lease" shipped dhcp-lease SECONDS=24
like "$(<"$work/err")" 'none0.*no new lease within 25 s for lo lo: .*goes on asking' "it says where, and that this is not the end"
is "$(grep -oE 'systemctl restart|address show' "$work/calls" | uniq | paste -sd,)" "systemctl restart,address show" \
	"an interface that is not there keeps no other from asking, and all ask before one is waited for"
if command -v ssh-keygen >/dev/null; then
	echo old | tee "$root/etc/ssh/ssh_host_rsa_key" "$root/etc/ssh/ssh_host_"{old_key,rsa_key-cert.pub} >"$root/etc/ssh/ssh_host_rsa_key.pub"
	ok "ssh-host-keys runs" shipped ssh-host-keys
	like "$(<"$root/etc/ssh/ssh_host_ed25519_key")" 'PRIVATE KEY' "it makes new host keys"
	isnt "$(<"$root/etc/ssh/ssh_host_rsa_key")" old "in place of the old ones"
	is "$(find "$root/etc/ssh" -mindepth 1 -printf '%f\n' | grep -vcE '^ssh_host_(rsa|ecdsa|ed25519)_key(\.pub)?$')" 0 "and of others nothing is left"
else
	skip "ssh-host-keys makes new host keys" "there is no ssh-keygen here"
fi

# Installed elsewhere. Objects that were made for another place are made again.
mkdir "$work/build"
cp -a "$BUILD/lib" "$BUILD/tools" "$work/build/"
ok "it can be installed elsewhere" make -s -j2 -C tools install BUILD="$work/build" CFLAGS=-O0 DESTDIR="$work/else" \
	PREFIX=/opt SYSCONFDIR=/conf CRIU_LIBDIR=/plugins
like "$("$work/else/opt/bin/sysgenid" run --help)" '/conf/sysgenid/post-restore\.d' "there the command has its directories"
like "$("$work/else/opt/bin/sysgenid" doctor)" '/plugins/sysgenid_plugin\.so' "and looks for criu's plugin"
is "$(grep -rlIE '/usr/local/libexec/sysgenid|/usr/local/bin/sysgenid|/etc/sysgenid' "$work/else" | paste -sd' ')" '' "and no text names another place"

# The systemd unit as it is installed, so far as it can be checked without systemd.
unit=$work/inst/usr/local/lib/systemd/system/sysgenid-overseer.service
ok "the systemd unit is installed" make -s -C tools install BUILD="$BUILD" PREFIX=/usr/local DESTDIR="$work/inst"
read -ra start < <(sed -n 's/^ExecStart=//p' "$unit")
is "$("$work/inst${start[0]}" "${start[@]:1}" --help | head -n 1)" \
	'usage: sysgenid run [OPTION...] [-- COMMAND [ARGUMENT...]]' "it starts the command that is installed, with options that it knows"
is "$(grep -cE '^(Type=notify|WantedBy=multi-user.target)$' "$unit")" 2 \
	"it is ready when the overseer says so, and systemctl enable finds where it belongs"
if command -v systemd-analyze >/dev/null; then
	sed -i "s|=/usr/local/bin|=$work/inst/usr/local/bin|" "$unit"
	is "$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -F overseer)" '' "systemd-analyze finds nothing wrong with it"
fi
done_testing
