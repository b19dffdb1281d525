#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The RPMs can be built, and rpmlint finds nothing but what packaging/rpm/rpmlint.toml gives reasons for. Nothing installs
# them here. A part of "make check-packages".
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

built=build/packages/trixie-rpm
# What it prints are sizes and names.
make rpm
is "$?" 0 "make rpm builds packages in which rpmlint finds nothing"
is "$(cd "$built" && printf '%s\n' *.rpm | sed -E 's/-[0-9.]+-1\..*//' | sort -u | xargs)" \
	"criu-plugin-sysgenid libsysgenid libsysgenid-devel libsysgenid-preload nodejs-sysgenid openssl-provider-sysgenid python3-sysgenid sysgenid sysgenid-container-hooks sysgenid-debuginfo sysgenid-dkms sysgenid-tools sysgenid-virtio-rng" \
	"all packages are there"
like "$(tail -n 1 "$built.log")" "[1-9][0-9]* packages .* 0 errors, 0 warnings, [1-9][0-9]* filtered" "control: rpmlint has looked at them"
done_testing
