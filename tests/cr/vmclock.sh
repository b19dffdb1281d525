# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Clients of VMClock (vmclock.c) in containers: they answer a signal with what they see and draw.
# usage: . tests/cr/vmclock.sh, after tests/cr/lib.sh

# asked NAME LINES: has the container answered a signal, with so many lines in all?
asked()
{
	signal "$1"
	wait_for 30 has_lines "$1" "$2"
}

has_lines()
{
	read_log "$1" && ((${#LOG[@]} >= $2))
}

# lines NAME REGEX: what the container has said like that, cut to its last word
lines()
{
	read_log "$1" && lines_like "$2" && printf '%s\n' "${MATCHES[@]##* }"
}

# clones NAME SUBJECT: the subject NAME is dumped when it has said 5 lines, and restored as NAME-a and NAME-b, which say two more
clones()
{
	ok "$1: a process with VMClock starts" subject_start "$1" "$2" || return
	ok "$1: it is asked" asked "$1" 3
	ok "$1: and once more" asked "$1" 5
	ok "$1: it is dumped" dump "$1" "image-$1" || return
	for clone in a b; do
		ok "$1: it is restored ($clone)" restore "image-$1" "$1-$clone" || return
		ok "$1: copy $clone is asked" asked "$1-$clone" 7
	done
}

end()
{
	container_kill "$1-a"
	container_kill "$1-b"
}
