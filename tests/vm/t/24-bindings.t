#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The examples of docs/bindings.md on the device: those that the test machine can build and run.
set -uo pipefail
. tests/vm/lib.sh

# shellcheck disable=SC2119  # without parameters
load_module || bail "the kernel module cannot be loaded"
tests/bindings.t session.c session.py session.mjs
status=$?
unload_module || status=1
exit "$status"
