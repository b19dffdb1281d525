# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests of engines: a container in which a client of VMClock ("subject vmclock") has the view in the place of
# /dev/vmclock0. usage: . tests/runtimes/view.sh, after the engine's file, which has "runtime_log NAME": what the
# container's first process has written.

COUNTER='' COPIES='copy-a copy-b'

# said_in NAME REGEX: the last words of the lines of its log that match
said_in()
{
	runtime_log "$1" | grep -E -- "$2" | sed 's/.* //'
}

has_drawn()
{
	(($(said_in "$1" 'token [0-9a-f]+$' | wc -l) >= $2))
}

client_is_ready()
{
	runtime_log "$1" | grep -qE '(^| )ready$'
}

# draw NAME: the client draws; the counter that it sees goes to COUNTER, the token to TOKEN
draw()
{
	local drawn

	drawn=$(said_in "$1" 'token [0-9a-f]+$' | wc -l)
	kill -USR1 "$(runtime_pid "$1")" && wait_for 30 has_drawn "$1" $((drawn + 1)) || return
	COUNTER=$(said_in "$1" ' sees [0-9]+$' | tail -n 1)
	# shellcheck disable=SC2034  # for the caller
	TOKEN=$(said_in "$1" 'token [0-9a-f]+$' | tail -n 1)
}

# copies_of_view NAME IMAGE WHAT [leave-running]: the container is dumped, and restored as each of COPIES at the same time. What
# they have drawn is in SAW and DREW, each with the original's first. The original is gone before unless it is to go on.
copies_of_view()
{
	local copy

	ok "$3: the client is ready" wait_for 30 client_is_ready "$1"
	draw "$1" || diag "$1 draws nothing"
	SAW=("$COUNTER") DREW=("$TOKEN")
	ok "$3: it is dumped" runtime_dump "$1" "$2" ${4:+"$4"} || return
	[[ -n ${4-} ]] || runtime_remove "$1"
	for copy in $COPIES; do
		ok "$3: it is restored as $copy" runtime_restore "$2" "$copy" || return
	done
	for copy in $COPIES; do
		draw "$copy" || diag "$copy draws nothing"
		SAW+=("$COUNTER") DREW+=("$TOKEN")
	done
	# shellcheck disable=SC2086  # names
	runtime_remove $COPIES
}

different()
{
	printf '%s\n' "$@" | sort -u | wc -l
}

# check_view NAME IMAGE WHAT
check_view()
{
	local all

	all=$(wc -w <<<"original $COPIES")
	copies_of_view "$@"
	like "${SAW[*]} ${DREW[*]}" "^([0-9]+ ){$all}([0-9a-f]{16} ?){$all}\$" "$3: original and copies have drawn"
	unlike " ${SAW[*]:1} " " ${SAW[0]} " "$3: all copies see another counter than the original"
	is "$(different "${DREW[@]}")" "$all" "$3: and draw different tokens"
}

# check_view_control NAME IMAGE WHAT [leave-running]
check_view_control()
{
	machine_with_silent_plugin
	copies_of_view "$@"
	machine_with_plugin
	is "$(different "${SAW[@]}")" 1 "$3: control: without the plugin's work nobody sees a change"
	is "$(different "${DREW[@]:1}")" 1 "$3: control: and the copies draw the same token"
	like "${DREW[1]}" '^[0-9a-f]{16}$' "$3: control: which is one"
}
