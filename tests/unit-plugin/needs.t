#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The plugin loads wherever criu runs. Runs as BUILD/tests/unit-plugin/needs.t, a link to this file.
set -euo pipefail

TOP=$(realpath -- "$(dirname -- "$(realpath -- "$0")")/../..")
PLUGIN=$(dirname -- "$0")/plugin/sysgenid_plugin.so
CHECK=$TOP/criu-plugin/check-needs
count=0

result()
{
	count=$((count + 1))
	if (($1)); then
		echo "not ok $count - $2"
		exit 1
	fi
	echo "ok $count - $2"
}

main()
{
	local output status=0 criu

	output=$("$CHECK" "$PLUGIN" 2>&1) || { status=1; echo "# $output"; }
	result "$status" "it needs nothing that Debian's criu does not bring, and exports one name"
	# The check must be able to fail.
	output=$("$CHECK" /bin/bash 2>&1) && status=1
	[[ $output == *"needs libtinfo"* ]] || { status=1; echo "# $output"; }
	result "$status" "another program is found to need more"
	criu=$(PATH=$PATH:/usr/sbin type -P criu || :)
	if [[ -z $criu ]]; then
		count=$((count + 1))
		echo "ok $count - it needs nothing that the installed criu does not # SKIP no criu here"
	else
		output=$("$CHECK" "$PLUGIN" "$criu" 2>&1) || { status=1; echo "# $output"; }
		result "$status" "it needs nothing that the installed criu does not"
	fi
	echo "1..$count"
}

main "$@"
