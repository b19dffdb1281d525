#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/t/53-cr-faults.t with a counter file, on this machine's own kernel and in the root file system of Debian 13, which
# is many times as fast as an emulated machine.
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

((EUID == 0)) || bail "criu and a root file system of the test's own need root"
why=$(tests/vm/here trixie criu check 2>&1) || bail "criu cannot work on this kernel: ${why##*$'\n'}"
exec tests/vm/here trixie env ONLY_FILE=yes tests/vm/t/53-cr-faults.t
