#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=600 suites=engines,engines-bookworm
# One checkpoint by lxc-checkpoint, restored three times.
set -uo pipefail
. tests/runtimes/lib.sh

LXC=/var/lib/lxc

# make_container NAME
make_container()
{
	mkdir -p "$LXC/$1" && cat >"$LXC/$1/config" <<-END
		lxc.uts.name = $1
		lxc.rootfs.path = dir:$TREE
		lxc.init.cmd = /bin/token-server serve /run/token
		lxc.net.0.type = empty
		lxc.console.path = none
		lxc.tty.max = 0
		lxc.pty.max = 1
		lxc.mount.auto = proc:rw sys:ro
		lxc.mount.entry = tmpfs run tmpfs rw,nosuid,mode=755 0 0
		lxc.autodev = 1
		lxc.mount.entry = /dev/sysgenid dev/sysgenid none bind,create=file 0 0
		lxc.cgroup2.devices.allow = c *:* m
		lxc.cgroup2.devices.allow = c 1:* rwm
		lxc.cgroup2.devices.allow = c 5:* rwm
		lxc.cgroup2.devices.allow = c 136:* rwm
		lxc.cgroup2.devices.allow = c 10:243 rw
		lxc.apparmor.profile = unconfined
	END
}

start()
{
	make_container "$1" && lxc-start --name "$1" --daemon --logfile "$CR_DIR/$1.log" --logpriority INFO && return
	tail -n 20 "$CR_DIR/$1.log" >&2
	return 1
}

runtime_pid()
{
	lxc-info --name "$1" --pid --no-humanize
}

# runtime_dump NAME IMAGE [leave-running]
runtime_dump()
{
	local stop=--stop

	[[ ${3-} != leave-running ]] || stop=''
	# shellcheck disable=SC2086  # empty is no option
	lxc-checkpoint --name "$1" --checkpoint-dir "$CR_DIR/$2" $stop --verbose --logfile "$CR_DIR/$2.dump.log" && return
	tail -n 20 "$CR_DIR/$2.dump.log" "$CR_DIR/$2/dump.log" >&2
	return 1
}

# runtime_restore IMAGE NAME
runtime_restore()
{
	make_container "$2"
	lxc-checkpoint --restore --name "$2" --checkpoint-dir "$CR_DIR/$1" --daemon --verbose \
		--logfile "$CR_DIR/$2.restore.log" >"$CR_DIR/$2.said" 2>&1 && return
	tail -n 20 "$CR_DIR/$2.said" "$CR_DIR/$2.restore.log" "$CR_DIR/$1/restore.log" >&2
	return 1
}

runtime_remove()
{
	local name

	for name; do
		lxc-stop --name "$name" --kill
	done
}

# Without securityfs LXC and criu disagree about AppArmor. criu remembers what it has found.
mount -t securityfs securityfs /sys/kernel/security
rm -f /run/criu.kdat
fresh_module
machine_with_plugin
make_tree
ok "a container with the counter starts" start server || bail "no container"
check_control server
check_clones image server
runtime_remove a b c
check_no_module image "$NO_MODULE_REASON" cat "$CR_DIR/image/restore.log"
ok "no process is left" wait_for 30 nobody_is_left
done_testing
