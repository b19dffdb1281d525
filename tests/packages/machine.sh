# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests that install packages in the root file system of a suite's VM, without the VM.
# usage: . tests/packages/machine.sh, after tests/vm/lib.sh, then machine_begin SUITE, and at the end machine_end

# Commands in /run/fake take the place of others, also for scripts of packages.
MACHINE_PATH=/run/fake:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# What a new mount namespace does: the image below a layer in memory, and a uname that names the VM's kernel.
machine_begin()
{
	local suite=$1 image

	image=$(tests/vm/image "$suite") || bail "no image, see above"
	tmp=$(mktemp -d)
	mount -t tmpfs tmpfs "$tmp" && mkdir "$tmp/"{upper,work,root} || bail "no memory for a layer"
	mount -t overlay -o "lowerdir=$image/rootfs,upperdir=$tmp/upper,workdir=$tmp/work" overlay "$tmp/root" || bail "no overlay"
	root=$tmp/root
	mount --rbind /dev "$root/dev"
	mount -t proc proc "$root/proc"
	mount -t tmpfs tmpfs "$root/run"
	mkdir "$root/run/fake"
	kernel=$(cd "$image/rootfs/boot" && echo vmlinuz-*)
	kernel=${kernel#vmlinuz-}
	printf '#!/bin/sh\n[ "$*" != -r ] || { echo %s; exit; }\nexec /usr/bin/uname "$@"\n' "$kernel" >"$root/run/fake/uname"
	chmod 755 "$root/run/fake/uname"
	mkdir "$root/run/old" "$root/run/new"
	cp build/packages/"$suite"/*.deb "$root/run/new" || bail "no packages"
	[[ ! -d build/packages/$suite-old ]] || cp "build/packages/$suite-old"/*.deb "$root/run/old"
}

machine_end()
{
	umount -l "$root"
	umount -l "$tmp"
	rmdir "$tmp"
}

inside()
{
	chroot "$root" /usr/bin/env -i PATH="$MACHINE_PATH" \
		HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@" </dev/null 2>&1
}

apt()
{
	inside apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Path="$MACHINE_PATH" "$@" >"$tmp/log" || { tail -n 40 "$tmp/log"; return 1; }
}

# install old|new PACKAGE...
install()
{
	local name
	local -a files=()

	for name in "${@:2}"; do
		files+=("$(cd "$root" && echo run/"$1/${name}_"*)")
	done
	apt install --no-install-recommends "${files[@]/#//}"
}

# All files but those that other programs write.
files()
{
	(cd "$root" && find etc usr opt boot var/lib -xdev ! -path 'var/lib/apt*' ! -path 'var/lib/dpkg*' ! -path 'var/lib/dkms*' \
		! -path '*/__pycache__*' ! -path 'etc/ld.so.cache' ! -path '*/modules/*/modules.*' \
		! -path 'var/lib/systemd/deb-systemd-*' ! -path '*/lib/modules/*/updates*' \
		\( -type f -printf '%p %m %u %g %s\n' -o -type l -printf '%p %l\n' \)) | sort
}

modules()
{
	(cd "$root/usr/lib/modules/$kernel" && find updates -name '*.ko*' -printf '%f\n' 2>/dev/null) | sed 's/\.ko.*//' | sort | xargs
}

module_of()
{
	inside modinfo -k "$kernel" -n "$1"
}
