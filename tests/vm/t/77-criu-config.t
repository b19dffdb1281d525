#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# criu's own configuration by runc: /etc/criu/runc.conf, and the file that a container's annotation names. Debian 13's crun
# has criu read no such file, so nothing there can keep the plugin away.
# Logs may lie elsewhere. Images may not: criu itself refuses, since the engine has said where they are. Where criu looks
# for plugins elsewhere nothing is dumped or restored on an old generation, and doctor says why the plugin was not asked.
# vm: mem=2048 timeout=300 suites=engines
set -uo pipefail
RUNTIME=runc
. tests/runtimes/oci.sh

tool=build/tools/sysgenid

# findings: what doctor finds
doctor_says()
{
	like "$("$tool" doctor 2>&1)" "problem +plugin +.*$1 makes criu look for plugins in /nowhere" "$2: doctor says why the plugin is not asked"
}

# refuses WHAT [BUNDLE]: the image is not restored, and nothing of it runs
refuses()
{
	not_ok "$1: the restore is refused" runtime_restore "$RUNTIME-image" refused "${2:-$BUNDLE}"
	ok "$1: nothing of it runs" wait_for 20 nobody_is_left
	runtime_remove refused
}

# check_copies LINE...: with these lines in the engine's file
check_copies()
{
	local copy

	printf '%s\n' "$@" >"/etc/criu/$RUNTIME.conf"
	ok "$RUNTIME: a container starts" oci_run server
	ok "$RUNTIME: it answers" tokens_of before "$(runtime_pid server)"
	ok "$RUNTIME: with ${1%% *} it is dumped" runtime_dump server "$RUNTIME-image"
	runtime_remove server
	for copy in a b; do
		ok "$RUNTIME: it is restored as $copy" runtime_restore "$RUNTIME-image" "$copy"
		ok "$RUNTIME: $copy answers" tokens_of "$copy" "$(runtime_pid "$copy")"
		isnt "$(last_generation "$copy")" "$(last_generation before)" "$RUNTIME: $copy is on a new generation"
	done
	is "$(shared_tokens before a b)" 0 "$RUNTIME: no token is handed out twice"
	runtime_remove a b
}

check_images_dir()
{
	echo "images-dir $ELSEWHERE" >"/etc/criu/$RUNTIME.conf"
	refuses "$RUNTIME: images-dir"
	ok "$RUNTIME: a container starts" oci_run server
	not_ok "$RUNTIME: images-dir: it is not dumped" runtime_dump server "$RUNTIME-none"
	ok "$RUNTIME: and goes on" tokens_of on "$(runtime_pid server)"
	runtime_remove server
}

check_libdir()
{
	echo "libdir /nowhere" >"/etc/criu/$RUNTIME.conf"
	refuses "$RUNTIME: libdir in $RUNTIME.conf"
	doctor_says "/etc/criu/$RUNTIME.conf" "$RUNTIME: libdir in $RUNTIME.conf"
	ok "$RUNTIME: a container starts" oci_run server
	not_ok "$RUNTIME: libdir in $RUNTIME.conf: it is not dumped" runtime_dump server "$RUNTIME-none"
	ok "$RUNTIME: and goes on" tokens_of on "$(runtime_pid server)"
	runtime_remove server
}

# The annotation's file counts instead of the engine's.
check_annotation()
{
	local mine=$CR_DIR/$RUNTIME-mine.conf

	rm "/etc/criu/$RUNTIME.conf"
	echo "libdir /nowhere" >"$mine"
	make_bundle "$BUNDLE-mine" "$OCI_DEVICE | .annotations[\"org.criu.config\"] = \"$mine\""
	refuses "$RUNTIME: org.criu.config" "$BUNDLE-mine"
	ok "$RUNTIME: a container with the annotation starts" oci_run mine "$BUNDLE-mine"
	like "$("$tool" doctor 2>&1)" "problem +plugin +$mine, which criu reads for container mine," \
		"$RUNTIME: org.criu.config: doctor says why the plugin is not asked"
	not_ok "$RUNTIME: org.criu.config: it is not dumped" runtime_dump mine "$RUNTIME-none"
	ok "$RUNTIME: and goes on" tokens_of on "$(runtime_pid mine)"
	runtime_remove mine
	# The control: the same image and configuration, without libdir.
	: >"$mine"
	ok "$RUNTIME: control: without that line it is restored" runtime_restore "$RUNTIME-image" again "$BUNDLE-mine"
	ok "$RUNTIME: control: and answers" tokens_of again "$(runtime_pid again)"
	isnt "$(last_generation again)" "$(last_generation before)" "$RUNTIME: control: on a new generation"
	runtime_remove again
}

fresh_module
machine_with_plugin
make_tree
for RUNTIME in runc crun; do
	ELSEWHERE=$CR_DIR/$RUNTIME-elsewhere
	mkdir -p /etc/criu "$ELSEWHERE"
	make_bundle "$BUNDLE" "$OCI_DEVICE"
	if [[ $RUNTIME == crun ]]; then
		check_copies "libdir /nowhere"
	else
		check_copies "work-dir $ELSEWHERE"
		check_images_dir
		check_libdir
		check_annotation
	fi
	rm -f "/etc/criu/$RUNTIME.conf"
done
ok "no process is left" wait_for 30 nobody_is_left
done_testing
