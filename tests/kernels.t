#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The modules build for Debian's kernels with W=1 and sparse, and no warning comes out. Runs on the host, inside the
# suites' images with the kernels' headers laid over them.
# usage: kernels.t [--all]   without: the plain kernel of each suite; with it: each series and flavour
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
all=${1-}
count=0 failed=0
tmp=$(mktemp -d)
trap 'rm -rf --one-file-system -- "$tmp"' EXIT

result()
{
	local not=

	(($1 == 0)) || not='not ' failed=1
	count=$((count + 1))
	echo "${not}ok $count - $2"
	[[ -z $not ]] || tail -n 30 "$tmp/log" | sed 's/^/# /'
}

copy_sources()
{
	rm -rf -- "$tmp/sources"
	mkdir "$tmp/sources"
	cp -a kernel VERSION "$tmp/sources"
}

# strict IMAGE HEADERS KERNEL: only the copy of the sources can be written, and there is no network. Type information for
# debuggers is left out: some kernels' headers want pahole for it.
strict()
{
	# shellcheck disable=SC2016  # expanded by the inner shell
	unshare --mount --net --pid --fork --kill-child --propagation private bash -euc '
		mkdir -p "$4/root"
		mount -t overlay overlay -o "lowerdir=$2:$1/rootfs" "$4/root"
		mount --bind "$4/sources" "$4/root/sysgenid"
		mount --rbind /dev "$4/root/dev"
		mount -t proc proc "$4/root/proc"
		mount -t tmpfs tmpfs "$4/root/tmp"
		cd "$4/root"
		# Not exec: make as the first process of a PID namespace does not end at a signal, it spins.
		chroot . /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp \
			LC_ALL=C.UTF-8 make -s -C /sysgenid/kernel KVER="$3" BUILD=/tmp/build \
			CONFIG_DEBUG_INFO_BTF_MODULES= strict || exit
		' bash "$1" "$2" "$3" "$tmp" >"$tmp/log" 2>&1
}

# Debian's headers of Linux 7 lack the script that asks whether sparse is there. The control below shows that it is.
printed()
{
	grep -v -e 'scripts/checker-valid.sh: No such file or directory$' \
		-e 'C=2 specified, but sparse is not available or not up to date$' "$tmp/log"
}

# A fault that only the compiler or only sparse sees.
control()
{
	copy_sources
	echo "$3" >>"$tmp/sources/kernel/core/notify.c"
	! strict "$image" "$headers" "$1" && grep -q -e "$4" "$tmp/log"
	result $? "$1: control: $2 finds a fault"
}

check_kernel()
{
	local status=0

	copy_sources
	strict "$image" "$headers" "$1" || status=1
	[[ -z $(printed) ]] || status=1
	result "$status" "$1: the modules build with W=1, sparse and warnings as errors, and nothing is printed"
}

check_suite()
{
	local kernel last=

	image=$(tests/vm/image "$1") && headers=$(tests/kernels/headers "$1") || exit
	while read -r kernel; do
		last=$kernel
		[[ -z $all && ! $kernel =~ ^($2)-amd64$ ]] || check_kernel "$kernel"
	done <"$headers/kernels"
	[[ -n $last ]] || exit
	control "$last" "the compiler" 'int sysgenid_undeclared(void) { return 0; }' \
		'no previous prototype'
	control "$last" sparse \
		'static int __maybe_unused planted(int __user *at) { return *at; }' 'dereference of noderef'
}

# built_with [CONFIG=VALUE]: the modules that Kbuild builds
built_with()
{
	printf 'include kernel/Kbuild\nall:\n\t@echo $(obj-m)\n' | make -s -f - src=kernel "$@" all 2>/dev/null
}

check_acpi()
{
	[[ $(built_with CONFIG_ACPI=y) == "sysgenid.o virtio-rng.o sysgenid_vmgenid.o sysgenid_vmclock.o" ]]
	result $? "all modules are built for a kernel with ACPI"
	[[ $(built_with CONFIG_ACPI=) == "sysgenid.o virtio-rng.o" ]]
	result $? "the modules that need ACPI are left out without it"
}

((EUID == 0)) || { echo "Bail out! this mounts and enters the suites' images: run it as root"; exit 1; }
check_acpi
check_suite bookworm '6\.1\.0-[0-9]+'
check_suite trixie '(6\.12|7\.3)\.[0-9]+\+deb13'
echo "1..$count"
exit "$failed"
