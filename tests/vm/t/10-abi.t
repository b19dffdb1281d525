#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the uapi header says about the device, sentence by sentence, by a 64-bit program.
# vm: smp=2 suites=bookworm,trixie,backports
set -uo pipefail
. tests/vm/payload.sh

need_module
run_payload abi
ok "the module can be unloaded after all this" unload_module
done_testing
