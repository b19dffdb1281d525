#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs after a test that left a process behind.
. tests/vm/lib.sh
not_ok "processes of the test before are gone" pgrep -x sleep
done_testing
