#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The driver builds without a warning. The build itself was done with the image's tools, before the VM was started.
set -uo pipefail
. tests/vm/payload.sh

strict_log()
{
	# There is no kernel image with debug information on a usual machine: that is no warning.
	grep -v '^Skipping BTF generation for .* due to unavailability of vmlinux$' "$PAYLOAD/strict.log"
}

is "$(cat "$PAYLOAD/strict.status")" 0 "the driver builds with W=1, sparse, and warnings as errors"
is "$(strict_log)" '' "and nothing is printed meanwhile"
done_testing
