# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Turns what comes out of a VM into one TAP stream. Checks are numbered anew, since a test that
# reboots starts over; plans are compared with what really came; skips fail under CI=true.

# usage: tap_start RAW NUMBER-OF-TESTS
tap_start()
{
	tap_raw=$1
	tap_subtests=$(($2 > 1))
	tap_count=0		# checks written at top level
	tap_bad=0		# of these, failed ones
	tap_skip=''		# why the test skipped itself
	sub_name=''		# the test that runs, or ended and is not judged yet
	sub_state=none		# none, running, ended, or rebooting
}

tap_print()
{
	[[ -n $tap_raw ]] || printf '%s\n' "$*"
}

# A check of our own, at top level. usage: tap_check FAILED NAME
tap_check()
{
	local not=''

	tap_count=$((tap_count + 1))
	if (($1)); then
		tap_bad=$((tap_bad + 1))
		not='not '
		[[ -z $tap_raw ]] || printf 'failed: %s\n' "$2" >&2
	fi
	tap_print "${not}ok $tap_count - $2"
}

# Notes that a test begins, or goes on after a reboot.
tap_begin()
{
	if [[ $sub_state != rebooting ]]; then
		tap_judge
		sub_name=$1 sub_total=0 sub_failed=0 sub_problem='' sub_explains=0 tap_skip=''
		((!tap_subtests)) || tap_print "# Subtest: $1"
	fi
	sub_state=running phase_count=0 phase_plan=''
}

tap_indent()
{
	local indent='    '

	((tap_subtests)) || indent=
	tap_print "$indent$*"
}

# Takes a line that a test printed.
tap_line()
{
	local line=$1

	if [[ -n $tap_raw ]]; then
		printf '%s\n' "$line"
		return
	fi
	case $line in
	"ok" | "ok "* | "not ok" | "not ok "*) tap_result "$line" ;;
	1..[0-9]*) tap_plan "$line" ;;
	"Bail out!"*)
		sub_problem=${line#Bail out!}
		sub_problem="bailed out:${sub_problem:- no reason given}"
		tap_indent "# $line"
		;;
	"TAP version"*) ;;
	*) tap_comment "$line" ;;
	esac
}

# Comments after a failed check explain it. prove shows those of subtests to nobody: they go to the top level.
tap_comment()
{
	if ((tap_subtests && sub_explains)); then
		tap_print "# ${1#\# }"
	else
		tap_indent "$1"
	fi
}

tap_result()
{
	local not='' rest=${1#not } number

	[[ $1 == "$rest" ]] || not='not '
	rest=${rest#ok}
	rest=${rest# }
	number=${rest%%[!0-9]*}
	rest=${rest#"$number"}
	# What TAP calls a directive would make prove pass over a failure.
	[[ -z $not ]] || rest=${rest//#/}
	if [[ -z $not && ${rest^^} == *"# SKIP"* && ${CI-} == true ]]; then
		not='not '
		rest="${rest%%#*}(a skip, which fails under CI: ${rest##*# })"
	fi
	phase_count=$((phase_count + 1))
	sub_total=$((sub_total + 1))
	[[ -z $not ]] || sub_failed=$((sub_failed + 1))
	sub_explains=${#not}
	if ((tap_subtests)); then
		tap_indent "${not}ok $sub_total$rest"
		[[ -z $not ]] || tap_print "# $sub_name: not ok $sub_total$rest"
	else
		tap_count=$((tap_count + 1))
		[[ -z $not ]] || tap_bad=$((tap_bad + 1))
		tap_print "${not}ok $tap_count$rest"
	fi
}

tap_plan()
{
	phase_plan=${1#1..}
	phase_plan=${phase_plan%%[!0-9]*}
	if [[ $1 =~ ^1\.\.0[[:space:]]*#[[:space:]]*[Ss][Kk][Ii][Pp]\S*[[:space:]]*(.*) ]]; then
		tap_skip=${BASH_REMATCH[1]:-no reason given}
	fi
}

# Notes that a test ended, for good or for a reboot.
tap_end()
{
	local status=$1

	sub_state=ended
	if [[ -n $sub_problem ]]; then
		:
	elif ((status == 124 || status == 137)); then
		sub_problem="took too long, or was killed"
	elif [[ -n $tap_raw ]]; then
		((status == 0)) || sub_problem="exit status $status"
	elif [[ -z $phase_plan ]]; then
		sub_problem="ended without a plan, with status $status"
	elif ((phase_plan != phase_count)); then
		sub_problem="planned $phase_plan checks and made $phase_count"
	elif ((status && !sub_failed)); then
		sub_problem="exit status $status"
	fi
}

tap_reboot()
{
	sub_state=rebooting
}

# Writes the verdict on the test that ended last.
tap_judge()
{
	[[ $sub_state != none ]] || return 0
	sub_state=none
	if [[ -n $tap_skip && ${CI-} == true ]]; then
		sub_problem="skipped, which fails under CI: $tap_skip"
	fi
	[[ -z $sub_problem ]] || tap_skip=
	if ((tap_subtests)); then
		tap_indent "1..$sub_total"
		tap_check "$((sub_failed || ${#sub_problem}))" \
			"$sub_name${sub_problem:+ ($sub_problem)}${tap_skip:+ # SKIP $tap_skip}"
	elif [[ -z $tap_skip ]]; then
		tap_check "$((${#sub_problem} > 0))" \
			"$sub_name runs to its end${sub_problem:+ ($sub_problem)}"
	fi
}

# Counts the VM's end without a verdict as a failure. usage: tap_lost WHY
tap_lost()
{
	case $sub_state in
	running | rebooting) sub_problem=$1 ;;
	*)
		tap_judge
		tap_check 1 "the VM runs to its end ($1)"
		;;
	esac
}

# usage: tap_kernel_log [LINE...]: the lines that should not be there
tap_kernel_log()
{
	local line

	tap_judge
	# If the only test was skipped, prove must show it as skipped, not as passed.
	(($# || tap_subtests)) || [[ -z $tap_skip ]] || return 0
	tap_check "$(($# > 0))" "the kernel log is clean"
	for line; do
		tap_print "# $line"
	done
}

# Writes the plan; true if all is well.
tap_finish()
{
	if ((tap_count == 0)) && [[ -n $tap_skip ]]; then
		tap_print "1..0 # SKIP $tap_skip"
	else
		tap_print "1..$tap_count"
	fi
	((tap_bad == 0))
}
