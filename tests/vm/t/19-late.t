#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tasks that lose the processor at the worst moment: nothing is used after it was freed, and nobody has to wait for them.
# vm: smp=4 qemu-arg=-device qemu-arg=vmgenid,guid=auto
set -uo pipefail
. tests/vm/payload.sh

# late WHAT PARAMETER...: a scenario of the program "late", with delays
late()
{
	insmod "$PAYLOAD/kmod/sysgenid_delay.ko" "${@:2}" || bail "sysgenid_delay.ko cannot be loaded"
	run_payload late "$1"
	rmmod sysgenid_delay
}

need_module
late settled at=sysgenid_counter_move at_ms=100 lost_ms=1000
late event at=sysgenid_counter_move at_ms=2000
late opening at=sysgenid_counter_begin at_ms=2000
late killed comm=kworker at=sysgenid_counter_move at_ms=2000

# The first read after the hypervisor has restored the machine.
insmod build/kernel/sysgenid_vmgenid.ko || bail "sysgenid_vmgenid.ko cannot be loaded"
insmod "$PAYLOAD/kmod/sysgenid_fork.ko" || bail "sysgenid_fork.ko cannot be loaded"
late reading at=sysgenid_bump_generation at_ms=2000
late restored comm=kworker at=sysgenid_counter_move at_ms=2000
rmmod sysgenid_fork sysgenid_vmgenid
ok "the module can be unloaded after all this" unload_module
done_testing
