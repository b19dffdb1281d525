#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/t/53-cr-faults.t with a counter file, on this machine's own kernel and in the root file system of Debian 13,
# which is many times as fast as an emulated machine. Some calls, drawn at random; with CHECK_ALL all of them.
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

((EUID == 0)) || skip_all "criu and a root file system of the test's own need root"
image=$(tests/vm/image trixie) && tests/vm/build trixie || bail "no project for Debian 13"

# inside COMMAND...: in namespaces, with nothing of this machine but its kernel, and without the caller's descriptors
inside()
{
	local number

	for number in /proc/"$BASHPID"/fd/*; do
		number=${number##*/}
		((number < 3)) || eval "exec $number>&-"
	done 2>/dev/null
	# shellcheck disable=SC2016  # expanded by the inner shell
	exec unshare --mount --pid --fork --kill-child --propagation private bash -euc '
		top=$1 sources=$2
		mount -t tmpfs tmpfs /mnt
		mkdir /mnt/upper /mnt/work /mnt/root
		mount -t overlay overlay -o "lowerdir=$top,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
		cd /mnt/root
		mkdir -p sysgenid old
		mount --bind "$sources" sysgenid
		mount --rbind /dev dev
		mount -t proc proc proc
		mount -t sysfs sysfs sys
		mount -t tmpfs tmpfs run
		mount -t tmpfs tmpfs tmp
		pivot_root . old
		cd /sysgenid
		umount -l /old
		shift 2
		exec "$@"' sh "$image/rootfs" "$PWD/build/vm-trixie/src" "$@"
}

why=$( (inside criu check) 2>&1 ) || skip_all "criu cannot work on this kernel: ${why##*$'\n'}"
places=15
[[ -z ${CHECK_ALL-} ]] || places=1000
inside env ONLY_FILE=yes PLACES="$places" tests/vm/t/53-cr-faults.t
