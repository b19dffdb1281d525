#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the uapi header says about the device, sentence by sentence, by a 32-bit program.
# vm: smp=2
set -uo pipefail
. tests/vm/payload.sh

need_module
like "$(head -c 5 "$PAYLOAD/abi32" | od -An -tx1)" ' 7f 45 4c 46 01' "abi32 is a 32-bit program"
run_payload abi32
ok "the module can be unloaded after all this" unload_module
done_testing
