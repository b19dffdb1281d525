#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# libsysgenid with the module: the C program lib-guest does the checks and prints the TAP.
# vm: smp=2
set -uo pipefail
. tests/vm/lib.sh

# shellcheck disable=SC2119  # without parameters
load_module || bail "the kernel module cannot be loaded"
"${BUILD:-build}/tests/unit/lib-guest"
status=$?
unload_module || status=1
exit "$status"
