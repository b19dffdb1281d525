#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=400 suites=engines
# podman's checkpoints in two steps: --pre-checkpoint, and --with-previous, which has the pages that changed after it. The parts
# of criu's own chains are tested in 55-cr-chains.
set -uo pipefail
. tests/runtimes/podman.sh

# copies_of_chain WHAT: a container is dumped in two steps, and restored twice
copies_of_chain()
{
	local copy
	local -a made=(--compress none --export)

	ok "$1: a container starts" start chain --device sysgenid.dev/counter=device
	ok "$1: it answers" tokens_of chain "$(runtime_pid chain)"
	ok "$1: --pre-checkpoint" p container checkpoint --pre-checkpoint "${made[@]}" "$CR_DIR/pre.tar" chain
	ok "$1: it answers in between" tokens_of between "$(runtime_pid chain)"
	ok "$1: --with-previous" p container checkpoint --with-previous "${made[@]}" "$CR_DIR/last.tar" chain
	runtime_remove chain
	for copy in x y; do
		ok "$1: it is restored as $copy" p container restore --import-previous "$CR_DIR/pre.tar" \
			--import "$CR_DIR/last.tar" --name $copy
		ok "$1: $copy answers" tokens_of $copy "$(runtime_pid $copy)"
	done
	runtime_remove x y
	rm -f "$CR_DIR/pre.tar" "$CR_DIR/last.tar"
}

fresh_module
install -D -m 644 runtime-hooks/cdi/sysgenid.json /etc/cdi/sysgenid.json
ok "an image is made" make_image
# Both suites have it, and can checkpoint with it.
OCI_RUNTIME=runc
machine_with_silent_plugin
copies_of_chain control
isnt "$(shared_tokens x y)" 0 "control: without the plugin's work the copies hand out the same tokens"
machine_with_plugin
copies_of_chain chain
is "$(shared_tokens chain between x y)" 0 "chain: no token is handed out twice"
for copy in x y; do
	isnt "$(last_generation $copy)" "$(last_generation between)" "chain: $copy is on a new generation"
done
ok "no process is left" wait_for 30 nobody_is_left
done_testing
