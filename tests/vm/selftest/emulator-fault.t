#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Part of tests/bench-selftest.t: dies as a guest does whose emulator lost a patched instruction.
set -uo pipefail
. tests/vm/lib.sh

plan 1
echo "Oops: int3: 0000 [selftest]" >/dev/kmsg
echo c >/proc/sysrq-trigger
sleep 60
