#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A container with a user namespace of its own, whose root has no rights outside: its processes see
# the new generation, and need no privilege to get their files back.
# vm: qemu-arg=-device qemu-arg=virtio-rng-pci suites=bookworm,trixie,backports
set -uo pipefail
. tests/cr/lib.sh

BASE=100000

in_user_namespace()
{
	[[ $(userns_of "$1") == user:* && $(userns_of "$1") != "$(userns_of 1)" ]]
}

# Like container_start, with a user namespace of the container's own.
start()
{
	local pid

	mkdir -p "$CR_DIR/$1.root" && chmod 755 "$CR_DIR"
	mkfifo "$CR_DIR/$1.go"
	setsid unshare --mount --propagation private bash tests/cr/userns-container \
		"$CR_DIR/$1.root" "$SUBJECT" "${@:2}" <>"$CR_DIR/$1.go" >"$CR_DIR/$1.out" 2>&1 &
	pid=$!
	wait_for 30 in_user_namespace "$pid" &&
		echo "0 $BASE 65536" >"/proc/$pid/uid_map" &&
		echo "0 $BASE 65536" >"/proc/$pid/gid_map" &&
		echo go >"$CR_DIR/$1.go" && wait_for 30 find_first "$1" &&
		wait_for 30 log_has "$1" '^ready$' && return
	cat "$CR_DIR/$1.out"
	return 1
}

find_first()
{
	pgrep -n -x subject >"$CR_DIR/$1.pid"
}

userns_of()
{
	readlink "/proc/$1/ns/user"
}

# check_clone NAME
check_clone()
{
	ok "$1 is restored" restore image "$1" --external 'mnt[node]:/dev/sysgenid' \
		--external 'mnt[null]:/dev/null' || return
	ok "$1 sees the new generation" wait_for 30 clones_see image "$1" mixed
	read_news image "$1"
	is "${#LOG[@]}" 1 "$1 sees one change and no other"
	is "$(seen_twice image "$1")" "" "$1 sees no generation that it saw before"
	isnt "$(userns_of "$PID")" "$(userns_of 1)" "$1 has a user namespace of its own again"
	is "$(state_of "$PID" 40)" "outdated=1 tracked=1" "its tracked file is outdated and tracked"
	is "$(state_of "$PID" 41)" "outdated=1 tracked=0" "its other file is outdated and not tracked"
	container_kill "$1"
}

TOOL=/sysgenid/build/tools/sysgenid

# The highest number that the system has ever drawn.
highest()
{
	"$TOOL" status | sed -n 's/^highest: *//p'
}

# restore_raised IMAGE NAME
restore_raised()
{
	restore "$1" "$2" --external 'mnt[node]:/dev/sysgenid' --external 'mnt[null]:/dev/null'
}

# The container's root raises the container's own counter as far as it likes. The system's does not
# follow that. The control is an image without the system's mark, as plugins before 0.2.0 made it.
check_raised()
{
	local before min

	ok "a container starts, whose root raises its counter" start raised mixed
	pid_of raised
	before=$(highest)
	min=$((before + 16777215))
	ok "by 16,777,215 at once" nsenter --target "$PID" --user --pid --mount "$SUBJECT" trigger "$min"
	ok "which its process sees" wait_for 30 all_see raised mixed
	ok "it is dumped" dump raised raised-image --external 'mnt[/dev/sysgenid]:node' \
		--external 'mnt[/dev/null]:null'
	like "$(tests/cr/image-edit show "$CR_DIR/raised-image/sysgenid.img")" "system_mark: $before" \
		"the image has the system's mark beside that of all"
	ok "it is restored" restore_raised raised-image raised-again
	pid_of raised-again
	ok "its own counter is above what it saw" test "$(attribute_in raised-again generation)" -gt "$min"
	ok "the system's is not far above what it was" test "$(highest)" -le $((before + 1024))
	container_kill raised-again
	tests/cr/image-edit drop "$CR_DIR/raised-image/sysgenid.img" system_mark
	ok "control: without the system's mark it is restored, too" restore_raised raised-image raised-old
	ok "control: and takes the system's counter along" test "$(highest)" -gt "$min"
	container_kill raised-old
}

fresh_module
install_plugin
with_plugin
ok "a container with a user namespace of its own starts" start mixed mixed
trigger
ok "its process sees a generation" wait_for 30 all_see mixed mixed
ok "it is dumped" dump mixed image --external 'mnt[/dev/sysgenid]:node' --external 'mnt[/dev/null]:null'
mapfile -t LOG <"$CR_DIR/image.log"
generations_in "${LOG[@]}"
check_clone a
check_clone b
check_raised
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
