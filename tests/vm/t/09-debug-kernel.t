#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The control for all tests on the debug kernel: it finds one fault of each kind, and what looks through its log sees them.
# vm: suites=debug boot=own append=kasan_multi_shot
set -uo pipefail
. tests/vm/payload.sh

FAULT=/sys/module/sysgenid_faulty/parameters/fault

# found KIND PATTERN [WORD]: the module has this fault, and kernel-trouble then has a line that matches
found()
{
	echo "$1" >"$FAULT"
	like "$(tests/vm/kernel-trouble "${@:3}")" "$2" "found: $1"
	dmesg -C
}

# Otherwise each fault ends the machine.
echo 0 >/proc/sys/kernel/panic_on_warn
insmod "$PAYLOAD/kmod/sysgenid_faulty.ko" || bail "sysgenid_faulty.ko cannot be loaded"
is "$(tests/vm/kernel-trouble)" '' "before, nothing is found"
found leak 'unreferenced object'
echo clear >/sys/kernel/debug/kmemleak
# Lockdep ends with its first report, and with one of KASAN.
found lock-order 'WARNING: possible circular locking dependency' log
found sleep 'BUG: sleeping function called from invalid context' log
found dma 'WARNING: .*check_unmap' log
found active-object 'WARNING: .*debug_print_object' log
found out-of-bounds 'BUG: KASAN: slab-out-of-bounds' log
found use-after-free 'BUG: KASAN: slab-use-after-free' log
ok "the module can be unloaded after all this" rmmod sysgenid_faulty
done_testing
