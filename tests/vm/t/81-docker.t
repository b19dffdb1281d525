#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=600 suites=engines,engines-bookworm
# One checkpoint by docker, restored three times by docker; and what docker cannot do, in the words that docs/containers.md quotes.
set -uo pipefail
. tests/runtimes/docker.sh

# start_from CHECKPOINT OPTION... CONTAINER...
start_from()
{
	docker start --checkpoint "$@" 2>&1
}

# The container "server" runs. docker start does nothing then, whatever the checkpoint.
check_running()
{
	local before

	before=$(runtime_pid server)
	ok "running: the container's own checkpoint is made" docker checkpoint create --leave-running test-server own
	ok "running: docker start --checkpoint reports success" start_from own test-server
	is "$(runtime_pid server)" "$before" "running: and has restored nothing"
	engine_says "$(docker checkpoint create --leave-running test-server own 2>&1)" 'already exists for container' \
		"a second checkpoint of the same name"
}

# After the checkpoint "image" was made.
check_words()
{
	engine_says "$(docker create --name a "$IMAGE" /bin/sleep 2>&1)" 'Invalid container name' "a name of one letter"
	ok "a container is created" create create copy --device /dev/sysgenid
	ok "and another one" create create other --device /dev/sysgenid
	engine_says "$(start_from image --checkpoint-dir "$CR_DIR/checkpoints" test-copy)" 'custom checkpointdir is not supported' \
		"a checkpoint elsewhere"
	engine_says "$(start_from image test-copy)" 'does not exist for container' "a checkpoint of another container"
	engine_says "$(start_from image test-copy test-other)" 'you cannot restore multiple containers at once' "two containers at once"
	is "$(docker ps --quiet)" "" "nothing of all that has started a container"
	runtime_remove copy other
}

fresh_module
machine_with_plugin
ok "the daemon starts" start_docker || bail "no docker"
ok "an image is made" make_image
ok "a container with --device starts" create "run --detach" server --device /dev/sysgenid || bail "no container"
# The page quotes Debian 13's docker.
[[ $VM_SUITE != engines ]] || check_running
check_control server
check_clones image server
runtime_remove a b c
[[ $VM_SUITE != engines ]] || check_words
# Docker looks at the device itself, before it asks criu.
check_no_module image 'adding custom device "/dev/sysgenid": no such file or directory' cat "$CR_DIR/refused.said"
engine_says "$(said refused)" 'adding custom device "/dev/sysgenid": no such file or directory' "module not loaded"
ok "no process is left" wait_for 30 nobody_is_left
done_testing
