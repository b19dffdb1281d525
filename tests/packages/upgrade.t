#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Debian 13 with the packages gets the kernel of its backports. autopkgtest does that, by debian/tests/kernel-upgrade, in the
# root file system of a VM, at this machine's speed; then a VM with the new kernel gets what was changed there, and boots as
# if headers had been missing, and with the modules. A part of "make check-packages". usage: upgrade.t trixie
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
# shellcheck source=tests/packages/machine.sh
. tests/packages/machine.sh

NODE=(sysgenid sysgenid-dkms sysgenid-tools criu-plugin-sysgenid sysgenid-container-hooks)

# What apt, DKMS and the hooks of the kernel's packages need in a root file system that is not running.
prepare_root()
{
	cp -r "$debs" "$root/run/kernel"
	cp "$tool"/*.deb "$root/run/kernel"
	(cd "$root/run/kernel" && dpkg-scanpackages --multiversion . >Packages 2>/dev/null) || return
	echo 'deb [trusted=yes] file:/run/kernel ./' >"$root/etc/apt/sources.list.d/kernel.list"
	echo "DPkg::Path \"$MACHINE_PATH\";" >"$root/etc/apt/apt.conf.d/99machine"
	apt update -o Dir::Etc::SourceList=/etc/apt/sources.list.d/kernel.list -o Dir::Etc::SourceParts=- -o APT::Get::List-Cleanup=0 &&
		apt install --no-install-recommends autopkgtest || return
	mkdir "$root/run/source"
	tar -x -f build/packages/"$suite"/sysgenid_*.tar.* -C "$root/run/source" --strip-components=1
}

# run_test NAME: a test of debian/tests, by autopkgtest
run_test()
{
	# Its package is installed.
	inside env INITRD=No autopkgtest --summary-file /run/summary --ignore-restrictions=isolation-machine,breaks-testbed \
		--no-built-binaries --test-name="$1" /run/source/ -- null >"$tmp/log"
	[[ $(sed -nE "s/^$1 +//p" "$root/run/summary") == PASS ]]
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
	ok "autopkgtest is installed, and apt knows the kernel $new" prepare_root ||
		{ diag "$(tail -n 20 "$tmp/log")"; return; }
	ok "debian/tests: kernel-upgrade" run_test kernel-upgrade || diag "$(tail -n 40 "$tmp/log")"
	is "$(modules_of "$new")" "sysgenid sysgenid_vmclock sysgenid_vmgenid" "DKMS has built the modules for $new"
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
	tool=$(tests/packages/download "$suite" autopkgtest) || bail "there is no autopkgtest, see above"
	disk=$(mktemp)
	trap 'rm -f -- "$disk"' EXIT
	unshare --mount --pid --net --fork --kill-child --propagation private "$0" "$suite" --inside "$debs" "$disk" "$tool"
	exit
fi
debs=$3 disk=$4 tool=$5
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
