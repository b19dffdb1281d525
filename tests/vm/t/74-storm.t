#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: smp=2 mem=3072 timeout=400 suites=trixie boot=own
# A hundred restores of one image at the same time; on one suite, since that takes minutes in an emulated machine.
set -uo pipefail
. tests/cr/lib.sh

SERVER=/sysgenid/build/demo/token-server
CLONES=100

answers()
{
	pid_of "$1" && "$SERVER" ask "/proc/$PID/root/run/token" 1
}

# Each clone writes its token, or nothing.
restore_and_ask()
{
	restore image "$1" >"$CR_DIR/$1.said" 2>&1 && wait_for 60 answers "$1" &&
		answers "$1" >"$CR_DIR/token-$1"
}

fresh_module
install_plugin
with_plugin
ok "a server starts" container_start server "$SERVER" serve /run/token
ok "it answers" wait_for 30 answers server
before=$(answers server)
ok "it is dumped" dump server image
for ((n = 1; n <= CLONES; n++)); do
	restore_and_ask "clone$n" &
done
wait
mapfile -t tokens < <(cat "$CR_DIR"/token-*)
is "${#tokens[@]}" "$CLONES" "$CLONES restores at the same time: every copy runs and answers"
is "$(printf '%s\n' "$before" "${tokens[@]}" | cut -d' ' -f1 | sort | uniq -d)" "" "no token is handed out twice"
is "$(printf '%s\n' "$before" "${tokens[@]}" | cut -d' ' -f2 | sort | uniq -d)" "" "nor random bytes of libc's getrandom"
is "$(printf '%s\n' "${tokens[@]}" | grep -c " ${before##* }\$")" 0 "none is on the generation of the dump"
for ((n = 1; n <= CLONES; n++)); do
	container_kill "clone$n"
done
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
