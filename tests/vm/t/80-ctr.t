#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=600 suites=engines,engines-bookworm
# One checkpoint by containerd's ctr, restored three times; and what ctr does in its own way, as docs/containers.md has it.
set -uo pipefail
. tests/runtimes/ctr.sh

# Prints the log that ctr names.
log_of()
{
	cat "$(grep -o '/run/containerd/.*/restore.log' "$CR_DIR/$1.said")"
}

# has_mark NAME: is that in the container's /run, which the image does not have?
has_mark()
{
	test -e "/proc/$(runtime_pid "$1")/root/run/mark"
}

# A restore without --live starts the command anew.
check_own_ways()
{
	ok "own ways: a container starts" start third
	ok "own ways: it answers" tokens_of third "$(runtime_pid third)"
	touch "/proc/$(runtime_pid third)/root/run/mark"
	ok "own ways: it is dumped" runtime_dump third marked
	ok "own ways: it goes on" tokens_of third "$(runtime_pid third)"
	runtime_remove third
	ok "own ways: with --live it is restored" runtime_restore marked live
	ok "own ways: with what it had in memory" has_mark live
	ok "own ways: without --live ctr reports success" ctr containers restore --rw cold localhost/marked:latest
	ok "own ways: a container runs" tokens_of cold "$(runtime_pid cold)"
	not_ok "own ways: and it is started anew" has_mark cold
	runtime_remove live cold
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
# The page speaks of Debian 13's ctr.
[[ $VM_SUITE != engines ]] || check_own_ways
check_no_module image "$NO_MODULE_REASON" log_of refused
ok "no process is left" wait_for 30 nobody_is_left
done_testing
