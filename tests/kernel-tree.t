#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# "make kernel-tree": the series of patches applies to Debian's sources of Linux, and checkpatch has nothing to say.
# With --all it builds at each step, and the KUnit tests pass in a kernel that runs as a process. Runs on the host, inside of
# Debian 13's image with the compiler's tools laid over it.
# usage: kernel-tree.t [--all] [SERIES]...   without a series: 6.12, and with --all the newest one, too
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
LAY=packaging/kernel-tree/lay
NEWEST=7.3
all=
[[ ${1-} != --all ]] || { all=yes; shift; }
SERIES=("$@")
(($#)) || SERIES=(6.12 ${all:+"$NEWEST"})
# What the patches change, and checkpatch.
CHANGED=(Kbuild Makefile MAINTAINERS Documentation/userspace-api/ioctl/ioctl-number.rst drivers/virt/{Kconfig,Makefile}
	tools/testing/selftests/Makefile)
CHECKPATCH=(scripts/{checkpatch.pl,spelling.txt,const_structs.checkpatch})
# Its exceptions: for the module's source, and for the rest of the series.
CONFS=(kernel/.checkpatch.conf packaging/kernel-tree/checkpatch.conf)
count=0 failed=0
tmp=$(mktemp -d)
trap 'rm -rf --one-file-system -- "$tmp"' EXIT

# All drivers as modules, in a kernel with nothing else that does not need to be there.
OPTIONS=(64BIT SMP MODULES SYSFS PROC_FS NET MULTIUSER NAMESPACES PID_NS ACPI PCI VIRTIO_MENU VIRTIO_PCI HW_RANDOM VIRT_DRIVERS
	VMGENID PRINTK DEBUG_KERNEL PROVE_LOCKING)
DRIVERS=(SYSGENID SYSGENID_VMGENID SYSGENID_VMCLOCK SYSGENID_VIRTIO_RNG)
# The kernel as a process: built in, with the KUnit tests.
PROCESS=(64BIT SYSFS PROC_FS NET MULTIUSER NAMESPACES PID_NS VIRT_DRIVERS PRINTK KUNIT SYSGENID SYSGENID_KUNIT_TEST STDERR_CONSOLE
	DEBUG_KERNEL DEBUG_LIST)

result()
{
	local not=

	(($1 == 0)) || not='not ' failed=1
	count=$((count + 1))
	echo "${not}ok $count - $2"
	[[ -z $not || ! -s $tmp/log ]] || tail -n 30 "$tmp/log" | sed 's/^/# /'
	: >"$tmp/log"
}

# Runs a command in the source. Only that can be written, and there is no network.
in_tree()
{
	# shellcheck disable=SC2016  # expanded by the inner shell
	unshare --mount --net --pid --fork --kill-child --propagation private bash -euc '
		mount -t overlay overlay -o "lowerdir=$2/tools:$1/rootfs" "$3/root"
		mount --bind "$3/tree" "$3/root/sysgenid"
		mount --rbind /dev "$3/root/dev"
		mount -t proc proc "$3/root/proc"
		mount -t tmpfs tmpfs "$3/root/tmp"
		cd "$3/root"
		# Not exec: make as the first process of a PID namespace does not end at a signal, it spins.
		chroot . /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 \
			KBUILD_BUILD_USER=sysgenid KBUILD_BUILD_HOST=sysgenid sh -euc "cd /sysgenid; $4" || exit
		' sh "$image" "$source" "$tmp" "$1" >>"$tmp/log" 2>&1
}

unpack()
{
	rm -rf --one-file-system -- "$tmp/tree" "$tmp/small"
	mkdir -p "$tmp/root" "$tmp/tree" "$tmp/small"
	local -a only=()

	[[ $all ]] || only=("${CHANGED[@]/#/*/}" "${CHECKPATCH[@]/#/*/}")
	# Wildcards without slashes: of several files named Makefile only those of that folder.
	dpkg-deb --fsys-tarfile "$source/linux.deb" | tar -xO --wildcards '*.tar.xz' |
		tar -xJ --strip-components=1 -C "$tmp/tree" --wildcards --no-wildcards-match-slash "${only[@]}"
}

refuses()
{
	! "$LAY" "$1" "$tmp/patches" >/dev/null 2>"$tmp/log" && grep -q -e "$2" "$tmp/log"
}

# Laid into a small part of the tree; the rest shows what the patches do.
lay_series()
{
	(cd "$tmp/tree" && cp --parents "${CHANGED[@]}" "$tmp/small")
	refuses "$tmp/root" 'is no Linux source'
	result $? "$series: a folder that is no Linux source is refused"
	# As docs/upstream.md has it, which also says where the patches are then.
	make kernel-tree LINUX="$tmp/small" >"$tmp/log" 2>&1 && mkdir -p "$tmp/patches" &&
		cp build/kernel-tree/000[0-7]-*.patch "$tmp/patches"
	result $? "$series: the drivers are laid into the source"
	refuses "$tmp/small" 'already'
	result $? "$series: a source that has them is refused"
}

# configure COMMAND VALUE OPTION... -- OPTION...: those before -- built in, the others as VALUE
configure()
{
	local make=$1 value=$2 option to=y

	shift 2
	for option; do
		if [[ $option == -- ]]; then
			to=$value
		else
			echo "CONFIG_$option=$to"
		fi
	done >"$tmp/tree/kernel-tree.config"
	in_tree "$make KCONFIG_ALLCONFIG=kernel-tree.config allnoconfig" || return
	! grep -vxF -f "$tmp/tree/.config" "$tmp/tree/kernel-tree.config" >>"$tmp/log"
}

same_as_laid()
{
	local file

	while read -r -d '' file; do
		cmp -- "$file" "$tmp/tree/${file#"$tmp/small/"}" || return
	done < <(find "$tmp/small" -type f -print0)
}

apply_steps()
{
	local patch step wanted

	for patch in "$tmp/patches"/000[1-9]-*.patch; do
		step=${patch##*/} step=${step%.patch}
		(cd "$tmp/tree" && patch -p1 -s -f) <"$patch" >"$tmp/log" 2>&1
		result $? "$series: $step: the patch applies"
		[[ $all ]] || continue
		mapfile -t wanted < <(printf '%s\n' "${DRIVERS[@]}" | while read -r name; do
			! grep -rqsx "config $name" "$tmp/tree/drivers/virt/sysgenid/Kconfig" || echo "$name"
		done)
		((${#wanted[@]})) || continue
		configure make m "${OPTIONS[@]}" -- "${wanted[@]}" &&
			in_tree "make -s -j$(nproc) W=1 KCFLAGS=-Werror drivers/virt/sysgenid/"
		result $? "$series: $step: ${#wanted[@]} drivers build with W=1 and warnings as errors"
	done
	same_as_laid >"$tmp/log" 2>&1
	result $? "$series: after all patches the tree is what was laid"
}

control()
{
	echo 'int sysgenid_undeclared(void) { return 0; }' >>"$tmp/tree/drivers/virt/sysgenid/core/notify.c"
	! in_tree "make -s W=1 KCFLAGS=-Werror drivers/virt/sysgenid/" && grep -q 'no previous prototype' "$tmp/log"
	result $? "$series: control: the build finds a fault"
	sed -i '$d' "$tmp/tree/drivers/virt/sysgenid/core/notify.c"
}

# What checkpatch reports without exceptions; not in a folder that has a .checkpatch.conf. It complains of its own look for a
# tree's headers. Did it not run, no exception would be needed, and that is looked at.
checkpatch()
(
	cd "$tmp" && perl "$tmp/tree/scripts/checkpatch.pl" --strict --terse --quiet --show-types --no-tree --no-summary \
		--max-line-length=100 "$@" 2>/dev/null
)

# not_excepted FILE: what is reported there and is no exception
not_excepted()
{
	local types

	types=$(sed -n 's/^--ignore=//p' "${CONFS[@]}" | paste -sd '|')
	! grep -vE ": (ERROR|WARNING|CHECK):($types): |^\$" "$1"
}

# reasonless CONF: exceptions without a comment in the line above
reasonless()
{
	awk '/^--ignore=/ && above !~ /^# [^ ]/ { print FILENAME ": " $0 } { above = $0 }' "$1"
}

# stale_exceptions CONF FILE: those that nothing is reported of. What a newer checkpatch reports, by "Since N:", is left to that.
stale_exceptions()
{
	local since type

	while read -r since type; do
		[[ $(printf '%s\n' "$since" "$series" | sort -V | head -n 1) == "$since" ]] || continue
		grep -qE ": (ERROR|WARNING|CHECK):$type: " "$2" || echo "$1: $type"
	done < <(awk '
		/^# / { since = match($0, /^# Since [0-9.]+:/) ? substr($3, 1, length($3) - 1) : 0 }
		sub(/^--ignore=/, "") { print since " " $0 }' "$1")
}

# refused NAME COMMAND...: for a control, that one of these finds NAME
refused()
{
	grep -qF -- "$1" <<<"$("${@:2}")"
}

check_exceptions()
{
	local conf=$tmp/checkpatch.conf file

	for file in "${CONFS[@]}"; do
		reasonless "$file"
	done >"$tmp/log"
	[[ ! -s $tmp/log ]]
	result $? "$series: each exception of checkpatch has its reason above it"
	# The module's own exceptions: of what the patches of its source have, and of what they leave out of it.
	{
		grep -v '/000[37]-' "$tmp/reported"
		checkpatch -f "$PWD/kernel/include/compat.h"
	} >"$tmp/of-module"
	{
		stale_exceptions "${CONFS[0]}" "$tmp/of-module"
		stale_exceptions "${CONFS[1]}" "$tmp/reported"
	} >"$tmp/log"
	[[ ! -s $tmp/log ]]
	result $? "$series: each is of something that checkpatch reports"
	printf '%s\n' '# Why' --ignore=VOLATILE --ignore=LONG_LINE '# Since 6.1: why' --ignore=C99_COMMENTS '# Since 99.0: why' \
		--ignore=SPACING >"$conf"
	refused "$conf: --ignore=LONG_LINE" reasonless "$conf"
	result $? "$series: control: an exception has no reason"
	[[ $(stale_exceptions "$conf" "$tmp/reported") == "$conf: LONG_LINE"$'\n'"$conf: C99_COMMENTS" ]]
	result $? "$series: control: exceptions are of nothing that is reported"
}

check_style()
{
	checkpatch "$tmp/patches"/000[1-9]-*.patch >"$tmp/reported"
	not_excepted "$tmp/reported" >"$tmp/log"
	result $? "$series: checkpatch --strict has nothing to say, but for the exceptions"
	check_exceptions
	sed 's/^+static .*kunit_init(struct kunit \*test)$/&   /' "$tmp/patches"/0003-*.patch >"$tmp/spoilt.patch"
	checkpatch "$tmp/spoilt.patch" >"$tmp/spoilt"
	refused TRAILING_WHITESPACE not_excepted "$tmp/spoilt"
	result $? "$series: control: checkpatch finds a fault"
}

build_selftest()
{
	in_tree "make -s -j$(nproc) headers && make -s -C tools/testing/selftests/sysgenid" &&
		[[ -x $tmp/tree/tools/testing/selftests/sysgenid/abi ]]
	result $? "$series: the selftest builds"
}

# Builds the kernel as a process, and runs it: it ends after the tests.
kunit()
{
	in_tree "make -s ARCH=um -j$(nproc) linux" || return
	in_tree "timeout 60 ./linux mem=128M kunit.enable=1 kunit.autorun=1 kunit_shutdown=poweroff </dev/null" || :
	sed -nE '/^KTAP/,${ /^ *(not )?ok |pass:/s/^/#/p }' "$tmp/log"
}

run_kunit()
{
	local suite said

	configure "make ARCH=um" y "${PROCESS[@]}"
	result $? "$series: a kernel that runs as a process can have the driver built in"
	said=$(kunit)
	printf '%s\n' "$said"
	for suite in sysgenid-tickets sysgenid-watchers; do
		grep -qE "^#ok [0-9]+ $suite" <<<"$said"
		result $? "$series: KUnit: $suite passes"
	done
	sed -i 's/return (u32)ticket ? ticket : ticket + 1;/return ticket;/' "$tmp/tree/drivers/virt/sysgenid/core/counter.c"
	grep -qE '^# *not ok [0-9]+ kunit_zero_is_skipped' <<<"$(kunit)"
	result $? "$series: control: KUnit finds a driver that draws the number 0"
}

((EUID == 0)) || { echo "Bail out! this mounts and enters the suite's image: run it as root"; exit 1; }
image=$(tests/vm/image trixie) || exit
: >"$tmp/log"
for series in "${SERIES[@]}"; do
	source=$(tests/kernels/source "$series") || exit
	unpack || exit
	lay_series
	check_style
	apply_steps
	[[ $all ]] || continue
	control
	build_selftest
	[[ $series != "$NEWEST" ]] || run_kunit
done
echo "1..$count"
exit "$failed"
