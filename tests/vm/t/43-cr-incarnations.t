#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One image restored again and again, with the module loaded anew in between as if on another machine: copies of the two
# have the same generations, and no two the same incarnation. "make check-all" makes 1,000 copies.
# vm: timeout=1800 suites=trixie more=bookworm,backports
set -uo pipefail
. tests/cr/lib.sh

COPIES=20
[[ -z ${CHECK_ALL-} ]] || COPIES=500
WHO=() GENERATIONS=()

# one_copy: restores, notes who the copy is and its generation, and ends it
one_copy()
{
	local generation incarnation

	restore image copy && pid_of copy || return
	# A restore ends when the reseed is done, so the incarnation is there.
	{ read -r generation && read -r incarnation; } < <(nsenter -t "$PID" -p cat "$SYSFS/generation" "$SYSFS/incarnation")
	GENERATIONS+=("$generation") WHO+=("$incarnation")
	container_kill copy
}

copies()
{
	local n

	for ((n = 0; n < COPIES; n++)); do
		one_copy || return
	done
}

fresh_module
install_plugin
with_plugin
ok "a container starts" subject_start first mapping
original=$(attribute_in first incarnation)
ok "it is dumped" dump first image
copies
fresh_module
copies
is "${#WHO[@]}" "$((2 * COPIES))" "one image is restored $((2 * COPIES)) times"
isnt "$(printf '%s\n' "${GENERATIONS[@]}" | sort | uniq -d | wc -l)" 0 "control: the generation does not tell the copies apart"
is "$(printf '%s\n' "${WHO[@]}" | grep -cxE '[0-9a-f]{32}')" "$((2 * COPIES))" "each copy has an incarnation of 128 bits"
is "$(printf '%s\n' "$original" "${WHO[@]}" | sort | uniq -d)" "" "no two have the same, and none the original's"
ok "no process is left" wait_for 30 nobody_is_left
done_testing
