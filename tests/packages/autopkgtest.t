#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Debian's autopkgtest runs the tests of debian/tests in a VM of a release. Takes minutes: a part of "make check-packages".
# usage: autopkgtest.t bookworm|trixie
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
suite=${1?usage: autopkgtest.t bookworm|trixie}
debs=build/packages/$suite
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp"' EXIT

packaging/build "$suite" >&2 || bail "the packages cannot be built"
packaging/build "$suite" --version 0.1.9 --to "$debs-old" >&2 || bail "those of the version before cannot be built"
tool=$(tests/packages/download "$suite" autopkgtest) || bail "there is no autopkgtest, see above"
mkdir "$tmp/new" "$tmp/archive" "$tmp/tool" "$tmp/source"
cp "$debs"/*.deb "$tmp/new"
cp "$debs-old"/*.deb "$tmp/archive"
rm "$tmp"/{new,archive}/*-dbgsym_*
(cd "$tmp/archive" && dpkg-scanpackages --multiversion . >Packages 2>/dev/null) || bail "there is no index of packages"
cp "$tool"/*.deb "$tmp/tool"
tar -x -f "$debs"/sysgenid_*.tar.* -C "$tmp/source" --strip-components=1 || bail "no source package"
tests/packages/modules "$suite" "$tmp/modules" old new >&2 || bail "DKMS cannot build the modules"
tar -c -f "$tmp/disk" -C "$tmp" new archive tool source modules
tests/vm/run "$suite" --timeout 3600 --mem 2048 --scratch "$tmp/disk" tests/packages/autopkgtest
