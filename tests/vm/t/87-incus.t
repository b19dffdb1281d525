#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=600 suites=engines
# Incus: a stateful snapshot, restored twice, and a container that is stopped with its state and started again.
set -uo pipefail
. tests/runtimes/lib.sh

# What Debian 13's Incus needs for a restore at all: without the last line LXC gives it up, see check_console.
CONFIGURATION='lxc.init.cmd = /bin/token-server serve /run/token
lxc.apparmor.profile = unconfined
lxc.console.path = none'

incus_answers()
{
	incus admin waitready --timeout 2
}

start_incus()
{
	mkdir -p /var/log/incus
	PATH=/usr/libexec/incus:$PATH incusd --group root >"$CR_DIR/incusd.log" 2>&1 &
	wait_for 60 incus_answers && incus admin init --preseed <<-'END' && return
		storage_pools: [{ name: default, driver: dir }]
		profiles: [{ name: default, devices: { root: { path: /, pool: default, type: disk } } }]
	END
	tail -n 40 "$CR_DIR/incusd.log" >&2
	return 1
}

make_image()
{
	make_tree && mkdir "$CR_DIR/image" && mv "$TREE" "$CR_DIR/image/rootfs" &&
		printf '%s\n' 'architecture: x86_64' 'creation_date: 1' >"$CR_DIR/image/metadata.yaml" &&
		tar -C "$CR_DIR/image" -cf "$CR_DIR/image.tar" . && incus image import "$CR_DIR/image.tar" --alias server
}

# start NAME: a container with the counter
start()
{
	incus init server "$1" -c security.privileged=true -c migration.stateful=true -c raw.lxc="$CONFIGURATION" &&
		incus config device add "$1" counter unix-char path=/dev/sysgenid && incus start "$1" && return
	incus info "$1" --show-log >&2
	return 1
}

runtime_pid()
{
	incus query "/1.0/instances/$1/state" | jq -r .pid
}

# The logs of criu that Incus keeps.
logs_of()
{
	find "/var/log/incus/$1" -name '*_*.log' -exec cat {} +
}

# snapshot NAME SNAPSHOT
snapshot()
{
	incus snapshot create "$1" "$2" --stateful && return
	logs_of "$1" | grep -a -e Error -e Warn >&2
	return 1
}

# copies NAME SNAPSHOT COPY...: the snapshot is restored once after the other, since a container has one state at a time
copies()
{
	local copy

	for copy in "${@:3}"; do
		ok "$2: the snapshot is restored as $copy" incus snapshot restore "$1" "$2" --stateful
		ok "$2: $copy answers" tokens_of "$copy" "$(runtime_pid "$1")"
	done
}

check_control_snapshot()
{
	machine_with_silent_plugin
	ok "control: a container starts" start one || bail "no container"
	ok "control: it answers" tokens_of control "$(runtime_pid one)"
	ok "control: without the plugin's work a stateful snapshot is made" snapshot one control
	copies one control x y
	isnt "$(shared_tokens x y)" 0 "control: both hand out the same tokens"
	not_ok "control: what was restored cannot be dumped again" snapshot one again
	like "$(incus snapshot create one again --stateful 2>&1)" 'migration failed' "control: Incus says so"
	incus delete --force one
	machine_with_plugin
}

check_snapshot()
{
	local copy

	ok "a container starts" start two || bail "no container"
	ok "it answers" tokens_of before "$(runtime_pid two)"
	ok "a stateful snapshot is made, and no option for that" snapshot two snap
	start_crowd
	copies two snap a b
	for copy in a b; do
		isnt "$(last_generation "$copy")" "$(last_generation before)" "$copy is on a new generation"
	done
	is "$(shared_tokens before a b)" 0 "no token is handed out twice"
	undisturbed "two copies"
	end_crowd
	incus delete --force two
}

state_is()
{
	[[ $(incus query "/1.0/instances/$1" | jq -r .status) == "$2" ]]
}

check_stop()
{
	ok "stop: a container starts" start three || bail "no container"
	ok "stop: it answers" tokens_of before "$(runtime_pid three)"
	ok "stop: it is stopped with its state" incus stop --stateful three
	like "$(incus copy three four 2>&1)" 'name cannot be changed during stateful copy' "stop: Incus copies no state under another name"
	no_module
	like "$(incus start three 2>&1)" 'Failed to start device "counter": The required device path' "stop: without the module Incus refuses, and says why"
	ok "stop: nothing of it runs" nobody_is_left
	fresh_module
	ok "stop: with the module it is started" incus start three
	ok "stop: it answers" tokens_of after "$(runtime_pid three)"
	isnt "$(last_generation after)" "$(last_generation before)" "stop: it is on a new generation"
	is "$(shared_tokens before after)" 0 "stop: no token is handed out twice"
	incus delete --force three
}

# A container with a console, as Incus makes it: LXC has no console for a restore by Incus.
check_console()
{
	local CONFIGURATION=${CONFIGURATION%$'\n'*}

	machine_with_silent_plugin
	ok "console: a container starts" start five
	ok "console: it is stopped with its state" incus stop --stateful five
	ok "console: it is started, says Incus" incus start five
	ok "console: and it is not" state_is five Stopped
	like "$(incus info five --show-log)" 'lxc.console.path configured on source host but not target' "console: LXC's log says why"
	incus delete --force five
	machine_with_plugin
}

mount -t securityfs securityfs /sys/kernel/security
rm -f /run/criu.kdat
fresh_module
machine_with_plugin
ok "Incus starts" start_incus || bail "no Incus"
ok "an image is made" make_image
check_control_snapshot
check_snapshot
check_stop
check_console
ok "no process is left" wait_for 30 nobody_is_left
done_testing
