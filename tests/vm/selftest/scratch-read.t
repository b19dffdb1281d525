#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
. tests/vm/lib.sh
is "$(head -n 1 /dev/vdc)" "from the first VM" "the scratch disk brings data from another VM"
is "${COLOUR-}" green "a word given with --append is in the environment"
done_testing
