#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One image restored many times, two clones at the same time, and after a reboot that has set the
# counter back to 0 and taken the counter files away: every clone sees a generation that is not of its past, and nobody
# else does.
# vm: smp=2 timeout=240
set -uo pipefail
CR_DIR=/root/again
mkdir -p "$CR_DIR"
. tests/cr/lib.sh

HIGH=5000
HOOK=build/runtime-hooks/sysgenid-hook
# The node's counter file, far above where a new one begins.
COUNTER=/run/sysgenid/containers/node/counter
FILE_HIGH=2000000000

# restore_once NAME: SEEN has what the subject saw before its dump
restore_once()
{
	ok "$1 is restored" restore image "$1"
	ok "$1 sees the new generation" wait_for 30 clones_see image "$1" mapping
	is "$(seen_twice image "$1")" "" "$1 sees no generation of its past"
	read_news image "$1"
	is "${#LOG[@]}" 1 "$1 sees one change and no other"
}

mark()
{
	tests/cr/image-edit show "$CR_DIR/image/sysgenid.img" | sed -n 's/^mark: //p'
}

first_boot()
{
	local before

	# Trigger before the container starts: its domain begins above the system's number, and then moves with the system.
	trigger "$HIGH"
	ok "starts" subject_start again mapping
	trigger
	ok "sees a high generation" wait_for 30 all_see again mapping
	ok "is dumped" dump again image
	ok "the image holds the mark of its own counter" test "$(mark)" -ge "$(highest_seen)"
	mapfile -t LOG <"$CR_DIR/image.log"
	generations_in "${LOG[@]}"
	is "${#SEEN[@]}" 2 "it saw two generations before the dump"
	before=$(generation)
	for i in 1 2 3 4 5 6 7 8; do
		restore_once "clone-$i"
		container_kill "clone-$i"
	done
	restore_once clone-9
	restore_once clone-10
	read_news image clone-9
	is "${#LOG[@]}" 1 "of two clones at the same time the first one sees nothing of the second one's restore"
	container_kill clone-9
	container_kill clone-10
	is "$(generation)" "$before" "the system's own generation has not moved for any of them"
}

restore_file()
{
	restore file "$1" --external "mnt[counter]:$COUNTER"
}

file_first_boot()
{
	ok "file: the node's counter is made" "$HOOK" make node
	"$SUBJECT" page "$COUNTER" "$FILE_HIGH" >/dev/null
	CONTAINER_COUNTER=$COUNTER ok "file: a container starts" subject_start file mapping
	ok "file: it is dumped" dump file file --external 'mnt[/dev/sysgenid]:counter'
}

file_second_boot()
{
	not_ok "file: without the file there is no restore" restore_file file
	umount -l "$CR_DIR/file.root"
	ok "file: the node's counter is made again, as at each boot" "$HOOK" make node
	ok "control: it is below what the container saw before" test "$("$SUBJECT" page "$COUNTER")" -lt "$FILE_HIGH"
	ok "file: after a reboot the container is restored" restore_file file
	is "$("$SUBJECT" page "$COUNTER")" "$((FILE_HIGH + 1))" "file: it is above the image's mark then"
	ok "file: the container sees that" wait_for 30 news_has file file "^mapping sees $((FILE_HIGH + 1)) "
	is "$(looks_after file file)" "" "file: it looked at nothing before that"
	container_kill file
}

# The highest generation that the subject wrote down before its dump.
highest_seen()
{
	mapfile -t LOG <"$CR_DIR/image.log"
	SEEN=()
	generations_in "${LOG[@]}"
	printf '%s\n' "${SEEN[@]}" | sort -n | tail -n 1
}

# The control: without the mark a clone would find itself below what it saw before.
second_boot()
{
	is "$(generation)" 0 "the counter starts at 0 after a reboot"
	cp -a "$CR_DIR/image" "$CR_DIR/markless"
	cp "$CR_DIR/image.log" "$CR_DIR/markless.log"
	tests/cr/image-edit marks "$CR_DIR/markless/sysgenid.img" 0
	ok "control: an image that says it was made at generation 0 is restored" restore markless markless
	ok "control: it sees a generation" wait_for 30 clones_see markless markless mapping
	ok "control: without the mark that is below the ones it saw before" \
		test "$(attribute_in markless generation)" -lt "$HIGH"
	container_kill markless
	SEEN=()
	mapfile -t LOG <"$CR_DIR/image.log"
	generations_in "${LOG[@]}"
	restore_once clone-11
	ok "after a reboot the generation is above the mark of the image" \
		test "$(attribute_in clone-11 generation)" -gt "$(mark)"
	container_kill clone-11
	restore_once clone-12
	container_kill clone-12
	is "$(generation)" 0 "the system's own generation has not moved"
}

fresh_module
install_plugin
with_plugin
SEEN=()
if [[ $VM_PHASE == 1 ]]; then
	first_boot
	file_first_boot
	vm_reboot 2
fi
second_boot
file_second_boot
ok "no process is left" wait_for 30 nobody_is_left
done_testing
