#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The driver is built by DKMS on the machine that is to run it. On one suite only, since compiling in an emulated machine takes
# minutes; that the driver builds for the other one's kernel is what tests/kernels.t says.
# vm: timeout=900 mem=2048 suites=bookworm
set -uo pipefail
. tests/vm/payload.sh

version=$(modinfo -F version "$VM_MODULE")
source=/usr/src/sysgenid-$version
kernel=$(uname -r)

# The compiler takes half as long without what is for debuggers.
export KCFLAGS=-g0

quiet()
{
	"$@" >/tmp/log 2>&1 || { cat /tmp/log; return 1; }
}

# Of ours in what modprobe looks at.
traces()
{
	find "/lib/modules/$kernel/" -name '*sysgenid*' -o -path '*/updates/*.ko*'
	grep -rls sysgenid "/lib/modules/$kernel/" --include='modules.*'
}

stock=$(modinfo -n virtio_rng)
like "$stock" '/kernel/drivers/char/hw_random/virtio-rng\.ko' \
	"before, modprobe virtio_rng finds the kernel's own"
is "$version" "$(<VERSION)" "the module has the package's version"
ok "make install puts the source where DKMS looks for it" quiet make -C kernel install DESTDIR=
ok "in a directory that has its version in the name" test -f "$source/dkms.conf"
ok "dkms.conf has the version of the module" \
	grep -qxF "PACKAGE_VERSION=\"$version\"" "$source/dkms.conf"
ok "dkms add" quiet dkms add "sysgenid/$version"
ok "dkms build" quiet dkms build "sysgenid/$version" -k "$kernel"
ok "dkms install" quiet dkms install "sysgenid/$version" -k "$kernel"
like "$(dkms status sysgenid -k "$kernel")" "^sysgenid/$version, .*: installed" \
	"dkms knows the module as installed"
ok "modprobe finds it" quiet modprobe sysgenid
like "$(modinfo -n sysgenid)" '/updates/dkms/sysgenid\.ko' "at the place for such modules"
ok "the device is there" wait_for 5 test -c /dev/sysgenid
ok "and works" "$PAYLOAD/stress" trigger 1
is "$(cat "$SYSFS/generation")" 1 "as it says itself"
is "$(modinfo -n virtio_rng)" "$stock" "the kernel's own virtio_rng has kept its place"
ok "dkms install sysgenid-virtio-rng replaces it" quiet dkms install "sysgenid-virtio-rng/$version" -k "$kernel"
ok "modprobe virtio_rng finds ours" quiet modprobe virtio_rng
like "$(modinfo -n virtio_rng)" '/updates/dkms/virtio-rng\.ko' "at the place for such modules"
ok "it is ours that runs" test -d /sys/virtio-rng
like "$(cat /sys/module/sysgenid/refcnt)" '^[1-9]' "and that uses the counter"
rmmod virtio_rng
unload_module
ok "dkms remove, of both" quiet dkms remove "sysgenid-virtio-rng/$version" --all
ok "one after the other" quiet dkms remove "sysgenid/$version" --all
not_ok "modprobe does not find it any more" modprobe sysgenid
ok "modprobe virtio_rng finds the kernel's own again" quiet modprobe virtio_rng
is "$(modinfo -n virtio_rng)" "$stock" "the very file from before"
not_ok "which is not ours" test -e /sys/virtio-rng
rmmod virtio_rng
is "$(traces)" "" "dkms remove leaves no trace in the kernel's modules"
done_testing
