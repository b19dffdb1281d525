#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Images that criu streams: "criu --stream" writes no file itself. sysgenid.img does not go through the stream but into the
# image folder, and has to be copied along; a restore without it is refused.
# vm: timeout=240
set -uo pipefail
. tests/cr/lib.sh

# streamer MODE IMAGE STREAM: starts the streamer, and waits for its socket
streamer()
{
	local folder=$CR_DIR/$2

	mkdir -p "$folder" && rm -f "$folder/streamer-$1.sock"
	tests/cr/streamer "$1" "$folder" "$CR_DIR/$3" >"$CR_DIR/streamer.out" 2>&1 &
	STREAMER=$!
	wait_for 30 test -S "$folder/streamer-$1.sock"
}

streamer_ends()
{
	wait "$STREAMER" && return
	cat "$CR_DIR/streamer.out"
	return 1
}

# stream_dump NAME IMAGE STREAM
stream_dump()
{
	streamer capture "$2" "$3" && dump "$1" "$2" --stream && streamer_ends
}

# stream_restore IMAGE NAME STREAM
stream_restore()
{
	streamer serve "$1" "$3" && restore "$1" "$2" --stream && streamer_ends
}

# copied IMAGE OTHER [FILE...]: copies these files of an image to another folder, as to another machine
copied()
{
	rm -rf "${CR_DIR:?}/$2"
	mkdir "$CR_DIR/$2" && cp "$CR_DIR/$1.log" "$CR_DIR/$2.log" || return
	(($# == 2)) || (cd "$CR_DIR/$1" && cp "${@:3}" "$CR_DIR/$2/")
}

check_control()
{
	with_silent_plugin
	ok "control: starts" subject_start control mapping
	ok "control: is dumped to a stream with a plugin that does nothing" stream_dump control control stream-c
	ok "control: there are images in the stream and none in the folder" \
		test -s "$CR_DIR/stream-c/inventory.img" -a ! -e "$CR_DIR/control/inventory.img"
	ok "control: is restored from the stream" stream_restore control control stream-c
	read_news control control
	is "${LOG[*]}" "" "control: without the plugin the clone sees the old generation"
	container_kill control
}

# check_clone NAME
check_clone()
{
	copied image "$1" sysgenid.img
	ok "$1: is restored from the stream, with sysgenid.img copied along" stream_restore "$1" "$1" stream ||
		return
	ok "$1: sees the new generation" wait_for 30 clones_see "$1" "$1" mapping
	is "$(seen_twice "$1" "$1")" "" "$1: sees no generation that it saw before"
	is "$(looks_after "$1" "$1")" "" "$1: its first load after the restore sees it"
	container_kill "$1"
}

check_not_copied()
{
	copied image bare
	not_ok "without sysgenid.img a restore is refused" stream_restore bare bare stream
	like "$(messages "bare/restore-bare.log")" "Error.*sysgenid.img.*copy" "and the log says what to copy"
	umount -l "$CR_DIR/bare.root"
}

fresh_module
install_plugin
check_control
with_plugin
ok "mapping: starts" subject_start mapping mapping
ok "mapping: is dumped to a stream" stream_dump mapping image stream
ok "sysgenid.img is in the image folder" test -s "$CR_DIR/image/sysgenid.img"
ok "and not in the stream" test ! -e "$CR_DIR/stream/sysgenid.img"
mapfile -t LOG <"$CR_DIR/image.log"
generations_in "${LOG[@]}"
check_clone a
check_clone b
check_not_copied
ok "no process is left" wait_for 30 nobody_is_left
done_testing
