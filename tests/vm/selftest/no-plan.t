#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Ends too early, and happy.
. tests/vm/lib.sh
ok "true is true" true
exit 0
