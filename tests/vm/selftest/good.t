#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A test as it should be.
. tests/vm/lib.sh
ok "true is true" true
is "$VM_PHASE" 1 "a first run has phase 1"
done_testing
