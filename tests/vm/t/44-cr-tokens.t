#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A server whose random numbers come from OpenSSL's generator in its own memory. Without the
# counter two clones hand out the same tokens, and criu sees nothing wrong with it.
set -uo pipefail
. tests/cr/lib.sh

SERVER=/sysgenid/build/demo/token-server
TOOL=/sysgenid/build/tools/sysgenid
ROUNDS=3

answers()
{
	pid_of "$1" && "$SERVER" ask "/proc/$PID/root/run/token" "$2"
}

# tokens_of_clones NAME: the server is dumped and restored twice; tokens go to $CR_DIR/NAME-a and -b
tokens_of_clones()
{
	local clone

	ok "$1: the server starts" container_start "$1" "$SERVER" serve /run/token
	ok "$1: it answers" wait_for 30 answers "$1" 1
	ok "$1: it is dumped" dump "$1" "image-$1"
	for clone in a b; do
		ok "$1: clone $clone is restored" restore "image-$1" "$1-$clone"
		ok "$1: clone $clone answers" wait_for 30 answers "$1-$clone" 1
		answers "$1-$clone" "$ROUNDS" | cut -d' ' -f1 >"$CR_DIR/$1-$clone"
		is "$(wc -l <"$CR_DIR/$1-$clone")" "$ROUNDS" "$1: clone $clone hands out tokens"
	done
}

end_clones()
{
	container_kill "$1-a"
	container_kill "$1-b"
}

# status_of NAME FILTER: of the container's domain
status_of()
{
	pid_of "$1" && "$TOOL" status --json --pid "$PID" | jq -r "$2"
}

is_identified()
{
	[[ $(status_of "$1" .incarnation) != null ]]
}

# Both are raised to one generation, as two restores of one image on two hosts are.
check_incarnations()
{
	local clone

	for clone in a b; do
		ok "clone $clone is raised to 100000" eval 'pid_of mended-$clone && "$TOOL" trigger --pid "$PID" --min 100000'
		ok "and gets an incarnation" wait_for 30 is_identified "mended-$clone"
	done
	is "$(status_of mended-a .generation) $(status_of mended-b .generation)" "100000 100000" \
		"two restored containers have the same generation"
	isnt "$(status_of mended-a .incarnation)" "$(status_of mended-b .incarnation)" "and other incarnations"
}

shared()
{
	comm -12 <(sort "$CR_DIR/$1-a") <(sort "$CR_DIR/$1-b")
}

no_module
without_plugin
tokens_of_clones control
end_clones control
isnt "$(shared control)" "" "control: without counter and plugin the clones hand out the same tokens"
fresh_module
install_plugin
with_plugin
tokens_of_clones mended
check_incarnations
end_clones mended
is "$(shared mended)" "" "with them no token is handed out twice"
ok "no process is left" wait_for 30 nobody_is_left
done_testing
