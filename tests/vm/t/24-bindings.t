#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The examples of docs/bindings.md on the device: those that the test machine can build and run.
set -uo pipefail
. tests/vm/payload.sh

fresh_module
tests/bindings.t session.c session.py session.mjs
status=$?
unload_module || status=1
exit "$status"
