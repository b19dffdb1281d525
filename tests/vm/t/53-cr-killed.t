#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# criu is killed in the middle of a dump or a restore: nobody runs on an old generation, nothing of ours is left behind,
# and the next one works. Once with the counter as the device, once in a file.
# vm: qemu-arg=-device qemu-arg=virtio-rng-pci timeout=240 suites=bookworm,trixie
set -uo pipefail
. tests/cr/lib.sh

REGISTRY=/run/sysgenid/containers
COUNTER=$REGISTRY/origin/counter
FUTEX=202
OPTIONS=() # of each restore

# What criu runs at each stage, as its own child.
make_killer()
{
	cat >"$CR_DIR/killer" <<-'END'
		#!/bin/sh
		[ "$CRTOOLS_SCRIPT_ACTION" != "$KILL_AT" ] || kill -9 "$PPID"
	END
	chmod 755 "$CR_DIR/killer"
}

# killed_restore STAGE IMAGE NAME: restores with a criu that is killed at that stage
killed_restore()
{
	local status=0

	KILL_AT=$1 restore "$2" "$3" --action-script "$CR_DIR/killer" "${OPTIONS[@]}" >/dev/null 2>&1 || status=$?
	is "$status" 137 "$WHAT: criu is killed at $1"
}

# criu is killed after the plugin has added to sysgenid.img, and before the header tells of the addition.
killed_dump()
(
	criu()
	{
		strace -qq -o /dev/null -P "$CR_DIR/image/sysgenid.img" -e trace=pwrite64 -e inject=pwrite64:signal=KILL:when=2 criu "$@"
	}
	dump "$@" >/dev/null 2>&1
)

is_longer()
{
	(($(stat -c %s "$1") > 20 + $(od -An -tu4 -j12 -N4 "$1")))
}

# Do all threads of half restored processes still wait for criu, which was killed?
all_wait()
{
	local found='' path task call _

	for path in $(half_restored); do
		for task in "${path%/ns/pid}"/task/*; do
			read -r call _ <"$task/syscall" && [[ $call == "$FUTEX" ]] || return 1
			found=yes
		done
	done
	[[ -n $found ]]
}

kill_half_restored()
{
	local path pid

	for path in $(half_restored); do
		pid=${path#/proc/}
		kill -9 "${pid%%/*}" 2>/dev/null
	done
	wait_for 20 nobody_is_left
}

# What a restore could leave on this machine.
remains()
{
	find /run/sysgenid 2>/dev/null | sort
	[[ ! -e $SYSFS/domains ]] || echo "$(<"$SYSFS/domains") domains"
}

# half STAGE: criu is killed before it lets the tasks go
half()
{
	killed_restore "$1" image half
	ok "$WHAT: what there is of the copy waits, and nobody is left to let it go" wait_for 20 all_wait
	ok "$WHAT: it can be killed" kill_half_restored
	umount -l "$CR_DIR/half.root" 2>/dev/null
}

# on_new NAME: the clone runs, and has seen new generations only since the restore began
on_new()
{
	ok "$WHAT: it sees a new generation" wait_for 30 clone_sees "$1"
	is "$(seen_twice image "$1")$(looks_after image "$1")" "" "$WHAT: and has never looked at an old one"
}

# clone_sees NAME [IMAGE]
clone_sees()
{
	read_news "${2-image}" "$1" && ((${#LOG[@]}))
}

# check_killed OPTION...: "origin" runs; OPTIONs are those of its dump
check_killed()
{
	local before stage

	not_ok "$WHAT: criu is killed while it dumps" killed_dump origin image "$@"
	ok "$WHAT: ... when sysgenid.img was longer than it says, which no restore takes" is_longer "$CR_DIR/image/sysgenid.img"
	ok "$WHAT: the process goes on" let_see
	ok "$WHAT: the next dump works, into the same folder" dump origin image "$@"
	SEEN=()
	generations_in "${LOG[@]}"
	before=$(remains)
	for stage in post-setup-namespaces post-restore; do
		half "$stage"
	done
	is "$(remains)" "$before" "$WHAT: nothing of ours is left of them"
	killed_restore pre-resume image late
	on_new late
	container_kill late
	ok "$WHAT: the next restore works" restore image next "${OPTIONS[@]}"
	on_new next
	container_kill next
	is "$(remains)" "$before" "$WHAT: nothing of ours is left in the end"
}

# The process sees another generation, now.
let_see()
{
	if [[ $WHAT == file ]]; then
		"$SUBJECT" page "$COUNTER" 8
		wait_for 30 log_has origin '^mapping sees 8 '
	else
		trigger
		wait_for 30 all_see origin mapping
	fi
}

# The control without the plugin: a clone that goes on without criu is on the old generation.
check_control()
{
	with_silent_plugin
	ok "control: dumped with a plugin that does nothing" dump origin bare --leave-running
	killed_restore pre-resume bare control
	trigger
	ok "control: the copy sees what comes later" wait_for 30 clone_sees control bare
	isnt "$(looks_after bare control)" "" "control: until then it runs on the old generation"
	container_kill control
	with_plugin
}

make_killer
install_plugin
with_plugin
fresh_module
WHAT='device'
ok "$WHAT: a container starts" subject_start origin mapping
check_control
check_killed
ok "the module can be unloaded: nothing keeps it" unload_module

WHAT='file'
mkdir -p "${COUNTER%/*}"
"$SUBJECT" page "$COUNTER" 7 >/dev/null
OPTIONS=(--external "mnt[counter]:$COUNTER")
export CONTAINER_COUNTER=$COUNTER
ok "$WHAT: a container starts" subject_start origin mapping
check_killed --external 'mnt[/dev/sysgenid]:counter'
is "$("$SUBJECT" page "$COUNTER")" 10 "$WHAT: it was moved by the two restores that got as far as that, and by no other"
rm -r "$REGISTRY"
done_testing
