#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Has a child that ignores polite signals, too.
. tests/vm/lib.sh
ok "true is true" true
(trap '' TERM INT HUP && exec sleep 1000) &
wait
done_testing
