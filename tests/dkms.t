#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# DKMS builds and installs the modules, and a VM runs them. DKMS runs on this machine, in the suite's image, with that suite's
# dkms, dpkg and compiler: in an emulated machine the compiler takes minutes.
# usage: dkms.t [--upgrade]
#   without: an installation on Debian 12
#   --upgrade: Debian 13 with the modules for its own kernel gets the kernel of its backports
# The work disk of the suite that is booted (bookworm, or backports) must be built, as "make check" does.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# Nobody else sees what is mounted here.
[[ -n ${DKMS_INSIDE-} ]] || DKMS_INSIDE=yes exec unshare --mount --propagation private "$(realpath "$0")" "$@"
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

version=$(<VERSION)
tmp=$(mktemp -d)
trap 'umount -R "$tmp"/*/root; umount "$tmp"/*/top; rm -rf --one-file-system -- "$tmp"' EXIT

# machine NAME SUITE: sets "root", a root file system like the suite's, with our sources at /sysgenid, and "kernel"
machine()
{
	local image

	image=$(tests/vm/image "$2") || bail "there is no image of $2, see above"
	kernel=$(cd "$image/rootfs/boot" && echo vmlinuz-*)
	kernel=${kernel#vmlinuz-}
	dir=$tmp/$1 root=$tmp/$1/root
	mkdir -p "$root" "$dir/top"
	{
		mount -t tmpfs tmpfs "$dir/top" && mkdir "$dir/top/upper" "$dir/top/work" "$dir/top/sources" &&
			cp -a kernel VERSION "$dir/top/sources" &&
			mount -t overlay overlay "$root" \
				-o "lowerdir=$image/rootfs,upperdir=$dir/top/upper,workdir=$dir/top/work" &&
			mount --bind "$dir/top/sources" "$root/sysgenid" &&
			mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc" &&
			mount -t tmpfs tmpfs "$root/tmp"
	} || bail "cannot mount the image of $2"
}

# inside COMMAND...: on that machine, without a network
inside()
{
	unshare --net --pid --fork --kill-child chroot "$root" /usr/bin/env -i \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive INITRD=No "$@" </dev/null
}

# status_of PACKAGE KERNEL: what dkms says of it
status_of()
{
	inside dkms status "$1" -k "$2"
}

# module_of KERNEL NAME: the file that modprobe finds, or nothing
module_of()
{
	inside modinfo -k "$1" -n "$2" 2>/dev/null
}

# Prints what is left of our modules where modprobe looks.
traces()
{
	find "$root/usr/lib/modules/$1/" -name '*sysgenid*' -o -path '*/updates/*.ko*'
	grep -rls sysgenid "$root/usr/lib/modules/$1/" --include='modules.*'
}

# installs PACKAGE: for the machine's kernel, as a person does it
installs()
{
	ok "dkms.conf of $1 has the package's version" \
		grep -qxF "PACKAGE_VERSION=\"$version\"" "$root/usr/src/$1-$version/dkms.conf"
	ok "dkms install $1/$version for $kernel" inside dkms install "$1/$version" -k "$kernel" ||
		diag "$(tail -n 20 "$root/var/lib/dkms/$1/$version/build/make.log")"
	like "$(status_of "$1" "$kernel")" ': installed' "dkms knows $1 as installed for $kernel"
}

install_modules()
{
	ok "make install puts the sources where DKMS looks for them" inside make -s -C /sysgenid/kernel install DESTDIR=
	installs sysgenid
	like "$(module_of "$kernel" sysgenid)" '/updates/dkms/sysgenid\.ko' "modprobe finds sysgenid"
	like "$(module_of "$kernel" virtio_rng)" '/kernel/drivers/char/hw_random/virtio-rng\.ko' \
		"the kernel's own virtio_rng has kept its place"
	installs sysgenid-virtio-rng
	like "$(module_of "$kernel" virtio_rng)" '/updates/dkms/virtio-rng\.ko' "now modprobe finds ours"
}

# boot SUITE KERNEL: runs what was installed for it in a VM, whose checks become checks of this test
boot()
{
	local line rest bad

	(cd "$root" && tar -c -f "$dir/top/disk" "usr/lib/modules/$2"/{updates,modules.*}) ||
		bail "nothing was installed for $2"
	while IFS= read -r line; do
		case $line in
		"ok "* | "not ok "*)
			rest=${line#not } bad=0
			[[ $rest == "$line" ]] || bad=1
			tap_result "$bad" "Linux $2: ${rest#ok * - }"
			;;
		1..*) ;;
		*) echo "$line" ;;
		esac
	done < <(tests/vm/run "$1" --no-build --scratch "$dir/top/disk" tests/kernels/dkms-guest)
}

check_install()
{
	local stock sum

	machine new bookworm
	stock=$(module_of "$kernel" virtio_rng)
	like "$stock" '/kernel/drivers/char/hw_random/virtio-rng\.ko' \
		"before, modprobe virtio_rng finds the kernel's own"
	sum=$(sha256sum "$root/$stock")
	install_modules
	boot bookworm "$kernel"
	ok "dkms remove, of both" inside dkms remove "sysgenid-virtio-rng/$version" --all
	ok "one after the other" inside dkms remove "sysgenid/$version" --all
	is "$(module_of "$kernel" sysgenid)" '' "modprobe does not find sysgenid any more"
	is "$(module_of "$kernel" virtio_rng)" "$stock" "modprobe virtio_rng finds the kernel's own again"
	is "$(sha256sum "$root/$stock")" "$sum" "which is the very file from before"
	is "$(traces "$kernel")" '' "dkms remove leaves no trace in the kernel's modules"
}

# packages PATTERN...: installs those of the upgrade whose names match; $dir/top/log has what apt and the kernel's hooks say
packages()
{
	local pattern

	mkdir -p "$root/tmp/debs" && rm -f "$root"/tmp/debs/*
	for pattern; do
		find "$debs" -name "$pattern" -exec cp -t "$root/tmp/debs" {} +
	done
	inside sh -c 'apt-get install -qy /tmp/debs/*.deb' >"$dir/top/log" 2>&1
}

# both_installed KERNEL NAME
both_installed()
{
	like "$(status_of sysgenid "$1")" ': installed' "$1: $2: sysgenid"
	like "$(status_of sysgenid-virtio-rng "$1")" ': installed' "$1: $2: sysgenid-virtio-rng"
}

# Image and headers in one go, as apt does it where both are installed.
check_together()
{
	machine together trixie
	install_modules
	ok "$new: image and headers are installed together" packages '*.deb' || diag "$(tail -n 20 "$dir/top/log")"
	both_installed "$new" "dkms has built and installed them"
	both_installed "$kernel" "they are still installed, too"
	boot backports "$new"
}

# Install the image first: its hook cannot build the modules, and the hook of the headers does.
check_one_by_one()
{
	machine one-by-one trixie
	install_modules
	ok "$new: the image is installed without headers" packages 'linux-ba*' 'linux-bi*' 'linux-m*' 'linux-i*'
	ok "the image's hook says that it has skipped the modules" grep -q 'skipped since the kernel headers' "$dir/top/log"
	is "$(module_of "$new" sysgenid)" '' "$new: there are no modules yet"
	ok "$new: the headers are installed later" packages 'linux-h*' 'linux-k*' 'gcc*' 'cpp*' || diag "$(tail -n 20 "$dir/top/log")"
	both_installed "$new" "dkms has built and installed them"
	like "$(module_of "$new" sysgenid)" '/updates/dkms/sysgenid\.ko' "$new: modprobe finds sysgenid"
}

# Change the sources as if nothing were known of kernels after 6.12.
check_control()
{
	machine control trixie
	sed -i -E 's/(#if LINUX_VERSION_CODE < KERNEL_VERSION)\(6, 1[3-9], 0\)/\1(99, 0, 0)/' \
		"$dir/top/sources/kernel/include/compat.h"
	install_modules
	not_ok "control: without what compat.h knows of newer kernels the upgrade fails" packages '*.deb'
	ok "control: since DKMS cannot build" grep -q 'Bad return status for module build on kernel: 7' "$dir/top/log"
	is "$(module_of "$new" sysgenid)" '' "control: there are no modules for $new"
}

check_upgrade()
{
	local debs new

	debs=$(tests/kernels/upgrade "$(tests/vm/image trixie)") || bail "the packages of the new kernel are missing, see above"
	new=$(cd "$debs" && echo linux-binary-*.deb)
	new=${new#linux-binary-} new=${new%%_*}
	check_together
	check_one_by_one
	check_control
}

((EUID == 0)) || bail "this mounts and enters the suites' images: run it as root"
case ${1-} in
'') check_install ;;
--upgrade) check_upgrade ;;
*) bail "usage: dkms.t [--upgrade]" ;;
esac
done_testing
