#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The debug kernel's own fault injection: allocations, pages, and copies from and to user space fail. Nothing leaks, which the
# kernel checks at the end (kmemleak). ROUNDS=N (by --append) makes more rounds of ten seconds each, SEED=N those of before.
# vm: smp=2 suites=debug timeout=300
set -uo pipefail
. tests/vm/payload.sh

FAULTS=/sys/kernel/debug
ROUNDS=${ROUNDS-2}
SEED=${SEED-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
PERCENT=20

# setting FILE VALUE: of each kind of fault that has it
setting()
{
	local file

	for file in "$FAULTS"/{failslab,fail_page_alloc,fail_usercopy}/"$1"; do
		[[ ! -e $file ]] || echo "$2" >"$file" || bail "$file cannot be set"
	done
}

[[ -d $FAULTS/failslab ]] || bail "this kernel has no fault injection"
setting probability 0
setting interval 1
setting times -1
setting verbose 0
setting task-filter N
setting ignore-gfp-wait N
setting ignore-gfp-highmem N
setting min-order 0
need_module
# Each once, whoever in the kernel makes it for the call.
run_payload injected

# At random, also in work items: those that the module makes.
setting stacktrace-depth 32
text=$(</sys/module/sysgenid/sections/.text)
setting require-start "$text"
read -r _ size _ < <(grep '^sysgenid ' /proc/modules)
setting require-end "$(printf '0x%x' $((text + size)))"
for ((i = 0; i < ROUNDS; i++)); do
	run_payload random "$((SEED + i))" 10 "$PERCENT"
done
run_payload netlink one-trigger
ok "the module can be unloaded after that" unload_module
done_testing
