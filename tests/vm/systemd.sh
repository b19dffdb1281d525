# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A real systemd as the first process of a container with a network of its own, on the VM's files.
# usage: . tests/vm/systemd.sh, after payload.sh

# The container is not in /tmp, since systemd empties that.
work=$(mktemp -d -p /var/tmp)

export SYSTEMD_COLORS=0

run_systemd()
{
	mkdir -p /sys/fs/cgroup/machine &&
		echo $BASHPID >/sys/fs/cgroup/machine/cgroup.procs &&
		exec setsid unshare --pid --fork --kill-child --mount --cgroup --ipc --uts --net --propagation private \
			env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -euc '
			mount -t proc proc /proc
			# With a writable /sys the udev in here would work for the whole machine.
			mount -t sysfs -o ro sysfs /sys
			mount -t cgroup2 cgroup2 /sys/fs/cgroup
			mount -t tmpfs -o mode=755 tmpfs /run
			mount -t tmpfs -o mode=1777 tmpfs /tmp
			exec /lib/systemd/systemd --system --unit=basic.target --log-target=console --show-status=no' \
			</dev/null >"$work/systemd" 2>&1
}

find_systemd()
{
	read -r INIT _ <"/proc/$OUTER/task/$OUTER/children" && [[ $(<"/proc/$INIT/comm") == systemd ]]
}

inside()
{
	nsenter --target "$INIT" --all -- "$@"
}

# shows UNIT PROPERTY REGEX: does systemctl show such a value?
shows()
{
	[[ $(inside systemctl show --property "$2" --value "$1") =~ $3 ]]
}

# Starts the container. INIT is its first process.
start_systemd()
{
	run_systemd &
	OUTER=$!
	INIT=''
	wait_for 60 find_systemd || diag "$(<"$work/systemd")"
	isnt "$INIT" '' "systemd starts"
	ok "and is up" wait_for 60 inside systemctl --quiet is-active basic.target
}

end_systemd()
{
	kill -9 "$INIT"
	ok "all of it ends" wait_gone 30 "$INIT"
	find /sys/fs/cgroup/machine -depth -type d -exec rmdir {} +
}
