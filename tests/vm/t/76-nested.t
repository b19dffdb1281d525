#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# podman in a container of podman's: the same as outside.
# vm: mem=3072 timeout=400 suites=engines more=bookworm
set -uo pipefail
. tests/runtimes/podman.sh

ROOT=$CR_DIR/outer

# The outer container's image has the machine's own programs.
make_root()
{
	mkdir -p "$ROOT"/{upper,work,merged} &&
		mount -t overlay -o "lowerdir=/,upperdir=$ROOT/upper,workdir=$ROOT/work" overlay "$ROOT/merged"
}

run_outer()
{
	p run --rm --name outer --privileged --network none --tmpfs /run --tmpfs /tmp \
		--tmpfs /var/lib/containers:notmpcopyup \
		--volume /sysgenid:/sysgenid --workdir /sysgenid --rootfs "$ROOT/merged" \
		tests/runtimes/nested </dev/null
}

# The checks of the inner container are checks of this test.
show_checks()
{
	local line

	while read -r line; do
		case $line in
		'ok '*) tap_result 0 "inside: ${line#* - }" ;;
		'not ok '*) tap_result 1 "inside: ${line#* - }" ;;
		*) echo "# $line" ;;
		esac
	done
}

fresh_module
machine_with_plugin
ok "a root file system is made" make_root
before=$(generation)
run_outer >"$CR_DIR/checks"
status=$?
show_checks <"$CR_DIR/checks"
is "$status" 0 "the outer container runs to its end"
is "$(generation)" "$before" "the system's generation has not moved for anything in it"
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
