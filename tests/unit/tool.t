#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The command sysgenid without the kernel module: options, messages, exit statuses.
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
: "${BUILD:=$PWD/build}"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
tool=$BUILD/tools/sysgenid

# Runs the command; the results are in status, $work/out and $work/err.
run()
{
	status=0
	"$tool" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}

# usage: wrong MESSAGE ARGUMENT...: wrong usage, said in one line on stderr
wrong()
{
	local message=$1

	shift
	run "$@"
	is "$status $(wc -l <"$work/err") $(<"$work/out")" "2 1 " \
		"'sysgenid $*' is wrong usage: status 2, one line"
	like "$(<"$work/err")" "^sysgenid: .*$message" "'sysgenid $*' says why"
}

for arguments in --help -h "status --help" "watch -h" "trigger --help" "wait --help" "doctor --help" "inspect --help" "run --help" "quiesce -h" "unquiesce --help"; do
	# shellcheck disable=SC2086  # several arguments
	run $arguments
	is "$status $(<"$work/err")" "0 " "'sysgenid $arguments' ends with status 0"
	like "$(<"$work/out")" "^usage: sysgenid" "'sysgenid $arguments' prints the usage"
done
run --version
is "$status $(<"$work/out")" "0 sysgenid $(<VERSION)" "'sysgenid --version' prints the version"

wrong "no command given: see 'sysgenid --help'"
wrong "unknown command 'frobnicate'" frobnicate
run $'a\nb\e[2J\xff'
is "$status $(<"$work/err")" "2 sysgenid: unknown command 'a\\x0ab\\x1b[2J\\xff': see 'sysgenid --help'" \
	"what is no printable text is escaped, and the message stays one line"
wrong "unknown option '-x': see 'sysgenid status --help'" status -x
wrong "unknown option '-x'" trigger -fx
wrong "wrong option '--bogus'" status --bogus
wrong "--pid and --container are two different counters: give one" trigger --pid 1 --container a
wrong "wrong option '--json=1'" status --json=1
wrong "takes no argument, but got 'all'" status all
wrong "'--min' needs a value" trigger --min
wrong "'-m' needs a value" trigger -m
wrong "0 to 4294967295, not '-1'" trigger --min -1
wrong "not '4294967296'" trigger --min 4294967296
wrong "not '18446744073709551616'" trigger --min 18446744073709551616
wrong "not '12x'" trigger --min 12x
wrong "not ' 1'" trigger --min ' 1'
wrong "not ''" trigger --min ''
wrong "not '0x'" trigger --min 0x
wrong "not '1.5'" wait --timeout 1.5
wrong "not 'many'" watch --count many
wrong "'--pid' needs a value" trigger --pid
wrong "not 'self'" status --pid self
wrong "the number of a process, not 0" trigger --pid 0
wrong "--watchers is to be a number" run --watchers soon
wrong "'--dir' needs a value" quiesce --dir
wrong "takes no argument, but got 'now'" run now
wrong "give one of them" run --once -- true

if "$tool" status >/dev/null 2>&1; then
	skip "every command says that the module is missing" "the module is loaded here"
else
	for arguments in status "status --json" watch "watch --json --count 1" trigger \
		"trigger --min 0xffffffff --force" "wait --timeout 1"; do
		# shellcheck disable=SC2086  # several arguments
		run $arguments
		is "$status $(wc -l <"$work/err") $(<"$work/out")" "5 1 " \
			"without the module 'sysgenid $arguments' ends with status 5 and one line"
		like "$(<"$work/err")" "^sysgenid: cannot .*modprobe sysgenid" \
			"and says what to do"
	done
fi

run doctor
like "$status" '^[06]$' "'sysgenid doctor' ends with status 0 or 6"
is "$(grep -c '^problem ' "$work/out" | sed 's/^[1-9][0-9]*$/6/')" "$status" "6 is for problems"
unlike "$(grep -vE '^(ok|note|problem) +[a-z]+ +[^ ]' "$work/out")" . "every line is a finding"
unlike "$(grep '^problem ' "$work/out" | grep -v ': ')" . "every problem has an advice"
run doctor --json
is "$(python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["problems"] == sum(f["state"] == "problem" for f in d["findings"]))' <"$work/out")" \
	True "'sysgenid doctor --json' prints the same as JSON"
run trigger --container nobody
like "$(<"$work/err")" "^sysgenid: cannot move /run/sysgenid/containers/nobody/counter: there is none of that name" \
	"a container without a counter file is named"
run trigger --container ../x
is "$status $(wc -l <"$work/err")" "1 1" "a name that leads elsewhere is refused"

SYSGENID_PATH=/dev/null run wait
is "$status" 1 "'sysgenid wait' on another device ends with status 1"
like "$(<"$work/err")" "cannot open the device: that file is not the generation counter" \
	"and says that it is not the counter"

status=0
"$tool" --help >/dev/full 2>"$work/err" || status=$?
is "$status" 1 "a full output ends with status 1"
like "$(<"$work/err")" "^sysgenid: cannot write the output: No space left" "and is said"
done_testing
