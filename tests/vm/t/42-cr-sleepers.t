#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Threads that are asleep in read, poll, epoll_wait and WAIT_WATCHERS at the dump: after a restore
# they are woken, and whoever waits for watchers waits for the ones that were tracked.
# vm: smp=2 timeout=240 suites=bookworm,trixie
set -uo pipefail
. tests/cr/lib.sh

# Numbers of system calls.
READ=0 POLL=7 IOCTL=16 EPOLL_WAIT=232

# all_asleep NAME CALL...: is a thread asleep in each of the calls, and the child in read?
all_asleep()
{
	local -A calls=()
	local task call child _

	pid_of "$1"
	shift
	for task in "/proc/$PID/task/"*; do
		read -r call _ <"$task/syscall"
		calls[$call]=yes
	done
	for call; do
		[[ -n ${calls[$call]-} ]] || return 1
	done
	read -r child _ <"/proc/$PID/task/$PID/children"
	read -r call _ <"/proc/$child/syscall"
	[[ $call == "$READ" ]]
}

start()
{
	ok "$1: starts" subject_start "$1" sleepers
	trigger
	ok "$1: has a tracked file that is outdated" wait_for 30 log_has "$1" '^ready$'
	ok "$1: threads and child are asleep in all calls" \
		wait_for 30 all_asleep "$1" "$READ" "$POLL" "$IOCTL" "$EPOLL_WAIT"
}

check_control()
{
	with_silent_plugin
	start control
	ok "control: is dumped with a plugin that does nothing" dump control image
	ok "control: is restored" restore image control
	ok "control: without the plugin WAIT_WATCHERS does not wait for the file that was tracked" \
		wait_for 30 news_has image control '^wait returned 0$'
	ok "control: without the plugin all others go on sleeping" \
		wait_for 30 all_asleep control "$READ" "$POLL" "$EPOLL_WAIT"
	read_news image control
	not_ok "control: without the plugin nobody sees a generation" lines_like ' sees '
	container_kill control
}

# check_clone NAME
check_clone()
{
	local now

	ok "$1 is restored" restore image-sleepers "$1" || return
	now=$(attribute_in "$1" generation)
	for who in read child poll epoll wait; do
		ok "$1: $who is woken and sees the new generation" \
			wait_for 30 news_has image-sleepers "$1" "^$who sees $now\$"
		ok "$1: $who can acknowledge" \
			wait_for 30 news_has image-sleepers "$1" "^$who acknowledged $now\$"
	done
	read_news image-sleepers "$1"
	ok "$1: poll returns with POLLIN" lines_like '^poll returned 0x1$'
	ok "$1: epoll_wait returns the event that was asked for" lines_like '^epoll returned 0x1 for 7$'
	ok "$1: WAIT_WATCHERS returns EINTR, for its own file is outdated" lines_like '^wait returned EINTR$'
	not_ok "$1: WAIT_WATCHERS then waits for the tracked file" lines_like '^wait returned 0$'
	is "$(attribute_in "$1" watchers) $(attribute_in "$1" outdated)" "1 1" "$1: that one is tracked and outdated"
	signal "$1"
	ok "$1: its owner acknowledges" \
		wait_for 30 news_has image-sleepers "$1" "^holder acknowledged $now\$"
	ok "$1: WAIT_WATCHERS returns then" wait_for 30 news_has image-sleepers "$1" '^wait returned 0$'
	container_kill "$1"
}

fresh_module
install_plugin
check_control
with_plugin
start sleepers
ok "sleepers: are dumped" dump sleepers image-sleepers || bail "no image"
check_clone sleepers-a
check_clone sleepers-b
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
