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

install_plugin
no_module
with_plugin
check_moves
check_control
check_copies
ok "no process is left" wait_for 30 nobody_is_left
rm -r "$REGISTRY"
done_testing
