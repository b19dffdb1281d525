# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034  # for the functions of lib.sh
# Other plugins beside ours: stand-ins that answer as criu's plugins for GPUs do, loaded before ours and after it.
# usage: . tests/cr/plugins.sh, after tests/cr/lib.sh; check_other_plugins without the module, then
# check_other_plugins_module with it

GPU=/sysgenid/build/tests/cr/gpu
BESIDE=$CR_DIR/beside
REFUSED=''
PLUGINS_REGISTRY=/run/sysgenid/containers

# order_plugins FIRST SECOND: makes criu find two plugins in this order. On a tmpfs the order of the directory is the
# order in which the files were made, or its reverse: both are tried.
order_plugins()
{
	local first second

	mountpoint -q "$BESIDE" || { mkdir -p "$BESIDE" && mount -t tmpfs plugins "$BESIDE"; } || return
	for first in "$1" "$2"; do
		second=$1
		[[ $first == "$2" ]] || second=$2
		rm -f "$BESIDE"/*
		cp "$first" "$second" "$BESIDE" || return
		[[ $(ls -U "$BESIDE" | head -n 1) != "${1##*/}" ]] || break
	done
	[[ $(ls -U "$BESIDE") == "${1##*/}"$'\n'"${2##*/}" ]]
}

# load_order IMAGE/LOG: the names of the plugins, in the order in which criu loaded them
load_order()
{
	sed -n 's/.*Plugin "\([a-z_]*\)" (version.*/\1/p' "$CR_DIR/$1" | paste -sd' '
}

plugin_counter()
{
	mkdir -p "$PLUGINS_REGISTRY/$1"
	"$SUBJECT" page "$PLUGINS_REGISTRY/$1/counter" "$2" >/dev/null
}

# Starts a container with a counter file that says 7. The module is not loaded.
start_at_7()
{
	plugin_counter "$1" 7
	CONTAINER_COUNTER=$PLUGINS_REGISTRY/$1/counter subject_start "$1" mapping
}

# restore_at_7 IMAGE NAME: restores into a container whose counter file says 7, too
restore_at_7()
{
	plugin_counter "$2" 7
	restore "$1" "$2" --external "mnt[counter]:$PLUGINS_REGISTRY/$2/counter"
}

says()
{
	"$SUBJECT" page "$PLUGINS_REGISTRY/$1/counter"
}

# Without a GPU, amdgpu fails in its last hook. With criu 4.3 and newer that fails the restore, whether or
# not our plugin is there. Sets REFUSED=amdgpu if this criu does that.
find_refused()
{
	local image=alone twin=alone-twin

	[[ -z $REFUSED ]] || return 0
	mkdir -p "$CR_DIR/amdgpu"
	cp "$GPU/amdgpu_plugin.so" "$CR_DIR/amdgpu"
	CR_OPTIONS=(--libdir "$CR_DIR/amdgpu")
	ok "control: a process without the counter starts" subject_start $image draw
	ok "control: it is dumped with amdgpu alone" dump $image $image || return
	REFUSED=none
	if container_restore $image $twin; then
		container_kill $twin
	else
		REFUSED=amdgpu
		like "$(<"$CR_DIR/$image/restore-$twin.log")" 'Error .*Device hook failed' \
			"control: amdgpu alone: this criu refuses the restore, since the last hook fails"
		umount -l "$CR_DIR/$twin.root" 2>/dev/null || :
	fi
	diag "control: amdgpu alone: refused: $REFUSED"
}

# restored NAME WHO RESTORE...: checks that the restore works, unless criu refuses it because of WHO
restored()
{
	local name=$1 who=$2

	shift 2
	[[ $who == "$REFUSED" ]] || { ok "$name: it is restored" "$@" "$name" "$name-twin"; return; }
	not_ok "$name: it is refused, as without this plugin" "$@" "$name" "$name-twin"
	is "$(grep -c 'Error .*Device hook failed' "$CR_DIR/$name/restore-$name-twin.log")" 1 \
		"$name: by the other plugin"
	is "$(messages "$name/restore-$name-twin.log" | grep Error)" "" "$name: not by this one"
	ok "$name: nothing is left of it" wait_for 30 nobody_is_left
	umount -l "$CR_DIR/$name-twin.root" 2>/dev/null || :
	return 1
}

# file_job NAME ORDER WHO: one dump and one restore with the plugins in CR_OPTIONS: WHO beside ours
file_job()
{
	ok "$1: a container with a file that says 7 starts" start_at_7 "$1"
	ok "$1: it is dumped" dump "$1" "$1" --external 'mnt[/dev/sysgenid]:counter' || return
	is "$(load_order "$1/dump.log")" "$2" "$1: criu has loaded the plugins in this order"
	restored "$1" "$3" restore_at_7
	is "$(says "$1-twin")" 8 "$1: the clone's file says 8"
	[[ $3 == "$REFUSED" ]] || container_kill "$1-twin"
}

# device_job NAME WHO: the same with open files and a mapping of the device
device_job()
{
	ok "$1: a process with files and a mapping starts" subject_start "$1" mixed mixed
	ok "$1: it is dumped" dump "$1" "$1" || return
	read_log "$1"
	SEEN=()
	generations_in "${LOG[@]}"
	restored "$1" "$2" restore || return
	ok "$1: the clone sees a new generation" wait_for 30 clones_see "$1" "$1-twin" mixed
	is "$(seen_twice "$1" "$1-twin")" "" "$1: and none that it saw before"
	container_kill "$1-twin"
}

# The control: the same with the other plugin alone.
check_other_plugins_control()
{
	mkdir -p "$CR_DIR/cuda"
	cp "$GPU/cuda_plugin.so" "$CR_DIR/cuda"
	CR_OPTIONS=(--libdir "$CR_DIR/cuda")
	ok "control: a container with a file that says 7 starts" start_at_7 control
	ok "control: it is dumped with cuda alone" dump control control --external 'mnt[/dev/sysgenid]:counter'
	ok "control: it is restored with cuda alone" restore_at_7 control control-twin
	is "$(says control-twin)" 7 "control: the clone runs on 7"
	container_kill control-twin
}

check_other_plugins()
{
	local stand_in

	check_other_plugins_control
	find_refused
	CR_OPTIONS=(--libdir "$BESIDE")
	for stand_in in cuda amdgpu; do
		ok "$stand_in first" order_plugins "$GPU/${stand_in}_plugin.so" "$PLUGIN"
		file_job "$stand_in-first" "${stand_in}_plugin sysgenid" $stand_in
		ok "$stand_in second" order_plugins "$PLUGIN" "$GPU/${stand_in}_plugin.so"
		file_job "$stand_in-second" "sysgenid ${stand_in}_plugin" $stand_in
	done
	rm -r "$PLUGINS_REGISTRY"
	with_plugin
}

check_other_plugins_module()
{
	local stand_in

	find_refused
	CR_OPTIONS=(--libdir "$BESIDE")
	for stand_in in amdgpu greedy; do
		ok "$stand_in first, with the module" order_plugins "$GPU/${stand_in}_plugin.so" "$PLUGIN"
		device_job "$stand_in-device" "$stand_in"
	done
	with_plugin
	umount "$BESIDE"
}

# criu looks at what an image requires only if there is a plugin folder. When the limit is gone these checks fail, and the
# plugin's README is to be changed.
check_no_plugin_folder()
{
	criu_41_or_newer || return 0
	with_plugin
	ok "a container with a counter file starts" start_at_7 folder
	ok "it is dumped" dump folder folder --external 'mnt[/dev/sysgenid]:counter'
	container_kill folder
	mv /usr/lib/criu "$CR_DIR/criu-plugins"
	mkdir /usr/lib/criu
	not_ok "where the plugin's folder is empty criu refuses the image" restore_at_7 folder refused
	rmdir /usr/lib/criu
	ok "limit: without the folder criu restores it" restore_at_7 folder forgotten
	is "$(says forgotten)" 7 "limit: on the generation that it had"
	container_kill forgotten
	mv "$CR_DIR/criu-plugins" /usr/lib/criu
	ok "with the plugin it is restored" restore_at_7 folder known
	isnt "$(says known)" 7 "on a new generation"
	container_kill known
}
