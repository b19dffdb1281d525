# SPDX-License-Identifier: GPL-2.0-only
# Containers with three programs that wait for their restore: "sysgenid await", and the packages for Python and Node.
# shellcheck shell=bash
# shellcheck disable=SC2154  # of tests/cr/lib.sh

TOOL=/sysgenid/build/tools/sysgenid
# criu cannot dump io_uring, which Debian 13's node uses unless the machine forbids it.
IO_URING=/proc/sys/kernel/io_uring_disabled

forbid_io_uring()
{
	[[ ! -e $IO_URING ]] || echo 2 >"$IO_URING"
}

allow_io_uring()
{
	[[ ! -e $IO_URING ]] || echo 0 >"$IO_URING"
}

# awaiter_start NAME: the packages for Python and Node, and "sysgenid await", before a dump
awaiter_start()
{
	command_start "$1" sh -c "/usr/bin/python3 $PWD/tests/cr/await.py & /usr/bin/node $PWD/tests/cr/await.js & echo waiting
		'$TOOL' await; exec sleep 1000" &&
		wait_for 60 log_has "$1" '^python waits$' && wait_for 60 log_has "$1" '^node waits$' && wait_for 30 all_asleep "$1"
}

# Do all three processes of the container sleep?
all_asleep()
{
	local pid pids

	pid_of "$1"
	read -ra pids <"/proc/$PID/task/$PID/children"
	((${#pids[@]} == 3)) || return
	for pid in "${pids[@]}"; do
		[[ $(<"/proc/$pid/wchan") == *@(poll|nanosleep)* ]] || return
	done
}

# said IMAGE NAME WHAT: do all three say so?
said()
{
	local who

	for who in "" "python: " "node: "; do
		news_has "$1" "$2" "^$who$3 generation [0-9]+ incarnation [0-9a-f]{32}\$" || return
	done
}

# who_in IMAGE NAME: the incarnations that they say
who_in()
{
	read_news "$1" "$2" && print_log | sed 's/.* //'
}
