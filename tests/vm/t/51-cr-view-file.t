#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# No module: the view as a file in the place of /dev/vmclock0, for a program that knows VMClock and nothing of us. Two
# restores of one dump, each with a file that says what the original had seen. And files that are none, or somebody else's.
# vm: timeout=240 suites=trixie more=bookworm,backports
set -uo pipefail
. tests/cr/lib.sh
. tests/cr/vmclock.sh

REGISTRY=/run/sysgenid/containers
HOOK=build/runtime-hooks/sysgenid-hook
SYSGENID=build/tools/sysgenid
COUNTER=104 # where in the page vm_generation_counter is
SEQ=12

# number NAME: what the view of that name says
number()
{
	od -An -v -tu8 -j$COUNTER -N8 "$REGISTRY/$1/vmclock" | tr -d ' '
}

generation_of()
{
	od -An -v -tu4 -N4 "$REGISTRY/$1/counter" | tr -d ' '
}

# start NAME SUBJECT: a container with a view of its own
start()
{
	"$HOOK" make "$1" && CONTAINER_VIEW=$REGISTRY/$1/vmclock subject_start "$@"
}

checkpoint()
{
	dump "$1" "$2" --external 'mnt[/dev/vmclock0]:view'
}

# restore_with FILE IMAGE NAME
restore_with()
{
	restore "$2" "$3" --external "mnt[view]:$1"
}

# as NAME ORIGINAL: a folder of that name in the registry, with the numbers of another one
as()
{
	mkdir -p "$REGISTRY/$1" && cp -a "$REGISTRY/$2/." "$REGISTRY/$1/"
}

# copies IMAGE: restored as IMAGE-a and IMAGE-b, with files that say what the original's said; and asked
copies()
{
	for copy in a b; do
		as "$1-$copy" "$1"
		ok "$1: it is restored ($copy)" restore_with "$REGISTRY/$1-$copy/vmclock" "$1" "$1-$copy" || return
		ok "$1: copy $copy is asked" asked "$1-$copy" 5
	done
}

# subject NAME: starts, is asked, and is dumped as the image NAME
subject()
{
	ok "$1: a client of VMClock starts with the file" start "$1" vmclock &&
		ok "$1: it is asked" asked "$1" 3 && ok "$1: it is dumped" checkpoint "$1" "$1"
}

check_moves()
{
	local old

	ok "a client of VMClock finds the file as /dev/vmclock0" start moves vmclock
	ok "it draws" asked moves 3
	old=$(lines moves ' sees ')
	is "$old" "$(generation_of moves)" "it sees the generation of the counter file"
	ok "that is moved" "$SYSGENID" trigger --container moves
	ok "it draws again" asked moves 5
	is "$(lines moves ' sees ' | tail -n 1)" "$((old + 1))" "it sees the new generation with its next load"
	is "$(od -An -v -tu4 -j$SEQ -N4 "$REGISTRY/moves/vmclock" | tr -d ' ')" "$((2 * (old + 1)))" \
		"and seq_count is another even number"
	container_kill moves
}

check_control()
{
	without_plugin
	subject control && copies control
	is "$(lines control-a ' sees ' | uniq | wc -l)" 1 "control: without the plugin a copy sees no change"
	is "$(lines control-a '^token' | tail -n 1)" "$(lines control-b '^token' | tail -n 1)" \
		"control: and the copies draw the same token"
	end control
	with_plugin
}

check_copies()
{
	local old

	subject image && copies image || return
	old=$(lines image-a ' sees ' | head -n 1)
	for copy in a b; do
		is "$(lines "image-$copy" ' sees ' | tail -n 1)" "$((old + 1))" "copy $copy sees another number with its first load"
		is "$(generation_of "image-$copy")" "$((old + 1))" "which is the generation of its counter file"
	done
	is "$(number image)" "$old" "the original's file stays"
	isnt "$(lines image-a '^token' | tail -n 1)" "$(lines image-b '^token' | tail -n 1)" "the copies draw different tokens"
	end image
}

# refused IMAGE FILE MESSAGE WHAT [OPTION]...
refused()
{
	not_ok "$4: refused" restore "$1" refused --external "mnt[view]:$2" "${@:5}"
	like "$(messages "$1/restore-refused.log")" "Error .*sysgenid: .*$3" "$4: the message says so"
	ok "$4: nothing is left of it" wait_for 30 nobody_is_left
	umount -l "$CR_DIR/refused.root" 2>/dev/null || :
}

check_hostile()
{
	local view=$REGISTRY/bad/vmclock

	cp -a "$REGISTRY/image/vmclock" /run/foreign
	refused image /run/foreign "had the view .* none of this machine's now" "a file that is not in the registry"
	is "$(od -An -v -tu8 -j$COUNTER -N8 /run/foreign | tr -d ' ')" "$(number image)" "... and it is not touched"
	refused control "$REGISTRY/image/vmclock" "there is no sysgenid.img" "an image that was made without the plugin"
	as bad image
	ln "$view" /run/other
	refused image "$view" "$view, .*second name" "a view with a second name"
	# criu before 4.0 does not ask for each task: the image is made useless.
	if criu_41_or_newer; then
		CONTAINER_VIEW=$view ok "a container with such a view starts" subject_start faulty vmclock
		not_ok "... and is not dumped" checkpoint faulty faulty
		like "$(messages faulty/dump.log)" "$view, which no restore could raise: it has a second name" \
			"... and the message says so"
		container_kill faulty
	fi
	rm /run/other
	printf x | dd of="$view" bs=1 conv=notrunc status=none
	refused image "$view" "a counter's layout" "a view without the magic"
	as bad image
	chmod g+w "$view"
	not_ok "a view that others can write: refused" restore_with "$view" image refused
	not_ok "a device in its place: refused" restore_with /dev/zero image refused
	ok "nothing is left of them" wait_for 30 nobody_is_left
	rm -r "$REGISTRY/bad"
}

# A counter file that is good does not help a program that has something else for the view.
check_both()
{
	"$HOOK" make both
	ok "a container with counter file and view starts" env_start both
	ok "it is dumped" dump both both --external 'mnt[/dev/vmclock0]:view' --external 'mnt[/dev/sysgenid]:counter'
	as both-a both
	refused both /run/foreign "had the view .* none of this machine's now" "a good counter file and another view" \
		--external "mnt[counter]:$REGISTRY/both-a/counter"
	ok "with both it is restored" restore both both-a --external "mnt[view]:$REGISTRY/both-a/vmclock" \
		--external "mnt[counter]:$REGISTRY/both-a/counter"
	container_kill both-a
}

env_start()
{
	CONTAINER_COUNTER=$REGISTRY/$1/counter CONTAINER_VIEW=$REGISTRY/$1/vmclock subject_start "$1" vmclock
}

# Somebody was killed while he raised a view.
check_odd()
{
	as odd image
	printf '\1' | dd of="$REGISTRY/odd/vmclock" bs=1 seek=$SEQ conv=notrunc status=none
	ok "a view whose seq_count is odd: restored" restore_with "$REGISTRY/odd/vmclock" image odd
	ok "the copy is asked" asked odd 5
	is "$(lines odd ' sees ' | tail -n 1)" "$(($(number image) + 1))" "and it sees the new number"
	is "$(($(od -An -v -tu4 -j$SEQ -N4 "$REGISTRY/odd/vmclock") % 2))" 0 "seq_count is even"
	container_kill odd
}

install_plugin
no_module
with_plugin
check_moves
check_control
check_copies
check_hostile
check_both
check_odd
ok "no process is left" wait_for 30 nobody_is_left
rm -r "$REGISTRY"
done_testing
