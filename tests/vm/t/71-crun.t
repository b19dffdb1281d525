#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=2048 timeout=300 suites=trixie,backports
# One checkpoint by crun, restored three times by crun. Debian 12's crun is built without checkpoints.
set -uo pipefail
# shellcheck disable=SC2034  # for oci.sh
RUNTIME=crun
. tests/runtimes/oci.sh

check_runtime
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
