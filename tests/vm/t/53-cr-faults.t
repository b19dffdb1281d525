#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The criu plugin calls functions of libc that can fail. The first and the last call from each place fail, one in each dump
# or restore. Then all is as without a fault, or criu fails: the process goes on, and nobody of a copy is left.
# PLACES=N: only N of these, drawn at random. ONLY_FILE=yes: without the module, as tests/faults/plugin.t does it.
# vm: timeout=3000 suites=none more=trixie
set -uo pipefail
. tests/cr/lib.sh

FAULTS=$CR_DIR/faults
ERROR=${ERROR:-5} # EIO
PLACES=${PLACES:-1000}
COUNTER=/run/sysgenid/containers/origin/counter
dump_options=() restore_options=() patience=30

# set_fault PLACE [NUMBER]: for the next criu the NUMBER-th call from there; 0: none
set_fault()
{
	local bytes

	bytes=$(printf '%08x%08x%08x' "$1" "$ERROR" "${2-1}" | sed -E 's/(..)(..)(..)(..)/\\x\4\\x\3\\x\2\\x\1/g')
	rm -f "$FAULTS"
	truncate -s 262192 "$FAULTS"
	# shellcheck disable=SC2059  # the text is all escapes
	printf "$bytes" | dd of="$FAULTS" conv=notrunc status=none
}

# Has the call failed? Sets "what" to its name.
was_hit()
{
	what=$(dd if="$FAULTS" bs=1 skip=16 count=32 status=none | tr -d '\0')
	[[ -n $what ]]
}

# Prints the places of which the last criu made calls, each with 1 for the first of these, and with the number of the last.
places()
{
	od -An -v -tu4 -w4 -j48 -N "$((4 * $(od -An -tu4 -j12 -N4 "$FAULTS")))" "$FAULTS" | sort -n | uniq -c |
		awk '{ print $2, 1; if ($1 > 1) print $2, $1 }' | shuf -n "$PLACES"
}

# Moves the counter that "origin" has, which it sees then.
move()
{
	if [[ -n $with_module ]]; then
		trigger
		wait_for 30 all_see origin mixed
	else
		"$SUBJECT" page "$COUNTER" "$(($("$SUBJECT" page "$COUNTER") + 1))" >/dev/null
		wait_for 30 log_has origin "^mapping sees $("$SUBJECT" page "$COUNTER") "
	fi
}

# The copy of an image has seen something.
copy_sees()
{
	if [[ -n $with_module ]]; then
		clones_see "$1" copy mixed
	else
		read_news "$1" copy && ((${#LOG[@]}))
	fi
}

# What is wrong with the copy "copy" of an image, if anything
judge_copy()
{
	local old

	wait_for "$patience" copy_sees "$1" || { echo "sees no new generation"; return; }
	old=$(seen_twice "$1" copy; looks_after "$1" copy)
	[[ -z $old ]] || echo "was on an old generation: $old"
	pid_of copy
	[[ -z $with_module || $(counter_fds "$PID" | wc -l) == 4 ]] || echo "has other files"
}

# Has criu ended itself on purpose? It does when it cannot come back from another mount namespace, to which it could go.
has_given_up()
{
	((status == 128 + 6)) && [[ $what == setns || $what == fchdir || $what == chroot ]]
}

# What is wrong after a restore with that status
judge_restore()
{
	if ((status == 0)); then
		judge_copy "$1"
		container_kill copy
	elif has_given_up; then
		kill_copy
	elif ((status > 128)); then
		echo "criu ended by signal $((status - 128))"
		kill_copy
	elif ! wait_for 30 nobody_is_left_but_origin; then
		echo "criu failed, and there is still $(half_restored)"
		kill_copy
	fi
	umount -l "$CR_DIR/copy.root" 2>/dev/null
}

kill_copy()
{
	local path pid

	for path in $(half_restored | grep -v "^/proc/$ORIGIN/"); do
		pid=${path#/proc/}
		kill -9 "${pid%%/*}" 2>/dev/null
	done
	wait_for 30 nobody_is_left_but_origin
}

nobody_is_left_but_origin()
{
	[[ -z $(half_restored | grep -v "^/proc/$ORIGIN/") ]]
}

restore_copy()
{
	status=0
	restore "$1" copy "${restore_options[@]}" >/dev/null 2>&1 || status=$?
}

# What is wrong after a dump with that status, which left the process running
judge_dump()
{
	move || echo "the process does not go on"
	((status < 128)) || has_given_up || echo "criu ended by signal $((status - 128))"
	((status == 0)) || return 0
	set_fault 0
	restore_copy faulty
	judge_restore faulty
}

# each WHAT: with the functions run_WHAT and judge_WHAT
each()
{
	local place number what status found bad='' n=0 hits=0 failed=0
	local -a all

	set_fault 0
	"run_$1"
	is "$status" 0 "$1: works without a fault" || return
	mapfile -t all < <(places)
	is "$("judge_$1" "$image")" '' "$1: ... and is right"
	for place in "${all[@]}"; do
		number=${place#* } place=${place% *}
		((n++))
		set_fault "$place" "$number"
		"run_$1"
		! was_hit || ((hits++, status && failed++))
		found=$("judge_$1" "$image")
		[[ -z $found ]] || bad+="$what at $(printf 0x%x "$place"), call $number, status $status: $found"$'\n'
		[[ -z $found ]] || diag "$what at $(printf 0x%x "$place"), call $number, status $status: $found"
	done
	is "$bad" '' "$1: each call fails once"
	diag "$1: $n calls, $hits failed, and that ended $failed"
	ok "$1: ... some of which end it" test "$failed" -gt 0
}

run_dump()
{
	status=0
	rm -rf "$CR_DIR/faulty"
	dump origin faulty --leave-running "${dump_options[@]}" >/dev/null 2>&1 || status=$?
}

run_restore()
{
	restore_copy image
}

# Dumped and restored by a plugin that does nothing, the copy is one with which something is wrong.
control()
{
	with_silent_plugin
	patience=3
	ok "control: it is dumped by a plugin that does nothing" dump origin bare --leave-running "${dump_options[@]}"
	restore_copy bare
	is "$status $(judge_restore bare)" "0 sees no new generation" "control: what is wrong with a copy is found"
	patience=30
	with_plugin
}

# check NAME SUBJECT
check()
{
	local image=''

	SEEN=()
	set_fault 0
	ok "$1: a container starts" subject_start origin "$2"
	ORIGIN=$(container_pid origin)
	ok "$1: it sees a generation" move
	ok "$1: it is dumped" dump origin image --leave-running "${dump_options[@]}"
	# ok has a shell of its own.
	read_log origin && generations_in "${LOG[@]}"
	ok "$1: what the copies must not see is known" test "${#SEEN[@]}" -ge 1
	control
	each dump
	image=image
	each restore
	container_kill origin
	ok "$1: no process is left" wait_for 30 nobody_is_left
}

install -D -m 755 build/tests/faults/plugin/sysgenid_plugin.so /usr/lib/criu/sysgenid_plugin.so
with_plugin
export SYSGENID_FAULTS=$FAULTS
if [[ -z ${ONLY_FILE-} ]]; then
	with_module=yes
	fresh_module
	check "the device" mixed
	ok "the module can be unloaded: nothing keeps it" unload_module
fi
with_module=''
mkdir -p "${COUNTER%/*}"
"$SUBJECT" page "$COUNTER" 7 >/dev/null
dump_options=(--external 'mnt[/dev/sysgenid]:counter') restore_options=(--external "mnt[counter]:$COUNTER")
export CONTAINER_COUNTER=$COUNTER
check "a file" mapping
rm -r "${COUNTER%/*}"
done_testing
