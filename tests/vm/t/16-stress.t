#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A million triggers against readers, pollers, trackers, openers, closers and mappers on all
# processors. On Debian 12's kernel it is a fifth of them by default: "tests/vm/run bookworm --smp 4 --timeout 450
# --append TRIGGERS=1000000 tests/vm/t/16-stress.t" makes all.
# vm: smp=4 timeout=450
set -uo pipefail
. tests/vm/payload.sh

[[ $(uname -r) == 6.1.* ]] && default=200000 || default=1000000
TRIGGERS=${TRIGGERS:-$default}
parameters=/sys/module/sysgenid_test/parameters

need_module
insmod "$PAYLOAD/kmod/sysgenid_test.ko" || bail "sysgenid_test.ko cannot be loaded"
is "$(nproc)" 4 "there are four processors"
run_payload stress all "$TRIGGERS"
# The counter began at 0.
is "$(cat "$parameters/events")" "$(cat "$SYSFS/generation")" \
	"each trigger was one event for a notifier: none is lost"
is "$(cat "$parameters/not_next")" 0 "each with the generation after the one before: none twice"
is "$(cat "$parameters/overlapping")" 0 "one at a time"
rmmod sysgenid_test
ok "the module can be unloaded after all this" unload_module
done_testing
