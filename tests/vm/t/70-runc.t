#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=2048 timeout=300 suites=bookworm,trixie
# One checkpoint by runc, restored three times by runc.
set -uo pipefail
# shellcheck disable=SC2034  # for oci.sh
RUNTIME=runc
. tests/runtimes/oci.sh
. tests/vm/docs.sh

DENYING=$RT_DIR/denying

check_runtime
no_module
mkdir "$CR_DIR/page"
# shellcheck disable=SC2034  # for docs.sh
DOCS_WORDS=([BUNDLE]=$BUNDLE [IMAGE]=$CR_DIR/image [WORK]=$CR_DIR/page [NAME]=refused)
run_marked docs/containers.md tests/vm/t/70-runc.t fails
runtime_remove refused
fresh_module
make_bundle "$DENYING" '.linux.resources.devices = [{ allow: false, access: "rwm" }]'
# A name that is not the old one gets the copies into the old one's cgroup all the same, without its limits: runc's own.
check_refused image server "the device cgroup denies the counter" \
	'sysgenid: cannot open /dev/sysgenid: Operation not permitted.* allow it in the container.s device list' "$DENYING"
ok "a container whose device cgroup denies everything starts" oci_run denied "$DENYING"
ok "it is dumped" runtime_dump denied denied-image
ok "it is restored, although criu itself may open no device" runtime_restore denied-image again "$DENYING"
runtime_remove again
no_module
ok "the module is loaded with another minor" load_module minor=250
check_refused image refused "another minor on this machine" \
	'sysgenid: /dev/sysgenid is the device 10:243, but the counter is 10:250 here: load the module with minor=243'
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
