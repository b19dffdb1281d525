#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The packages of a release are installed, upgraded and purged in a VM of it. Takes minutes: a part of "make check-packages".
# usage: vm.t bookworm|trixie
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
suite=${1?usage: vm.t bookworm|trixie}
debs=build/packages/$suite
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp"' EXIT

# The scratch disk has this version's packages, and the same ones with an older version's number, and a suffix.
packaging/build "$suite" >&2 && packaging/build "$suite" --version 0.1.9+local1 --to "build/packages/$suite-old" >&2 ||
	{ echo "Bail out! the packages cannot be built"; exit 1; }
mkdir "$tmp/old" "$tmp/new"
cp "$debs"/*.deb "$tmp/new"
cp "$debs-old"/*.deb "$tmp/old"
rm "$tmp"/*/*-dbgsym_*
tests/packages/modules "$suite" "$tmp/modules" old new >&2 || { echo "Bail out! DKMS cannot build the modules"; exit 1; }
tar -c -f "$tmp/disk" -C "$tmp" old new modules
tests/vm/run "$suite" --timeout 2400 --mem 2048 --scratch "$tmp/disk" tests/packages/install
