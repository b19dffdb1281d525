#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A test of the Python package (default: python.t) with the Python of Debian 13 (3.13), in a chroot of the test VM's image. As root.
set -euo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.."
root=$(tests/vm/image trixie)/rootfs
# shellcheck disable=SC2016  # expanded by the inner shell
exec unshare --mount --net --ipc --uts --pid --fork --kill-child --propagation private bash -euc '
	mount --bind "$1" "$1"
	mount -o remount,bind,ro "$1"
	mount --bind . "$1/sysgenid"
	mount --rbind /dev "$1/dev"
	mount -t proc proc "$1/proc"
	mount -t tmpfs tmpfs "$1/tmp"
	cd "$1"
	exec chroot . /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 \
		/usr/bin/python3 -B "/sysgenid/tests/$2"
	' bash "$root" "${1:-python.t}"
