#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The view in the place of /dev/vmclock0: a program that knows VMClock and nothing of us. Two
# restores of one dump, of one that has the page mapped and of one that has the file open.
# vm: timeout=240 suites=bookworm,trixie,backports
set -uo pipefail
. tests/cr/lib.sh
. tests/cr/nodes.sh
. tests/cr/vmclock.sh
export CONTAINER_VIEW=yes

check_moves()
{
	local old now

	ok "a program in a container finds the view as /dev/vmclock0" subject_start moves vmclock
	ok "it draws" asked moves 3
	old=$(lines moves ' sees ')
	is "$old" "$(attribute_in moves generation)" "the counter is the generation of the container's own domain"
	trigger
	ok "it draws again after an event" asked moves 5
	now=$(lines moves ' sees ' | tail -n 1)
	isnt "$now" "$old" "and sees another counter at once"
	is "$now" "$(attribute_in moves generation)" "which is the new generation"
	container_kill moves
}

check_mapping()
{
	local old

	clones mapped vmclock || return
	old=$(lines mapped-a ' sees ' | head -n 1)
	is "$(lines mapped-a ' sees ' | head -n 2 | uniq)" "$old" "before the dump the counter stays"
	for clone in a b; do
		isnt "$(lines "mapped-$clone" ' sees ' | tail -n 1)" "$old" "copy $clone sees another counter"
		is "$(lines "mapped-$clone" ' sees ' | tail -n 1)" "$(attribute_in "mapped-$clone" generation)" \
			"copy $clone sees the generation of its domain"
	done
	isnt "$(lines mapped-a '^token' | tail -n 1)" "$(lines mapped-b '^token' | tail -n 1)" \
		"the copies draw different tokens"
	end mapped
}

check_control()
{
	with_silent_plugin
	clones control vmclock
	is "$(lines control-a '^token' | tail -n 1)" "$(lines control-b '^token' | tail -n 1)" \
		"control: while nobody moves the counter the copies draw the same token"
	end control
	with_plugin
}

check_file()
{
	clones file vmclock-file || return
	is "$(lines file-a ' polls ' | sed -n 2p)" quiet "before the dump a file that was read is quiet"
	for clone in a b; do
		is "$(lines "file-$clone" ' polls ' | tail -n 1)" changed "the file of copy $clone polls as changed"
		isnt "$(lines "file-$clone" ' sees ' | tail -n 1)" "$(lines "file-$clone" ' sees ' | head -n 1)" \
			"and reads another counter"
	done
	end file
}

check_refused()
{
	local kind

	for kind in mapped file; do
		other_node "image-$kind" "other-$kind" ./vmclock0 10 243
		refused "other-$kind" "$kind: the counter in the view's place" \
			'sysgenid: /dev/vmclock0 is the device 10:243, but the view of the counter is 10:244 here'
	done
	unload_module
	load_module view_minor=250
	refused image-mapped "another minor" 'load the module with view_minor=244, or make the node again'
	unload_module
	refused image-file "no module" 'the module sysgenid is not loaded'
}

fresh_module
install_plugin
with_plugin
check_moves
check_control
check_mapping
check_file
check_refused
ok "no process is left" wait_for 30 nobody_is_left
done_testing
