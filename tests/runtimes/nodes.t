#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A pod is checkpointed on one node, and restored on another one, whose kernel, criu and counter are others, and on the first
# one, which has been booted anew. "make check-engines" runs it. Runs on the host; tests/runtimes/node runs in the VMs.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp"' EXIT
truncate -s 1G "$tmp/disk"
count=0 failed=0

# node SUITE STEP COUNTER NAME: in a VM of that suite, whose counter is that high before a restore; the disk goes from VM to VM
node()
{
	local not=

	tests/vm/run "$1" --mem 3072 --timeout 600 --scratch "$tmp/disk" --append "NODE_STEP=$2 NODE_COUNTER=$3" \
		tests/runtimes/node >"$tmp/out" || not='not '
	count=$((count + 1))
	sed 's/^/    /' "$tmp/out"
	echo "${not}ok $count - $4"
	[[ -z $not ]] || failed=1
}

node engines checkpoint 0 "a pod is checkpointed on node A"
node engines-backports restore 9000 "it is restored on node B: a newer kernel and criu, and a higher counter"
node engines last 0 "and on node A after a reboot, where the counter is lower"
echo "1..$count"
exit "$failed"
