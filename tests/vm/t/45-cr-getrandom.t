#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Plain getrandom and what Python makes of it, on the machine of the dump, within seconds of it:
# clones draw the same numbers without the plugin and never with it. On backports they do not without it either: criu 4.2
# and newer brings droppable memory, where libc keeps its state, back empty. The controls check that there.
# vm: suites=trixie,backports timeout=300
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
	control "$name-1" "$name-2" "$name"
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
	control pre-1 pre-2 "pre-dump"
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

# What criu does with the memory by itself, with no plugin.
check_memory()
{
	local expected=none

	! criu_is_at_least 4.2 || expected=0
	ok "memory: a process starts" subject_start memory draw
	isnt "$(droppable_memory memory)" none "memory: once it has drawn it has droppable memory"
	without_plugin
	ok "memory: it is dumped" dump memory image-memory
	ok "memory: it is restored" restore image-memory memory-1
	is "$(droppable_memory memory-1)" "$expected" \
		"memory: criu before 4.2 brings it back as other memory, and newer criu empty"
	container_kill memory-1
	with_plugin
}

start_and_dump()
{
	subject_start "$1" draw && dump "$1" "$2"
}

# The memory comes later, page by page.
check_lazy()
{
	without_plugin
	for ((try = 1; try <= TRIES; try++)); do
		rm -rf "$CR_DIR/control-lazy"
		start_and_dump lazy control-lazy && lazy_clone control-lazy lazy-1 && lazy_clone control-lazy lazy-2 || break
		[[ -z $(shared lazy-1 lazy-2) ]] || break
	done
	control lazy-1 lazy-2 "lazy pages"
	with_plugin
	ok "lazy pages: a process is dumped" start_and_dump lazy image-lazy
	ok "lazy pages: an image made without the plugin is restored" lazy_clone control-lazy lazy-3
	without_plugin
	ok "lazy pages: one made with it is restored where there is no plugin" lazy_clone image-lazy lazy-4
	ok "lazy pages: and once more" lazy_clone image-lazy lazy-5
	with_plugin
	is "$(drawn_twice lazy-{1,3,4,5})" "" "lazy pages: all other clones draw numbers of their own"
}

# migrated COMMAND: the command chooses the plugin of the dump. The clone draws before that of an image which was made of the
# same state.
migrated()
{
	without_plugin
	rm -rf "$CR_DIR/before"
	subject_start moving draw && dump moving before --leave-running && "$1" &&
		lazy_migration moving without_plugin && draw_clone before stayed
}

check_migration()
{
	for ((try = 1; try <= TRIES; try++)); do
		migrated without_plugin && [[ -n $(shared stayed arrived) ]] && break
	done
	control stayed arrived "migration with lazy pages"
	ok "migration with lazy pages: dumped with the plugin it works" migrated with_plugin
	is "$(shared stayed arrived)" "" "migration with lazy pages: the state of getrandom does not come along"
	with_plugin
}

fresh_module
install_plugin
wait_uptime "$SETTLED"
check single "$SUBJECT" draw
if ! criu_is_at_least 4.2; then
	check threads "$SUBJECT" draw 8
	check python /usr/bin/python3 /sysgenid/tests/cr/draw.py
fi
check_pre_dump
check_memory
check_lazy
check_migration
ok "no process is left" wait_for 30 nobody_is_left
done_testing
