#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=600 suites=engines,engines-bookworm
# One checkpoint by docker, restored three times by docker.
set -uo pipefail
. tests/runtimes/docker.sh

fresh_module
machine_with_plugin
ok "the daemon starts" start_docker || bail "no docker"
ok "an image is made" make_image
ok "a container with --device starts" create "run --detach" server --device /dev/sysgenid || bail "no container"
check_control server
check_clones image server
runtime_remove a b c
# Docker looks at the device itself, before it asks criu.
check_no_module image 'adding custom device "/dev/sysgenid": no such file or directory' cat "$CR_DIR/refused.said"
ok "no process is left" wait_for 30 nobody_is_left
done_testing
