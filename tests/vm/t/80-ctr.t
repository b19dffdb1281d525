#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=600 suites=engines,engines-bookworm
# One checkpoint by containerd's ctr, restored three times.
set -uo pipefail
. tests/runtimes/ctr.sh

# Prints the log that ctr names.
log_of()
{
	cat "$(grep -o '/run/containerd/.*/restore.log' "$CR_DIR/$1.said")"
}

fresh_module
machine_with_plugin
ok "containerd starts" start_containerd containerd || bail "no containerd"
ok "an image is made" make_image
ok "a container with --device starts" start server || bail "no container"
check_control server
# A dump by ctr ends the container.
runtime_remove server
ok "another container starts" start other
ok "it answers" tokens_of before "$(runtime_pid other)"
check_clones image other
runtime_remove a b c
check_no_module image "$NO_MODULE_REASON" log_of refused
ok "no process is left" wait_for 30 nobody_is_left
done_testing
