# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests of the kernel part: programs of tests/payload, whose checks become checks of the test.
# usage: . tests/vm/payload.sh

# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

VM_MODULE=$PWD/build/kernel/sysgenid.ko
PAYLOAD=$PWD/build/tests/payload
# shellcheck disable=SC2034  # for the tests
SYSFS=/sys/class/misc/sysgenid

# payload_check LINE: a line of TAP that a program printed
payload_check()
{
	local line=$1 bad=0

	[[ $line != "not "* ]] || bad=1
	line=${line#not }
	payload_made=$((payload_made + 1))
	tap_result "$bad" "${line#ok * - }" || :
}

# run_payload NAME [ARGUMENT]...: runs it, takes over its checks, and checks that it ran to its end
run_payload()
{
	local line planned='' status='' problem='' payload_made=0

	while IFS= read -r line; do
		case $line in
		"ok "* | "not ok "*) payload_check "$line" ;;
		1..[0-9]*) planned=${line#1..} ;;
		"Bail out! "*) problem=${line#Bail out! } ;;
		"status "*) status=${line#status } ;;
		*) echo "$line" ;;
		esac
	done < <("$PAYLOAD/$1" "${@:2}"; echo "status $?")
	if [[ -z $problem && $planned != "$payload_made" ]]; then
		problem="status $status after $payload_made checks of ${planned:-an unknown number}"
	fi
	is "$problem" '' "$* runs to its end"
}

# need_module [PARAMETER...]: loads the module; the test ends if that fails
need_module()
{
	load_module "$@" || bail "sysgenid.ko cannot be loaded"
}

# fresh_module [PARAMETER...]: loads the module anew, so that the counter is at 0
fresh_module()
{
	if [[ -d /sys/module/sysgenid ]]; then
		unload_module || bail "sysgenid.ko cannot be unloaded"
	fi
	need_module "$@"
}

# Reseeds fail from now on: /dev/urandom is another device.
hide_urandom()
{
	mount --bind /dev/null /dev/urandom || bail "/dev/urandom cannot be hidden"
}

# Lazily: the module may have it open just now, since it tries again and again.
show_urandom()
{
	umount -l /dev/urandom || bail "/dev/urandom stays hidden"
}
