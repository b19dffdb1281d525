#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Processes that have the counter open: untracked, tracked, shared with a child, opened in every way.
# After a restore each file is outdated and tracked as it was, and shared as it was.
# vm: smp=2 timeout=240 suites=bookworm,trixie,backports
set -uo pipefail
. tests/cr/lib.sh


# Lets the subject see and acknowledge a generation.
let_see()
{
	trigger
	signal "$1" && wait_for 30 log_has "$1" " acknowledged $(attribute_in "$1" generation)\$"
}

# check_clone IMAGE CLONE TRACKED
check_clone()
{
	local expected=ETIME

	(($3)) || expected=0
	ok "$2 is restored" restore "$1" "$2" || return
	counter_fd "$2"
	is "$(state_of "$PID" "$FD")" "outdated=1 tracked=$3" "the file of $2 is outdated and tracked as it was"
	is "$(attribute_in "$2" watchers)" "$3" "$2 counts as a watcher as it did"
	is "$(wait_in "$2" 50)" "$expected" "WAIT_WATCHERS waits for $2 only if it is tracked"
	read_news "$1" "$2"
	is "${LOG[*]}" "" "$2 has not acknowledged yet"
	signal "$2"
	ok "$2 reads the new generation and acknowledges it" \
		wait_for 30 news_has "$1" "$2" "acknowledged $(attribute_in "$2" generation)\$"
	is "$(state_of "$PID" "$FD")" "outdated=0 tracked=$3" "$2 is up to date then"
	is "$(wait_in "$2" 30000)" 0 "WAIT_WATCHERS returns then"
	is "$(seen_twice "$1" "$2")" "" "$2 sees no generation that it saw before"
	container_kill "$2"
}

# check_file NAME TRACKED ARGUMENT...
check_file()
{
	local name=$1 tracked=$2

	shift 2
	SEEN=()
	ok "$name: starts" subject_start "$name" file "$@" || return
	ok "$name: sees generations" let_see "$name"
	read_log "$name"
	generations_in "${LOG[@]}"
	ok "$name: is dumped" dump "$name" "image-$name" || return
	check_clone "image-$name" "$name-a" "$tracked"
	check_clone "image-$name" "$name-b" "$tracked"
}

check_control()
{
	with_silent_plugin
	ok "control: starts" subject_start control file tracked
	ok "control: is dumped with a plugin that does nothing" dump control image
	ok "control: is restored" restore image control
	counter_fd control
	is "$(state_of "$PID" "$FD")" "outdated=0 tracked=0" \
		"control: without the plugin the file is up to date and tracked no more"
	is "$(wait_in control 50)" 0 "control: without the plugin nobody waits for the clone"
	container_kill control
	without_plugin
	ok "control: starts again" subject_start control file
	not_ok "control: without a plugin criu refuses the dump" dump control refused
	like "$(<"$CR_DIR/refused/dump.log")" "Can't dump file [0-9]+ of that type" \
		"control: criu says that it cannot dump such a file"
	container_kill control
}

# One open file: the parent has it by open, the child by fork and dup.
check_shared()
{
	local parent child fd

	ok "shared: starts" subject_start shared shared
	ok "shared: is dumped" dump shared image-shared || return
	is "$(tests/cr/image-edit show "$CR_DIR/image-shared/sysgenid.img" | grep -c '^files {')" 1 \
		"shared: the image has the open file once"
	ok "shared: is restored" restore image-shared shared-a || return
	counter_fd shared-a
	parent=$PID fd=$FD
	read -r child _ <"/proc/$parent/task/$parent/children"
	is "$(counter_fds "$child")" 40 "shared: the child has its own number for the file"
	is "$(attribute_in shared-a watchers)" 1 "shared: they count as one watcher"
	is "$("$SUBJECT" kcmp "$parent" "$fd" "$child" 40)" same "shared: it is one open file after the restore"
	is "$(state_of "$parent" "$fd")" "outdated=1 tracked=1" "shared: it is outdated and tracked"
	kill -USR1 "$child"
	ok "shared: the child acknowledges" \
		wait_for 30 news_has image-shared shared-a "^child acknowledged $(attribute_in shared-a generation)\$"
	is "$(state_of "$parent" "$fd")" "outdated=0 tracked=1" "shared: so has the parent"
	is "$(wait_in shared-a 30000)" 0 "shared: nobody waits for it any more"
	kill -USR1 "$parent"
	ok "shared: the parent sees that it is up to date" \
		wait_for 30 news_has image-shared shared-a "^parent is up to date\$"
	container_kill shared-a
}

# flags_of PID: "FD flags", a line for each file of the counter
flags_of()
{
	local fd

	for fd in $(counter_fds "$1"); do
		echo "$fd $(fdinfo "$1" "$fd" flags) $(fdinfo "$1" "$fd" sysgenid-tracked)"
	done
}

check_mixed()
{
	local before

	ok "mixed: starts" subject_start mixed mixed
	pid_of mixed
	before=$(flags_of "$PID")
	is "$(wc -l <<<"$before")" 4 "mixed: there are four descriptors"
	ok "mixed: is dumped" dump mixed image-mixed || return
	ok "mixed: is restored" restore image-mixed mixed-a || return
	pid_of mixed-a
	is "$(flags_of "$PID")" "$before" "mixed: all come back with their numbers, flags and tracking"
	ok "mixed: the mapping beside them is live" wait_for 30 clones_see image-mixed mixed-a mixed
	container_kill mixed-a
}

fresh_module
install_plugin
check_control
with_plugin
check_file untracked 0
check_file tracked 1 tracked
check_shared
check_mixed
is "$(cat "$SYSFS/watchers")" 0 "no watcher is left"
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
