#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# All its checks are good, but the kernel logs a warning.
. tests/vm/lib.sh
ok "a line is written to the kernel log" sh -c 'echo "WARNING: selftest" >/dev/kmsg'
done_testing
