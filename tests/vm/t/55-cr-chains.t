#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Memory that does not come with the last dump: chains of pre-dumps with --track-mem and --prev-images-dir, and a page server.
# The last dump counts: sysgenid.img is in the folder of that dump only.
# vm: timeout=240 suites=bookworm,trixie,backports
set -uo pipefail
. tests/cr/lib.sh

PORT=27182

# pre_dump NAME IMAGE [OPTION]...
pre_dump()
{
	local status=0

	mkdir -p "$CR_DIR/$2"
	criu pre-dump -t "$(container_pid "$1")" -D "$CR_DIR/$2" -v4 -o dump.log --track-mem \
		"${CR_OPTIONS[@]}" "${@:3}" || status=$?
	((status == 0)) || show_log "$2/dump.log"
	return "$status"
}

# chain NAME PREFIX: two pre-dumps and a dump, with the generation moving in between
chain()
{
	pre_dump "$1" "$2-1" && inner_event "$1" &&
		pre_dump "$1" "$2-2" --prev-images-dir "../$2-1" && inner_event "$1" &&
		dump "$1" "$2" --track-mem --prev-images-dir "../$2-2"
}

# A process inside makes the event. The control has no event: its clone's counter begins anew, at the number that the program has seen.
inner_event()
{
	[[ $1 != c-* ]] || return 0
	pid_of "$1" && nsenter -t "$PID" -p "$SUBJECT" trigger && wait_for 30 all_see "$1" mixed
}

serve_pages()
{
	mkdir -p "$CR_DIR/$1"
	criu page-server -d -D "$CR_DIR/$1" -v4 -o page-server.log --address 127.0.0.1 --port "$PORT" \
		--pidfile "$CR_DIR/$1/server.pid" "${@:2}"
}

# paged_dump NAME IMAGE: a page server writes the memory to another folder. Both folders are put together afterwards.
paged_dump()
{
	serve_pages "$2-pages" && dump "$1" "$2" --page-server --address 127.0.0.1 --port "$PORT" &&
		wait_for 30 compgen -G "$CR_DIR/$2-pages/pages-*.img" &&
		[[ ! -e $CR_DIR/$2-pages/sysgenid.img && -z $(compgen -G "$CR_DIR/$2/pages-*.img") ]] &&
		cp "$CR_DIR/$2-pages"/*.img "$CR_DIR/$2/"
}

# check_control HOW
check_control()
{
	with_silent_plugin
	ok "$1: control: starts" subject_start "c-$1" mixed
	ok "$1: control: is dumped with a plugin that does nothing" "$1" "c-$1" "control-$1"
	ok "$1: control: is restored" restore "control-$1" "c-$1"
	read_news "control-$1" "c-$1"
	is "${LOG[*]}" "" "$1: control: without the plugin the clone sees the old generation"
	container_kill "c-$1"
}

# check_clone HOW NAME
check_clone()
{
	ok "$1: $2 is restored" restore "$1" "$2" || return
	ok "$1: $2 sees the new generation" wait_for 30 clones_see "$1" "$2" mixed
	read_news "$1" "$2"
	is "${#LOG[@]}" 1 "$1: $2 sees one change and no other"
	is "$(seen_twice "$1" "$2")" "" "$1: $2 sees no generation that it saw before"
	is "$(looks_after "$1" "$2")" "" "$1: the first load of $2 after the restore sees it"
	is "$(state_of "$PID" 40)" "outdated=1 tracked=1" "$1: $2: its tracked file is outdated and tracked"
	container_kill "$2"
}

# check HOW
check()
{
	check_control "$1"
	with_plugin
	ok "$1: starts" subject_start "$1" mixed
	ok "$1: is dumped" "$1" "$1" "$1"
	SEEN=()
	mapfile -t LOG <"$CR_DIR/$1.log"
	generations_in "${LOG[@]}"
	check_clone "$1" "$1-a"
	check_clone "$1" "$1-b"
}

fresh_module
install_plugin
check chain
ok "chain: a pre-dump writes no sysgenid.img" test ! -e "$CR_DIR/chain-1/sysgenid.img" -a \
	! -e "$CR_DIR/chain-2/sysgenid.img"
check paged_dump
switches 'bump-after-dump = yes'
ok "a container starts" subject_start bumped mixed
before=$(attribute_in bumped generation)
ok "bump-after-dump: a pre-dump works" pre_dump bumped bumped-1
is "$(generation)" 0 "bump-after-dump: a pre-dump moves no generation of the machine"
is "$(attribute_in bumped generation)" "$before" "nor that of the container: it is not what is restored"
container_kill bumped
ok "no process is left" wait_for 30 nobody_is_left
done_testing
