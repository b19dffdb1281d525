#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A generation for each PID namespace: whom an event reaches and whom not, who may cause one, what is left behind.
# On the oldest and the newest kernel; on Debian 13's own by "make check-all".
# vm: smp=4 qemu-arg=-device qemu-arg=vmgenid,guid=auto timeout=450 suites=backports more=bookworm,trixie
set -uo pipefail
. tests/vm/payload.sh

# The debug kernel looks at each access to memory and each lock.
[[ $VM_SUITE == debug ]] && TRIGGERS=5000 || TRIGGERS=50000
cgroup=/sys/fs/cgroup/sysgenid-test

need_module
insmod "$PAYLOAD/kmod/sysgenid_test.ko" || bail "sysgenid_test.ko cannot be loaded"
echo +memory >/sys/fs/cgroup/cgroup.subtree_control || bail "no memory cgroups"
mkdir "$cgroup" || bail "no memory cgroup"
run_payload domains all "$cgroup"

fresh_module_with_test()
{
	rmmod sysgenid_test
	fresh_module
	insmod "$PAYLOAD/kmod/sysgenid_test.ko" || bail "sysgenid_test.ko cannot be loaded"
}

fresh_module_with_test
run_payload abi domain
is "$(cat "$SYSFS/generation")" 0 "nothing of this has moved the system's generation"
"$PAYLOAD/domains" churn &
churn=$!
run_payload stress all "$TRIGGERS"
ok "domains came and went meanwhile" kill "$churn"
wait "$churn" 2>/dev/null
is "$(cat "$SYSFS/generation")" "$(cat /sys/module/sysgenid_test/parameters/events)" \
	"and kernel code has heard of the system's events only"
is "$(cat "$SYSFS/domains")" 0 "no domain is left"
rmmod sysgenid_test
ok "the module can be unloaded after all this" unload_module
done_testing
