#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Processes that have the counter mapped and no file of it. Two restores of one dump: each finds a
# generation that it never saw before, with its very first load.
# vm: smp=2 timeout=240 suites=bookworm,trixie,backports
set -uo pipefail
. tests/cr/lib.sh

# Triggers, so that every process sees some generations.
let_see()
{
	trigger
	wait_for 30 all_see "$1" "$2" || return
	trigger
	wait_for 30 all_see "$1" "$2"
}

# check_clone IMAGE CLONE "WHO...": checks a clone after its restore
check_clone()
{
	local who before

	ok "$2 is restored" restore "$1" "$2" || return
	if ! ok "$2 sees the new generation" wait_for 30 clones_see "$1" "$2" "$3"; then
		read_log "$2" && diag "$(print_log)"
		return
	fi
	mapfile -t before <"$CR_DIR/$1.log"
	read_log "$2"
	is "${LOG[*]:0:${#before[@]}}" "${before[*]}" "$2 remembers what it saw before"
	is "$(seen_twice "$1" "$2")" "" "$2 sees no generation that it saw before"
	is "$(looks_after "$1" "$2")" "" "the first load of $2 after the restore sees the new generation"
	read_news "$1" "$2"
	for who in $3; do
		lines_like "^$who "
		is "${#MATCHES[@]}" 1 "$who of $2 sees one change and no other"
	done
	container_kill "$2"
}

# check_subject SUBJECT "WHO..."
check_subject()
{
	SEEN=()
	ok "$1 starts" subject_start "$1" "$1" || return
	ok "$1 sees generations" let_see "$1" "$2"
	ok "$1 is dumped" dump "$1" "image-$1" || return
	generations_in "${LOG[@]}"
	mapfile -t LOG <"$CR_DIR/image-$1.log"
	generations_in "${LOG[@]}"
	check_clone "image-$1" "$1-a" "$2"
	check_clone "image-$1" "$1-b" "$2"
}

# Without a new generation, and with one that comes too late, the same checks must not pass.
check_control()
{
	with_silent_plugin
	ok "control: starts" subject_start control mapping
	ok "control: is dumped with a plugin that does nothing" dump control image
	ok "control: is restored" restore image control
	read_news image control
	is "${LOG[*]}" "" "control: without the plugin the clone sees the old generation"
	ok "control: the generation moves after the restore" trigger
	ok "control: the clone sees it" wait_for 30 all_see control mapping
	isnt "$(looks_after image control)" "" \
		"control: a look at the old generation after the restore does not go unnoticed"
	without_plugin
	not_ok "control: without a plugin criu refuses the dump" dump control refused
	like "$(<"$CR_DIR/refused/dump.log")" "Can't handle non-regular mapping" \
		"control: criu says that it cannot dump such a mapping"
	container_kill control
}

fresh_module
install_plugin
check_control
with_plugin
check_subject mapping mapping
check_subject forked 'mapper heir'
check_subject threads 'first second third'
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
