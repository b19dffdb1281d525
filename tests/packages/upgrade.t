#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Debian 13 with the packages gets the kernel of its backports: first the image, later its headers. What apt, DKMS and the
# hooks of the kernel's packages do is done in the root file system of a VM; then a VM with the new kernel gets what was
# changed there. A part of "make check-packages". usage: upgrade.t trixie
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
# shellcheck source=tests/packages/machine.sh
. tests/packages/machine.sh

NODE=(sysgenid sysgenid-dkms sysgenid-tools criu-plugin-sysgenid sysgenid-container-hooks)

# kernel_packages PATTERN...: installs those of the upgrade whose names match
kernel_packages()
{
	local pattern

	rm -rf "$root/run/kernel" && mkdir "$root/run/kernel"
	for pattern; do
		find "$debs" -name "$pattern" -exec cp -t "$root/run/kernel" {} +
	done
	inside env INITRD=No sh -c "apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Path='$MACHINE_PATH' install /run/kernel/*.deb" >"$tmp/log"
}

# modules_of KERNEL
modules_of()
{
	kernel=$1 modules
}

check_machine()
{
	ok "apt install of the packages, for $old" install new "${NODE[@]}"
	is "$(modules_of "$old")" "sysgenid sysgenid_vmclock sysgenid_vmgenid" "DKMS has built the modules for $old"
	ok "the image of $new is installed, without its headers" kernel_packages 'linux-ba*' 'linux-bi*' 'linux-m*' 'linux-i*' ||
		diag "$(tail -n 20 "$tmp/log")"
	like "$(<"$tmp/log")" "skipped since the kernel headers" "the hook of the image says that headers are missing"
	is "$(modules_of "$new")" "" "and there are no modules for $new"
	ok "the headers are installed later" kernel_packages 'linux-h*' 'linux-k*' 'gcc*' 'cpp*' || diag "$(tail -n 20 "$tmp/log")"
	is "$(modules_of "$new")" "sysgenid sysgenid_vmclock sysgenid_vmgenid" "DKMS has built the modules for $new" ||
		diag "$(tail -n 20 "$tmp/log")"
	is "$(modules_of "$old")" "sysgenid sysgenid_vmclock sysgenid_vmgenid" "and those for $old are still there"
	is "$(inside modinfo -k "$new" -F version sysgenid)" "$(<VERSION)" "they have the packages' version"
}

# What differs from the suite's image, but for the kernels and compilers themselves, which the VM's image has.
archive()
{
	(cd "$tmp/upper" && find . ! -type d ! -type c ! -path './boot/*' ! -path './usr/src/linux*' ! -path './usr/lib/gcc/*' \
		! -path './usr/libexec/gcc/*' ! -path './usr/lib/modules/*/kernel/*' ! -path './var/cache/*' -print0 |
		tar -c -f "$1" --null --files-from=-)
}

suite=trixie
[[ ${1-} == "$suite" ]] || bail "usage: upgrade.t trixie"
if [[ ${2-} != --inside ]]; then
	((EUID == 0)) || bail "this mounts and enters the suites' images: run it as root"
	packaging/build "$suite" >&2 || bail "the packages cannot be built"
	debs=$(tests/kernels/upgrade "$(tests/vm/image "$suite")") || bail "the packages of the new kernel are missing, see above"
	disk=$(mktemp)
	trap 'rm -f -- "$disk"' EXIT
	unshare --mount --pid --net --fork --kill-child --propagation private "$0" "$suite" --inside "$debs" "$disk"
	exit
fi
debs=$3 disk=$4
machine_begin "$suite"
old=$kernel
new=$(cd "$debs" && echo linux-binary-*.deb)
new=${new#linux-binary-} new=${new%%_*}
check_machine
archive "$disk"
machine_end
tests/vm/run backports --timeout 600 --mem 2048 --scratch "$disk" tests/packages/upgraded >"$disk.tap" 2>"$disk.err"
status=$?
sed 's/^/    /' "$disk.tap"
is "$status" 0 "a VM with $new runs what is installed" || diag "$(<"$disk.err")"
rm -f "$disk.tap" "$disk.err"
done_testing
