#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The overseer's unit under a real systemd, which is the first process of a container; switched on by the guide's command.
# Debian 12's image has no systemd.
# vm: suites=trixie
set -uo pipefail
. tests/vm/payload.sh

LINK=/etc/sysgenid/post-restore.d
CONF=/etc/sysgenid/post-restore.conf
export SYSTEMD_COLORS=0

start_systemd()
{
	mkdir /sys/fs/cgroup/machine &&
		echo $BASHPID >/sys/fs/cgroup/machine/cgroup.procs &&
		exec setsid unshare --pid --fork --kill-child --mount --cgroup --ipc --uts --propagation private \
			env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -euc '
			mount -t proc proc /proc
			# Or its udev would do the work for the whole machine.
			mount -o remount,bind,ro /sys
			mount -t cgroup2 cgroup2 /sys/fs/cgroup
			mount -t tmpfs -o mode=755 tmpfs /run
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

# shows UNIT PROPERTY REGEX
shows()
{
	[[ $(inside systemctl show --property "$2" --value "$1") =~ $3 ]]
}

fresh_module
work=$(mktemp -d)
make -s install >"$work/install" 2>&1 || bail "make install: $(<"$work/install")"
ldconfig
mkdir -p /etc/systemd/system
printf '[Service]\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/keys.service
printf '#!/bin/bash\necho "$SYSGENID_GENERATION" >>%q\n' "$work/ran" >"$LINK/10-note"
chmod 755 "$LINK/10-note"
ln -s /usr/local/lib/sysgenid/post-restore/restart-units "$LINK/20-restart-units"
echo RESTART_UNITS=keys.service >>"$CONF"

start_systemd &
OUTER=$!
INIT=''
wait_for 60 find_systemd || diag "$(<"$work/systemd")"
isnt "$INIT" '' "systemd starts"
ok "and is up" wait_for 60 inside systemctl --quiet is-active basic.target
ok "a unit runs that draws its keys when it starts" inside systemctl start keys.service
keys=$(inside systemctl show --property InvocationID --value keys.service)

sysgenid trigger >/dev/null
not_ok "control: the installed unit is not on by itself" inside systemctl --quiet is-active sysgenid-overseer
is "$(cat "$work/ran" 2>/dev/null)" '' "control: nothing runs after a change"

ok "systemctl enable --now sysgenid-overseer" inside systemctl enable --now sysgenid-overseer
ok "it is up when it has said that it is ready" inside systemctl --quiet is-active sysgenid-overseer
ok "systemd knows that it watches" shows sysgenid-overseer StatusText '^watching'
sysgenid trigger >/dev/null
ok "after a change systemd knows of the generation that the machine was adapted to" \
	wait_for 30 shows sysgenid-overseer StatusText '^generation [0-9]+ \([a-z]+\): ready'
is "$(wc -l <"$work/ran")" 1 "the linked script has run"
ok "the listed unit has been restarted" wait_for 30 shows keys.service ActiveState '^active$'
isnt "$(inside systemctl show --property InvocationID --value keys.service)" "$keys" "it is another run of it"
is "$(inside systemctl show --property NRestarts --value sysgenid-overseer)" 0 "the overseer itself was not restarted"

kill -9 "$INIT"
ok "all of it ends" wait_gone 30 "$INIT"
rm -f "$LINK/10-note" "$LINK/20-restart-units" "$CONF" /etc/systemd/system/keys.service
rm -rf /etc/systemd/system/multi-user.target.wants/sysgenid-overseer.service "$work"
done_testing
