#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The driver builds without a warning, and by DKMS on the machine that is to run it.
# vm: timeout=900 mem=2048
set -uo pipefail
. tests/vm/payload.sh

version=$(modinfo -F version "$VM_MODULE")
source=/usr/src/sysgenid-$version
kernel=$(uname -r)

strict_log()
{
	# There is no kernel image with debug information on a usual machine: that is no warning.
	grep -v '^Skipping BTF generation for .* due to unavailability of vmlinux$' "$PAYLOAD/strict.log"
}

quiet()
{
	"$@" >/tmp/log 2>&1 || { cat /tmp/log; return 1; }
}

is "$(cat "$PAYLOAD/strict.status")" 0 "the driver builds with W=1, sparse, and warnings as errors"
is "$(strict_log)" '' "and nothing is printed meanwhile"

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
unload_module
ok "dkms remove" quiet dkms remove "sysgenid/$version" --all
not_ok "modprobe does not find it any more" modprobe sysgenid
done_testing
