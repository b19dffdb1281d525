#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What apt would install with the packages, on a machine that has a kernel and nothing else: all that a node needs. Nothing is
# installed. A part of "make check-packages". usage: fresh.t bookworm|trixie
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
# shellcheck source=tests/kernels/apt.sh
. tests/kernels/apt.sh
suite=${1?usage: fresh.t bookworm|trixie}
debs=build/packages/$suite
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp"' EXIT

# would_install [OPTION]... FILE...: the names of what apt would install with a kernel and these packages
would_install()
{
	kernels_apt apt-get --simulate install linux-image-amd64 "$@" 2>"$tmp/error" | sed -n 's/^Inst \([^ ]*\) .*/\1/p' | sort
	((PIPESTATUS[0] == 0)) || cat "$tmp/error" >&2
}

# lacks NAME...: those that apt would not install
lacks()
{
	comm -13 <(echo "$installed") <(printf '%s\n' "$@" | sort) | xargs
}

packaging/build "$suite" >&2 || bail "the packages cannot be built"
: >"$tmp/status"
kernels_lists "$suite" "$suite" >"$tmp/log" 2>&1 || bail "there are no lists of $suite: $(tail -n 3 "$tmp/log")"
mapfile -t files < <(find "$PWD/$debs" -name '*.deb' ! -name '*-dbgsym_*')
# As in the README.
node=("$PWD/$debs"/sysgenid{,-dkms,-tools,-container-hooks}_*.deb "$PWD/$debs"/criu-plugin-sysgenid_*.deb)

installed=$(would_install "${node[@]}")
is "$(lacks sysgenid sysgenid-dkms sysgenid-tools sysgenid-container-hooks criu-plugin-sysgenid)" "" "apt would install a node's packages"
is "$(lacks criu dkms gcc make)" "" "and criu, and what builds the modules"
kernel=$(grep -E '^linux-image-[0-9]' <<<"$installed")
isnt "$kernel" "" "control: and a kernel"
is "$(lacks linux-headers-amd64 "linux-headers-${kernel#linux-image-}")" "" "and the headers of the kernel"
installed=$(would_install --no-install-recommends "${node[@]}")
is "$(lacks sysgenid criu linux-headers-amd64)" "criu linux-headers-amd64" "control: not without what the packages recommend"
installed=$(would_install "${files[@]}")
mapfile -t packages < <(sed -n 's/^Package: //p' debian/control)
is "$(lacks "${packages[@]}")" "" "all packages can be installed together"
done_testing
