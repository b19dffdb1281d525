#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What can be done with the device, at random, with delays at random in the module, while drivers and the module come and go.
# The kernel poisons what is freed (slub_debug). Each round has a seed, and prints it. ROUNDS=N (by --append) makes more rounds
# of five seconds each, SEED=N those of a run before.
# vm: smp=4 qemu-arg=-device qemu-arg=vmgenid,guid=auto
# vm: qemu-arg=-device qemu-arg=virtio-rng-leak-pci append=slub_debug=FZP timeout=450 suites=trixie more=bookworm,backports
set -uo pipefail
. tests/vm/payload.sh

ROUNDS=${ROUNDS-2}
SEED=${SEED-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
DRIVERS=/sys/bus/virtio/drivers/virtio_rng
POINTS=(sysgenid_counter_move sysgenid_counter_begin sysgenid_counter_next sysgenid_domain_get sysgenid_domain_put
	sysgenid_domain_next sysgenid_watchers_flush sysgenid_watcher_track sysgenid_counter_wake sysgenid_reseed_start
	sysgenid_device_made_event sysgenid_sync_source)

# Until the file goes away: drivers are loaded and unloaded, bound and unbound, and the hypervisor restores the machine.
come_and_go()
{
	local device

	while [[ -e /run/random ]]; do
		insmod build/kernel/sysgenid_vmgenid.ko || return
		insmod "$PAYLOAD/kmod/sysgenid_fork.ko" || return
		echo 1 >/sys/module/sysgenid_fork/parameters/fork
		insmod build/kernel/virtio-rng.ko || return
		for device in "$DRIVERS"/virtio*; do
			[[ -e $device ]] || continue
			echo "${device##*/}" >"$DRIVERS/unbind"
			echo "${device##*/}" >"$DRIVERS/bind"
		done
		echo 1 >/sys/module/sysgenid_fork/parameters/fork
		rmmod virtio_rng sysgenid_fork sysgenid_vmgenid || return
	done
}

round()
{
	local seed=$1 points drivers

	need_module
	insmod "$PAYLOAD/kmod/sysgenid_test.ko" || bail "sysgenid_test.ko cannot be loaded"
	points=$(IFS=, && echo "${POINTS[*]}")
	insmod "$PAYLOAD/kmod/sysgenid_delay.ko" "points=$points" "seed=$seed" max_us=5000 ||
		bail "sysgenid_delay.ko cannot be loaded"
	: >/run/random
	come_and_go &
	drivers=$!
	run_payload random "$seed" 5
	rm /run/random
	wait "$drivers"
	is "$?" 0 "drivers came and went meanwhile"
	diag "$(</sys/module/sysgenid_delay/parameters/times) delays"
	rmmod sysgenid_delay sysgenid_test
	ok "the module can be unloaded after that" unload_module
}

for ((i = 0; i < ROUNDS; i++)); do
	round "$((SEED + i))"
done
done_testing
