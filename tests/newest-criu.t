#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The plugin under the criu of Debian's next release (4.2), on Debian 13's kernel.
# Runs on the host. A newer criu comes with the suite backports.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp"' EXIT
archive=$(tests/cr/newest-criu forky) || {
	echo "Bail out! there is no newer criu to test with, see above"
	exit 1
}
cp -- "$archive" "$tmp/disk"
# A disk is as long as its last whole sector; tar's own padding is a multiple of it.
tests/vm/run trixie --no-build --timeout 240 --scratch "$tmp/disk" tests/cr/newest
