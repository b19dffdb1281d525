#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A container that is restored has a PID namespace and so a generation of its own: nobody else on
# the machine is woken or sees another number, whatever the image says.
# vm: qemu-arg=-device qemu-arg=virtio-rng-pci suites=bookworm,trixie
set -uo pipefail
# Containers see this folder, too.
CR_DIR=/root/bystanders
mkdir -p "$CR_DIR"
. tests/cr/lib.sh
. tests/cr/crowd.sh

clone()
{
	ok "$1 is restored" restore "$2" "$1" || return
	ok "$1 sees the new generation" wait_for 30 clones_see "$2" "$1" "$3"
	is "$(seen_twice "$2" "$1")" "" "$1 sees no generation that it saw before"
	undisturbed "$1"
}

remember()
{
	SEEN=()
	mapfile -t LOG <"$CR_DIR/$1.log"
	generations_in "${LOG[@]}"
}

# The mark comes from the image, and an image can be forged.
check_hostile()
{
	cp -a "$CR_DIR/image" "$CR_DIR/hostile"
	cp "$CR_DIR/image.log" "$CR_DIR/hostile.log"
	tests/cr/image-edit set "$CR_DIR/hostile/sysgenid.img" mark=4294967293
	clone hostile hostile mixed
	is "$(attribute_in hostile generation)" 4294967294 \
		"a mark of 2^32 - 3 is followed where it harms nobody else"
	ok "a container that starts after that has nothing of it" subject_start after mapping
	# The system's highest number follows a container's for 1024 numbers.
	ok "... its generation is a small number" test "$(attribute_in after generation)" -lt 2000
	container_kill hostile
	container_kill after
}

# An image that says nothing of PID namespaces, as those of version 1: the system's generation moves.
check_system_wide()
{
	cp -a "$CR_DIR/image" "$CR_DIR/old"
	cp "$CR_DIR/image.log" "$CR_DIR/old.log"
	tests/cr/image-edit set "$CR_DIR/old/sysgenid.img" own_pid_namespace=false other_pid_namespace=false
	ok "control: an image without a PID namespace of its own is restored" restore old old
	ok "control: all of the crowd are woken and see another generation" \
		wait_for 60 crowd_says "$CROWD of $CROWD: $CROWD woken, $CROWD changed"
	ok "control: the system's generation moves" test "$(generation)" -gt "$BEFORE"
	container_kill old
}

# sees_sysfs NAME COMMAND: a container with a sysfs is dumped and restored; "before" is the system's generation
sees_sysfs()
{
	ok "$1: a container starts" command_start "$1" bash -c "mount -t sysfs sysfs /sys && $2"
	ok "$1: it is dumped" dump "$1" "$1"
	before=$(generation)
	ok "$1: it is restored" restore "$1" "$1-a"
	container_kill "$1-a"
}

# The virtio-rng driver lets programs map the system's counter.
check_vrng()
{
	local file=/sys/virtio-rng/virtio_rng.0/vm_gen_counter own=$CR_DIR/virtio_rng.0/vm_gen_counter

	mkdir "${own%/*}"
	[[ ! -d /sys/module/virtio_rng ]] || rmmod virtio_rng
	ok "the virtio-rng driver is loaded" insmod /sysgenid/build/kernel/virtio-rng.ko
	sees_sysfs vrng "exec '$SUBJECT' look '$file'"
	ok "vrng: it is the system's generation that moves" test "$(generation)" -gt "$before"
	sees_sysfs open "exec 3<'$file' && exec '$SUBJECT' idle"
	ok "open: it is the system's generation that moves, for a file that is open and not mapped" \
		test "$(generation)" -gt "$before"
	"$SUBJECT" page "$own" 1 >/dev/null
	sees_sysfs named "exec '$SUBJECT' look '$own'"
	is "$(generation)" "$before" "named: a file of its own that is called like that moves nobody else"
	sees_sysfs neither "exec '$SUBJECT' idle"
	is "$(generation)" "$before" "control: neither: a container that has none of them open moves nobody else"
	ok "the driver can be unloaded" rmmod virtio_rng
}

fresh_module
install_plugin
with_plugin
trigger
ok "a container with files and a mapping starts" subject_start mixed mixed
trigger
ok "it sees generations" wait_for 30 all_see mixed mixed
ok "it is dumped" dump mixed image
remember image
start_crowd
for name in a b c; do
	clone "$name" image mixed
done
for name in a b c; do
	pid_of "$name"
	is "$(state_of "$PID" 40)" "outdated=1 tracked=1" "$name runs beside the others, its tracked file outdated"
	container_kill "$name"
done
check_hostile
check_system_wide
check_vrng
end_crowd
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" wait_for 30 unload_module
done_testing
