#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The bench itself: the suite's kernel and criu work here, and a test goes on after a reboot.
# vm: suites=bookworm,trixie,backports
set -uo pipefail
. tests/vm/lib.sh

marker=/root/smoke-marker

if [[ $VM_PHASE == 2 ]]; then
	ok "files on the root disk are there after a reboot" test -s "$marker"
	isnt "$(cat /proc/sys/kernel/random/boot_id)" "$(cat "$marker")" "the kernel was booted anew"
	not_ok "files in /tmp are gone after a reboot" test -e /tmp/smoke-marker
	done_testing
	exit
fi

work=$(mktemp -d)

# A process that can be dumped: no terminal, a session of its own.
start_process()
{
	setsid sleep 1000 </dev/null >/dev/null 2>&1 &
	pid=$!
	wait_for 10 test -e "/proc/$pid/exe"
	wait_for 10 grep -q sleep "/proc/$pid/comm"
}

case $VM_SUITE in
bookworm) kernel='^6\.1\.' criu='Version: 3\.17\.1' ;;
trixie) kernel='^6\.12\.' criu='Version: 4\.1\.1' ;;
backports) kernel='^7\.' criu='Version: 4\.([3-9]|[1-9][0-9])' ;;
*) bail "unknown suite $VM_SUITE" ;;
esac
like "$(uname -r)" "$kernel" "the kernel is the suite's, $VM_SUITE"
like "$(criu --version)" "$criu" "criu is the suite's, $VM_SUITE"
is "$$" "$(ps -o pid= -p $$ | tr -d ' ')" "/proc is mounted"
ok "the loopback interface is up" ip route get 127.0.0.1
ok "there is a panic on a kernel warning" grep -qx 1 /proc/sys/kernel/panic_on_warn
ok "the headers of the running kernel are installed" test -e "/lib/modules/$(uname -r)/build/Makefile"
ok "criu finds all it needs" criu check
start_process
ok "criu dumps a process" criu dump -t "$pid" -D "$work" -v4 -o dump.log
wait "$pid" 2>/dev/null
ok "the dumped process is gone" wait_gone 10 "$pid"
ok "criu restores it" criu restore -d -D "$work" -v4 -o restore.log
is "$(cat "/proc/$pid/comm")" sleep "the restored process runs"

cat /proc/sys/kernel/random/boot_id >"$marker"
touch /tmp/smoke-marker
vm_reboot 2
