#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Images that were made on one Debian release and are restored on the other, whose kernel, libc and
# criu are other ones. Runs on the host.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp"' EXIT
truncate -s 64M "$tmp/disk"
count=0 failed=0

# step SUITE STEPS NAME: in a VM of that suite; the disk goes from VM to VM
step()
{
	local not=

	tests/vm/run "$1" --no-build --scratch "$tmp/disk" --append "CROSS_STEPS=$2" \
		tests/cr/cross >"$tmp/out" 2>&1 || not='not '
	count=$((count + 1))
	sed 's/^/    /' "$tmp/out"
	echo "${not}ok $count - $3"
	[[ -z $not ]] || failed=1
}

step bookworm make "images are made on bookworm"
step trixie restore+make "images of bookworm are restored on trixie, and images made there"
step bookworm restore "images of trixie are restored on bookworm"
echo "1..$count"
exit "$failed"
