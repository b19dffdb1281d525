#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The VM bench must not lie: whatever goes wrong in a VM makes tests/vm/run fail.
# Runs on the host, with the suite in SUITE (default trixie). Needs the work disk built.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

suite=${SUITE:-trixie}
unset CI
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp"' EXIT
truncate -s 1M "$tmp/scratch"

# run_vm NAME OPTION... TEST...: output in $out, console's tail in $err, exit status in $status
run_vm()
{
	local -a args=()

	while (($#)); do
		case $1 in
		--*) args+=("$1" "$2"); shift ;;
		*) args+=("tests/vm/selftest/$1.t") ;;
		esac
		shift
	done
	status=0
	out=$(tests/vm/run "$suite" --no-build --timeout 6 "${args[@]}" 2>"$tmp/err") || status=$?
	err=$(<"$tmp/err")
}

test_misbehaviour()
{
	CI=true run_vm --scratch "$tmp/scratch" good failing-check no-plan wrong-plan bad-exit bail \
		hang orphan-gone skip skip-all scratch-write
	is "$status" 1 "failing tests make the run fail"
	like "$out" $'\nok 1 - [^\n]*good.t\n' "a good test is good"
	like "$out" $'\nnot ok 2 - [^\n]*failing-check.t' "a failed check fails its test"
	like "$out" $'\n    not ok 2 - false is true\n' "a failed check is seen as such"
	like "$out" $'\n# [^\n]*failing-check.t: not ok 2 - false is true\n' "and by who does not see subtests"
	like "$out" $'\n    not ok 3 - what is only to be done +TODO later\n' "no word makes a failure one that counts as good"
	like "$out" $'\nnot ok 3 - [^\n]*no-plan.t .ended without a plan' "a test needs a plan"
	like "$out" $'\nnot ok 4 - [^\n]*wrong-plan.t .planned 3 checks and made 1' "plans are compared"
	like "$out" $'\nnot ok 5 - [^\n]*bad-exit.t .exit status 7' "an exit status counts"
	like "$out" $'\nnot ok 6 - [^\n]*bail.t .bailed out: cannot go on' "a test that bails out fails"
	like "$out" $'\nnot ok 7 - [^\n]*hang.t .took too long' "a test that hangs fails"
	like "$out" $'\nok 8 - [^\n]*orphan-gone.t\n' "a test leaves no process to the next"
	like "$out" $'\nnot ok 9 - [^\n]*skip.t' "a skipped check fails under CI"
	like "$out" $'\nnot ok 10 - [^\n]*skip-all.t .skipped' "a skipped test fails under CI"
	like "$out" $'\nok 12 - the kernel log is clean\n1..12$' "the kernel log is looked at last"
}

test_kernel_warning()
{
	run_vm --scratch "$tmp/scratch" --append COLOUR=green kernel-warning scratch-read skip-all
	is "$status" 1 "a warning in the kernel log makes the run fail"
	like "$out" $'\nok 1 - [^\n]*kernel-warning.t\n' "a test is not blamed for the kernel log"
	like "$out" $'\nok 2 - [^\n]*scratch-read.t\n' "scratch disk and environment reach a test"
	like "$out" $'\nok 3 - [^\n]*skip-all.t # SKIP nothing to see here\n' \
		"a skip is only a skip elsewhere"
	like "$out" $'\nnot ok 4 - the kernel log is clean\n# [^\n]*WARNING: selftest' \
		"the line of the kernel log is shown"
	like "$err" 'console: .*WARNING: selftest' "the console is shown"
}

test_panic()
{
	run_vm kernel-panic
	is "$status" 1 "a kernel panic makes the run fail"
	like "$out" $'\nnot ok 2 - [^\n]*kernel-panic.t runs to its end .the VM stopped' \
		"a panic is a failure even after the last check"
	like "$err" 'console: .*Kernel panic' "the panic is shown"
}

test_emulator_fault()
{
	run_vm emulator-fault
	is "$status" 1 "an emulator's fault that comes again makes the run fail"
	like "$err" 'once more from the start' "it is tried once more, and the second try counts"
	is "$(grep -c '^1\.\.' <<<"$out")" 1 "only one of the two tries is printed"
}

# A QEMU that aborts when it boots, as often as $1 says; with the words $2.
aborting_qemu()
{
	echo "$1" >"$tmp/aborts"
	words=${2-"Assertion 'selftest' failed."}
	cat >"$tmp/qemu" <<-END
		#!/bin/sh
		read -r left <"$tmp/aborts"
		case "\$*,\$left" in
		*vm.token=*,[1-9])
			echo \$((left - 1)) >"$tmp/aborts"
			echo "qemu: $words" >&2
			kill -ABRT \$\$
			;;
		esac
		exec "${VM_QEMU:-qemu-system-x86_64}" "\$@"
	END
	chmod 755 "$tmp/qemu"
}

test_aborting_qemu()
{
	aborting_qemu 1
	run_vm --qemu "$tmp/qemu" good
	is "$status" 0 "a QEMU that aborts is started once more"
	like "$err" "QEMU aborted: .*'selftest' failed.; once more from the start" "which is said, with QEMU's words"
	aborting_qemu 3
	run_vm --qemu "$tmp/qemu" good
	is "$status" 1 "a QEMU that aborts three times makes the run fail"
	like "$out" 'was lost: QEMU ended with status 134' "with its status"
	aborting_qemu 1
	run_vm --qemu "$tmp/qemu" --qemu-arg -device --qemu-arg virtio-rng-leak-pci good
	is "$status" 1 "a QEMU that aborts with a device of this project makes the run fail at once"
	aborting_qemu 2 "iotlb_to_section: Assertion 'section_index < d->map.sections_nb' failed."
	run_vm --qemu "$tmp/qemu" --qemu-arg -device --qemu-arg virtio-rng-leak-pci good
	is "$status" 0 "unless by a fault that is QEMU's own" || diag "$err"
}

# The same in the bench of the tests that restore machines.
test_aborting_machine()
{
	local -x SUITES=$suite VM_NO_BUILD=1
	local own="qemu: iotlb_to_section: Assertion 'section_index < d->map.sections_nb' failed."

	out=$(tests/vm/selftest/aborting-machine 2 "$own")
	is "$?" 0 "a machine that QEMU's own fault ends twice is started a third time" || diag "$out"
	like "$out" $'once more from the start\n(.*\n)*ok 2 - [^\n]*it answers\n1..2$' "and nothing of before counts"
	out=$(tests/vm/selftest/aborting-machine 3 "$own")
	is "$?" 1 "not a fourth time"
	like "$out" 'not ok 2 - [^\n]*a machine that aborts runs to its end' "which fails its test"
	out=$(tests/vm/selftest/aborting-machine 1 "qemu: Assertion 'selftest' failed.")
	is "$?" 1 "any other abort counts at once"
}

test_dead_vm()
{
	run_vm --qemu-arg -S --timeout 1 --boot-timeout 1 good
	is "$status" 1 "a VM that hangs makes the run fail"
	like "$out" 'not ok 1 - .*the VM did not end in time' "a VM that hangs is ended"
	run_vm --qemu-arg -nonsense good
	is "$status" 1 "a QEMU that does not start makes the run fail"
	like "$err" 'nonsense' "QEMU's own words are shown"
}

test_steps()
{
	out=$(tests/vm/selftest/half-done "$tmp/log" 2>&1)
	is "$?" 1 "a step that fails in its middle ends its script"
	like "$out" '/nonexistent: No such file' "... which shows why"
	like "$out" 'half-done: do the other half$' "... and says what to do"
	unlike "$(<"$tmp/log")" 'the rest' "nothing is done after what has failed"
}

test_steps
test_misbehaviour
test_kernel_warning
test_panic
test_emulator_fault
test_aborting_qemu
test_aborting_machine
test_dead_vm
done_testing
