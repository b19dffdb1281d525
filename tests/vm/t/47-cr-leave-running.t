#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# criu dump --leave-running: the process that goes on notices nothing of the dump, unless the switch
# bump-after-dump is set. "sysgenid await" tells it from a copy, and so do the packages for Python and Node. And a dump in
# two steps.
# vm: timeout=240 suites=bookworm,trixie
set -uo pipefail
. tests/cr/lib.sh
. tests/cr/await.sh

start_sleepers()
{
	ok "$1: starts" subject_start "$1" sleepers
	trigger
	ok "$1: all are asleep" wait_for 30 log_has "$1" '^ready$'
	counter_fd "$1"
	signal "$1"
	ok "$1: the tracked file is up to date" wait_for 30 fdinfo_is "$PID" "$FD" sysgenid-outdated 0
	ok "$1: nobody waits any more" wait_for 30 log_has "$1" '^wait returned 0$'
}

check_default()
{
	local before

	start_sleepers quiet
	before=$(generation)
	ok "a process is dumped and goes on" dump quiet image-quiet --leave-running
	is "$(generation)" "$before" "the generation stays as it is"
	is "$(attribute_in quiet outdated)" 0 "nobody is outdated"
	# The process answers a signal: this shows that it runs, and that it has seen nothing before.
	signal quiet
	ok "the process goes on" wait_for 30 news_has image-quiet quiet '^holder is up to date$'
	read_news image-quiet quiet
	not_ok "no sleeper was woken" lines_like ' (sees|returned) '
	ok "its image is restored" restore image-quiet quiet-a
	ok "the restored one is told" wait_for 30 news_has image-quiet quiet-a '^poll returned 0x1$'
	read_news image-quiet quiet
	not_ok "the one that went on sees nothing of that, either" lines_like ' (sees|returned) '
	container_kill quiet-a
	container_kill quiet
}

check_switch()
{
	local before inside now mark

	switches 'bump-after-dump = yes'
	start_sleepers loud
	before=$(generation)
	inside=$(attribute_in loud generation)
	ok "with bump-after-dump a process is dumped and goes on" dump loud image-loud --leave-running
	is "$(generation)" "$before" "the system's generation stays"
	now=$(attribute_in loud generation)
	is "$now" "$((inside + 1))" "that of the dumped process moves once"
	for who in read child poll epoll; do
		ok "$who of the process that goes on is woken" \
			wait_for 30 news_has image-loud loud "^$who sees $now\$"
	done
	mark=$(tests/cr/image-edit show "$CR_DIR/image-loud/sysgenid.img" | sed -n 's/^mark: //p')
	ok "the image was made before that" test "$mark" -lt "$now"
	container_kill loud
	rm /etc/sysgenid/criu.conf
}

# One call, from before the dump: of the original, which goes on, and of two copies.
check_await()
{
	local name

	ok "sysgenid await and the packages for Python and Node sleep" awaiter_start prepared
	ok "without the switch it is dumped and goes on" dump prepared image-quietly --leave-running
	switches 'bump-after-dump = yes'
	ok "they still sleep" wait_for 30 all_asleep prepared
	ok "with the switch it is dumped and goes on" dump prepared image-prepared --leave-running
	ok "the original: all say resume, and so nothing before" wait_for 30 said image-prepared prepared resume
	for name in first second; do
		ok "the $name copy is restored" restore image-prepared "prepared-$name"
		ok "the $name copy: all say restore" wait_for 30 said image-prepared "prepared-$name" restore
	done
	rm /etc/sysgenid/criu.conf
	is "$(for name in prepared prepared-first prepared-second; do who_in image-prepared "$name"; done | sort -u | wc -l)" 3 \
		"each with an incarnation of its own"
	with_silent_plugin
	ok "control: they sleep" awaiter_start control
	ok "control: it is dumped while nobody moves anything" dump control image-control
	ok "control: it is restored" restore image-control control-first
	ok "control: it runs, and they sleep as if nothing had happened" wait_for 30 all_asleep control-first
	read_news image-control control-first
	is "${LOG[*]}" "" "control: it says nothing"
	with_plugin
	for name in prepared prepared-first prepared-second control-first; do
		container_kill "$name"
	done
}

check_pre_dump()
{
	ok "pre-dump: starts" subject_start pre mixed
	mkdir -p "$CR_DIR/pre"
	pid_of pre
	ok "pre-dump: works while files and a mapping of the counter are there" \
		criu pre-dump -t "$PID" -D "$CR_DIR/pre" -v4 -o dump.log --track-mem
	trigger
	ok "pre-dump: the process goes on and sees a generation" wait_for 30 all_see pre mixed
	ok "pre-dump: the dump that follows works" \
		dump pre image-pre --track-mem --prev-images-dir ../pre
	ok "pre-dump: it is restored" restore image-pre pre-a
	ok "pre-dump: the clone sees the new generation" wait_for 30 clones_see image-pre pre-a mixed
	counter_fd pre-a
	is "$(state_of "$PID" 40)" "outdated=1 tracked=1" "pre-dump: its file is outdated and tracked"
	container_kill pre-a
}

forbid_io_uring
fresh_module
install_plugin
with_plugin
check_default
check_switch
check_await
check_pre_dump
allow_io_uring
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
