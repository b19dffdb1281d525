#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
. tests/vm/lib.sh
ok "the scratch disk can be written" sh -c 'echo "from the first VM" >/dev/vdc && sync'
done_testing
