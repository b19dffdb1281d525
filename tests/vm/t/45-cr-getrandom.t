#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Plain getrandom and what Python makes of it, on the machine of the dump, within seconds of it:
# clones draw the same numbers without the plugin and never with it. Not on backports: criu 4.2 and newer
# does not dump droppable memory, so the controls find nothing there (seen with criu 4.3).
# vm: suites=trixie timeout=240
set -uo pipefail
. tests/cr/random.sh

# usage: check NAME COMMAND...
check()
{
	local name=$1 try

	shift
	without_plugin
	for ((try = 1; try <= TRIES; try++)); do
		# The kernel may reseed in between, and then the clones differ by chance.
		rm -rf "$CR_DIR/control-$name"
		command_start "$name" "$@" && dump "$name" "control-$name" &&
			draw_clone "control-$name" "$name-1" && draw_clone "control-$name" "$name-2" || break
		[[ -z $(shared "$name-1" "$name-2") ]] || break
	done
	isnt "$(shared "$name-1" "$name-2")" "" "control: $name: without the plugin two clones draw the same numbers"
	with_plugin
	ok "$name: an image made without the plugin is restored" draw_clone "control-$name" "$name-3"
	ok "$name: and once more" draw_clone "control-$name" "$name-4"
	ok "$name: starts" command_start "$name" "$@"
	ok "$name: is dumped" dump "$name" "image-$name"
	# First without the reseeds that the plugin makes at restore.
	without_plugin
	ok "$name: is restored where there is no plugin" draw_clone "image-$name" "$name-5"
	ok "$name: and once more" draw_clone "image-$name" "$name-6"
	with_plugin
	ok "$name: is restored" draw_clone "image-$name" "$name-7"
	ok "$name: is restored again" draw_clone "image-$name" "$name-8"
	is "$(drawn_twice "$name-"{1,3,4,5,6,7,8})" "" "$name: all other clones draw numbers of their own"
}

# The memory of a pre-dump is dumped before our hook runs, but for a later dump it is dirty.
check_pre_dump()
{
	local options=(--track-mem --prev-images-dir ../pre)

	without_plugin
	for ((try = 1; try <= TRIES; try++)); do
		rm -rf "$CR_DIR/pre" "$CR_DIR/final"
		pre_dump_twice && [[ -n $(shared pre-1 pre-2) ]] && break
	done
	isnt "$(shared pre-1 pre-2)" "" "control: pre-dump: without the plugin two clones draw the same numbers"
	rm -rf "$CR_DIR/pre" "$CR_DIR/final"
	with_plugin
	ok "pre-dump: with the plugin pre-dump and dump work" pre_dump
	without_plugin
	ok "pre-dump: is restored where there is no plugin" draw_clone final pre-3
	ok "pre-dump: and once more" draw_clone final pre-4
	with_plugin
	ok "pre-dump: is restored with the plugin" draw_clone final pre-5
	is "$(drawn_twice pre-{1,3,4,5})" "" \
		"pre-dump: no state of getrandom comes back with the memory of the pre-dump"
}

pre_dump()
{
	subject_start pre draw || return
	mkdir -p "$CR_DIR/pre"
	criu pre-dump -t "$(container_pid pre)" -D "$CR_DIR/pre" -v4 -o dump.log --track-mem \
		"${CR_OPTIONS[@]}" || { show_log pre/dump.log; return 1; }
	dump pre final "${options[@]}"
}

pre_dump_twice()
{
	pre_dump && draw_clone final pre-1 && draw_clone final pre-2
}

fresh_module
install_plugin
wait_uptime "$SETTLED"
check single "$SUBJECT" draw
check threads "$SUBJECT" draw 8
check python /usr/bin/python3 /sysgenid/tests/cr/draw.py
check_pre_dump
ok "no process is left" wait_for 30 nobody_is_left
done_testing
