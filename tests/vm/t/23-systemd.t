#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The overseer's unit under a real systemd, which is the first process of a container; switched on by the guide's command.
set -uo pipefail
. tests/vm/payload.sh
. tests/vm/systemd.sh

LINK=/etc/sysgenid/post-restore.d
CONF=/etc/sysgenid/post-restore.conf

fresh_module
make -s install >"$work/install" 2>&1 || bail "make install: $(<"$work/install")"
ldconfig
mkdir -p /etc/systemd/system
printf '[Service]\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/keys.service
printf '#!/bin/bash\necho "$SYSGENID_GENERATION" >>%q\n' "$work/ran" >"$LINK/10-note"
chmod 755 "$LINK/10-note"
ln -s /usr/local/lib/sysgenid/post-restore/restart-units "$LINK/20-restart-units"
echo RESTART_UNITS=keys.service >>"$CONF"

start_systemd
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

end_systemd
rm -f "$LINK/10-note" "$LINK/20-restart-units" "$CONF" /etc/systemd/system/keys.service
rm -rf /etc/systemd/system/multi-user.target.wants/sysgenid-overseer.service "$work"
done_testing
