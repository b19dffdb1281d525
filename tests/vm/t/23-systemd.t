#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The overseer's unit under a real systemd, which is the first process of a container; switched on by the guide's command.
# vm: timeout=240
set -uo pipefail
. tests/vm/payload.sh
. tests/vm/systemd.sh

LINK=/etc/sysgenid/post-restore.d
CONF=/etc/sysgenid/post-restore.conf

# Prints what a client is shown when it connects.
host_keys()
{
	inside ssh-keyscan -T 30 127.0.0.1 2>/dev/null | grep -v '^#' | sort
}

# rewritten FILE INODE: is it another file by now?
rewritten()
{
	[[ $(stat -c %i "$1") != "$2" ]]
}

# exposure UNIT: by systemd's measure, of 10
exposure()
{
	inside systemd-analyze --no-pager security "$1" | sed -n "s/.*level for $1.service: \\([0-9.]*\\).*/\\1/p"
}

# exposed_by UNIT TENTHS: no more than docs/packages.md says
exposed_by()
{
	local now

	now=$(exposure "$1")
	[[ -n $now ]] || return
	echo "$now"
	((10#${now/./} <= 10#$2))
}

fresh_module
make -s install >"$work/install" 2>&1 || bail "make install: $(<"$work/install")"
ldconfig
mkdir -p /etc/systemd/system
printf '[Service]\nExecStart=/bin/sleep infinity\n' >/etc/systemd/system/keys.service
printf '#!/bin/bash\necho "$SYSGENID_GENERATION" >>%q\n' "$work/ran" >"$LINK/10-note"
chmod 755 "$LINK/10-note"
for script in machine-id hostname ssh-host-keys restart-units; do
	ln -s "/usr/local/libexec/sysgenid/post-restore/$script" "$LINK/20-$script"
done
cp -a /etc/machine-id /etc/hostname /etc/hosts /etc/ssh "$work/" 2>/dev/null
echo "127.0.1.1 $HOSTNAME.example $HOSTNAME" >>/etc/hosts
echo RESTART_UNITS=keys.service >>"$CONF"

# An emulated machine makes RSA keys slowly.
mkdir -p /etc/systemd/system/sysgenid-overseer.service.d
printf '[Service]\nExecStart=\nExecStart=/usr/local/bin/sysgenid run --json --timeout 120000\n' \
	>/etc/systemd/system/sysgenid-overseer.service.d/patient.conf

start_systemd
ok "sshd runs" inside systemctl start ssh
old_keys=$(host_keys)
isnt "$old_keys" '' "and shows its keys to who connects"
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
	wait_for 120 shows sysgenid-overseer StatusText '^generation [0-9]+ \([a-z]+\): ready'
is "$(wc -l <"$work/ran")" 1 "the linked script has run"
name=$(inside hostname)
like "$name" "^$HOSTNAME-[0-9a-f]{8}\$" "the machine has another name"
is "$(inside getent hosts "$name.example" | awk 'NR == 1 { print $1 }')" 127.0.1.1 "which it can look up itself"
isnt "$(</etc/machine-id)" "$(<"$work/machine-id")" "and another machine ID"
new_keys=$(host_keys)
is "$(wc -l <<<"$new_keys")" "$(wc -l <<<"$old_keys")" "sshd is there again, with keys of the same kinds"
is "$(sort - <(echo "$old_keys") <<<"$new_keys" | uniq -d)" '' "and other ones, each of them"
ok "the listed unit has been restarted" wait_for 30 shows keys.service ActiveState '^active$'
isnt "$(inside systemctl show --property InvocationID --value keys.service)" "$keys" "it is another run of it"
is "$(inside systemctl show --property NRestarts --value sysgenid-overseer)" 0 "the overseer itself was not restarted"

# The overseer is killed at work, as the kernel does when memory is short.
rm "$LINK"/20-*
printf '#!/bin/bash\n[[ -e %q ]] || { touch %q; exec sleep 1000; }\n' "$work/began" "$work/began" >"$LINK/20-slow"
printf '#!/bin/bash\necho >>%q\n' "$work/last" >"$LINK/30-last"
chmod 755 "$LINK/20-slow" "$LINK/30-last"
sysgenid trigger >/dev/null
ok "the overseer is at work" wait_for 30 test -e "$work/began"
ok "it is killed" inside systemctl kill --kill-whom=main --signal=KILL sysgenid-overseer
ok "and systemd starts another, which does the work that was left" \
	wait_for 60 shows sysgenid-overseer StatusText '^generation [0-9]+ \([a-z]+\): ready' ||
	diag "$(inside systemctl status sysgenid-overseer)"
is "$(wc -l <"$work/last")" 1 "all of it, once"
ok "it can be started again" inside systemctl restart sysgenid-overseer
ok "and then there is nothing to do" shows sysgenid-overseer StatusText '^watching'

# Metrics for node_exporter.
METRICS=/var/lib/prometheus/node-exporter/sysgenid.prom
rm -f "$METRICS"
ok "systemctl enable --now sysgenid-metrics.timer" inside systemctl enable --now sysgenid-metrics.timer
ok "the timer has metrics written" wait_for 60 test -s "$METRICS"
ok "in Prometheus' format" tests/unit/exposition <"$METRICS"
is "$(sed -n 's/^sysgenid_module_loaded //p' "$METRICS") $(stat -c %a "$METRICS")" "1 644" "which say that the module is loaded, to everybody"
is "$(grep -o '^sysgenid_[a-z_]*' "$METRICS" | sort -u)" \
	"$(inside sysgenid status --format prometheus | grep -o '^sysgenid_[a-z_]*' | sort -u)" "all that the command knows outside of the unit"
is "$(ls "${METRICS%/*}")" "${METRICS##*/}" "and nothing else is left there"
ok "and they are written again" wait_for 90 rewritten "$METRICS" "$(stat -c %i "$METRICS")"
inside systemctl disable --now sysgenid-metrics.timer
rm -r "${METRICS%/*/*}"

# The other unit makes a file, and may do no more.
ok "control: before, there is no counter file" inside test ! -e /run/sysgenid/containers/node/counter
not_ok "control: the unit is not on by itself" inside systemctl --quiet is-enabled sysgenid-node
ok "it is switched on, and starts" inside systemctl enable --now sysgenid-node ||
	diag "$(inside systemctl status sysgenid-node)"
is "$(inside systemctl is-enabled sysgenid-node)" enabled "it makes the file at each boot"
is "$(inside systemctl is-active sysgenid-node)" active "systemd knows that it has done its work"
ok "the node's counter file is there" inside test -s /run/sysgenid/containers/node/counter
is "$(inside stat -c '%U %a' /run/sysgenid /run/sysgenid/containers/node/counter)" $'root 755\nroot 644' "with its owner and mode"
# What docs/packages.md says of the units.
units=0
while IFS='|' read -r _ unit most _; do
	units=$((units + 1))
	ok "by systemd's measure $unit is exposed by$most" exposed_by "$(tr -d ' `' <<<"${unit%.service*}")" "$(tr -cd 0-9 <<<"$most")"
done < <(grep '^| `sysgenid-[a-z]*\.service` | [0-9.]* |' docs/packages.md)
is "$units" 3 "these are all units"
ok "after a stop the file is still there" inside sh -c \
	'systemctl stop sysgenid-node && test -s /run/sysgenid/containers/node/counter'

end_systemd
cp -a "$work/machine-id" "$work/hostname" "$work/hosts" "$work/ssh" /etc/
rm -f "$LINK/10-note" "$LINK"/20-* "$LINK/30-last" "$CONF" /etc/systemd/system/keys.service
rm -rf /etc/systemd/system/sysgenid-overseer.service.d /etc/systemd/system/multi-user.target.wants/sysgenid-{overseer,node}.service "$work"
done_testing
