#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A user without privileges cannot trigger, write the page, take memory without bound, or hold up a
# wait that has a limit.
# vm: smp=2 suites=bookworm,trixie,backports
set -uo pipefail
. tests/vm/payload.sh

cgroup=/sys/fs/cgroup/sysgenid-test

need_module
echo +memory >/sys/fs/cgroup/cgroup.subtree_control || bail "no memory cgroups"
mkdir "$cgroup" || bail "no memory cgroup"
run_payload unprivileged limits "$cgroup"
run_payload unprivileged waits
ok "the module can be unloaded after all this" unload_module
done_testing
