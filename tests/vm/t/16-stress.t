#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two hundred thousand triggers against readers, pollers, trackers, openers, closers and mappers on all processors; a million
# under "make check-all", or with --append TRIGGERS=1000000; ten thousand on the debug kernel.
# vm: smp=4 qemu-arg=-device qemu-arg=vmgenid,guid=auto timeout=450
set -uo pipefail
. tests/vm/payload.sh

[[ ${CHECK_ALL-} ]] && default=1000000 || default=200000
# The debug kernel looks at each access to memory and each lock.
[[ $VM_SUITE != debug ]] || default=10000
TRIGGERS=${TRIGGERS:-$default}
parameters=/sys/module/sysgenid_test/parameters

need_module
insmod "$PAYLOAD/kmod/sysgenid_test.ko" || bail "sysgenid_test.ko cannot be loaded"
is "$(nproc)" 4 "there are four processors"
run_payload stress all "$TRIGGERS"
# The module was just loaded, so the counter was at 0 before.
is "$(cat "$parameters/events")" "$(cat "$SYSFS/generation")" \
	"each trigger was one event for a notifier: none is lost"
is "$(cat "$parameters/not_next")" 0 "each with the generation after the one before: none twice"
is "$(cat "$parameters/overlapping")" 0 "one at a time"
rmmod sysgenid_test
ok "the module can be unloaded after all this" unload_module
done_testing
