#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Each allocation that the modules make fails once, in each call that makes any, and when a driver is bound to a device.
# vm: smp=4 qemu-arg=-device qemu-arg=vmgenid,guid=auto
# vm: qemu-arg=-device qemu-arg=virtio-rng-leak-pci append=slub_debug=FZP suites=trixie more=bookworm,backports
set -uo pipefail
. tests/vm/payload.sh

driver=/sys/bus/virtio/drivers/virtio_rng

sleeps()
{
	[[ $(<"/proc/$1/wchan") == *poll* ]]
}

need_module
insmod "$PAYLOAD/kmod/sysgenid_fail.ko" || bail "sysgenid_fail.ko cannot be loaded"
run_payload faults calls
insmod build/kernel/virtio-rng.ko || bail "virtio-rng.ko cannot be loaded"
device=$(cd "$driver" && echo virtio*)
[[ -e $driver/$device ]] || bail "there is no device for the driver"
echo "$device" >"$driver/unbind"
run_payload faults bind "$driver" "$device"
rmmod virtio_rng sysgenid_fail

# A reseed fails, too: who waits for a restore hears of it all the same.
coproc build/tools/sysgenid await
wait_for 10 sleeps "$COPROC_PID" || bail "sysgenid await does not sleep"
hide_urandom
run_payload netlink reseed-fails
read -r -t 60 -u "${COPROC[0]}" said
show_urandom
like "$said" '^restore generation [0-9]+ incarnation unknown$' \
	"sysgenid await says that there was a restore, also if the reseed fails"
ok "the module can be unloaded after that" unload_module
done_testing
