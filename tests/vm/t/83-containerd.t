#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=600 suites=engines
# A pod's container is checkpointed over CRI, as a kubelet does it, and restored in three pods.
set -uo pipefail
. tests/runtimes/cri.sh

fresh_module
machine_with_plugin
ok "a client for the interface is made" make_client
ok "a registry starts" start_registry
ok "containerd starts" start_containerd || bail "no containerd"
ok "images are made" make_images
ok "a pod with a CDI device starts" start server || bail "no container"
check_control server
check_clones image server
runtime_remove a b c
done_testing
