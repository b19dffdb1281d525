#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
. tests/vm/lib.sh
ok "true is true" true
skip "a thing that cannot be checked" "no reason"
done_testing
