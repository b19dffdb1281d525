#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
. tests/vm/lib.sh
ok "true is true" true
ok "false is true" false
ok "what is only to be done # TODO later" false
done_testing
