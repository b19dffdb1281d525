# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests that run inside the VM: TAP output, waiting, modules, reboots.
# usage: . tests/vm/lib.sh (the working directory is the project's, /sysgenid)

# Test programs of the bench run as root in a VM of their own, with
#   VM_PHASE  1, or after "vm_reboot N" N

TAP_COUNT=0
TAP_FAILED=0
TAP_PLAN=0

diag()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

plan()
{
	TAP_PLAN=$1
	echo "1..$1"
}

tap_result()
{
	TAP_COUNT=$((TAP_COUNT + 1))
	if (($1 == 0)); then
		echo "ok $TAP_COUNT - $2"
	else
		TAP_FAILED=$((TAP_FAILED + 1))
		echo "not ok $TAP_COUNT - $2"
	fi
	return "$1"
}

# ok NAME COMMAND...: the command must succeed. Its output is shown when it does not.
ok()
{
	local name=$1 output status=0

	shift
	output=$("$@" 2>&1) || status=$?
	tap_result "$((status != 0))" "$name" && return
	diag "status $status of: $*"
	[[ -z $output ]] || diag "$output"
	return 1
}

# not_ok NAME COMMAND...: the command must fail.
not_ok()
{
	local name=$1 output status=0

	shift
	output=$("$@" 2>&1) || status=$?
	tap_result "$((status == 0))" "$name" && return
	diag "succeeded, but should not: $*"
	[[ -z $output ]] || diag "$output"
	return 1
}

# is GOT EXPECTED NAME
is()
{
	local bad=0

	[[ $1 == "$2" ]] || bad=1
	tap_result "$bad" "$3" && return
	diag "got:      $1"
	diag "expected: $2"
	return 1
}

# isnt GOT UNWANTED NAME
isnt()
{
	local bad=0

	[[ $1 != "$2" ]] || bad=1
	tap_result "$bad" "$3" && return
	diag "got, but should not: $1"
	return 1
}

# like GOT REGEX NAME
like()
{
	local bad=0

	[[ $1 =~ $2 ]] || bad=1
	tap_result "$bad" "$3" && return
	diag "got:            $1"
	diag "does not match: $2"
	return 1
}

# unlike GOT REGEX NAME
unlike()
{
	local bad=0

	[[ ! $1 =~ $2 ]] || bad=1
	tap_result "$bad" "$3" && return
	diag "got:                $1"
	diag "should not match: $2"
	return 1
}

# skip NAME REASON: one check that cannot be done here. Under CI=true it counts as failed.
skip()
{
	TAP_COUNT=$((TAP_COUNT + 1))
	echo "ok $TAP_COUNT - $1 # SKIP $2"
}

skip_all()
{
	echo "1..0 # SKIP $*"
	exit 0
}

bail()
{
	echo "Bail out! $*"
	exit 255
}

done_testing()
{
	((TAP_PLAN)) || plan "$TAP_COUNT"
	((TAP_FAILED == 0 && TAP_PLAN == TAP_COUNT))
}

# wait_for SECONDS COMMAND...: waits until the command succeeds. On the debug kernel for six times as long.
wait_for()
{
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))

	[[ ${VM_SUITE-} != debug ]] || ((end += $1 * 5000000))
	shift
	until "$@" >/dev/null 2>&1; do
		((${EPOCHREALTIME/[.,]/} < end)) || return 1
		vm_pause
	done
}

# wait_gone SECONDS PID: waits until the process has gone and was reaped.
wait_gone()
{
	wait_for "$1" test ! -e "/proc/$2"
}

# Sleeps for a moment, without starting a process.
vm_pause()
{
	[[ -n ${VM_PAUSE_FD-} ]] || exec {VM_PAUSE_FD}<> <(:)
	read -r -t 0.02 -u "$VM_PAUSE_FD" || :
}

vm_uptime_reached()
{
	local now _

	read -r now _ </proc/uptime
	((${now%.*} >= $1))
}

# wait_uptime SECONDS: until the machine has been up for that long.
wait_uptime()
{
	until vm_uptime_reached "$1"; do
		vm_pause
	done
}

# vm_reboot N: ends this test here, reboots, and runs it again with VM_PHASE=N. Files on / and
# /sysgenid stay, those in /tmp and /run go. Checks of all phases count. Not for a subshell.
vm_reboot()
{
	local status=0

	done_testing || status=1
	echo "$1" >/run/vm/reboot
	exit "$status"
}

# load_module [PARAMETER...]: loads the sysgenid.ko that was built for this kernel.
load_module()
{
	insmod "${VM_MODULE:-/sysgenid/build/kernel/sysgenid.ko}" "$@" || return
	wait_for 5 test -c "${VM_DEVICE:-/dev/sysgenid}"
}

unload_module()
{
	rmmod sysgenid
}
