#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The shipped script for DHCP leases, run by the overseer's unit: a clone wakes up in another network with the lease of
# the original, under each of the clients that Debian has. The server is busybox's.
# By "make check-all" only: waiting for leases takes two minutes.
# vm: timeout=300 suites=none more=bookworm,trixie
set -uo pipefail
. tests/vm/payload.sh
. tests/vm/systemd.sh

LINK=/etc/sysgenid/post-restore.d
CONF=/etc/sysgenid/post-restore.conf
SHIPPED=/usr/local/libexec/sysgenid/post-restore
network=0

# has FILE REGEX: does a line of the file match?
has()
{
	grep -qE -- "$2" "$1"
}

start_server()
{
	busybox udhcpd -f -a 100 "$work/udhcpd.conf" >"$work/server" 2>&1 &
	SERVER=$!
	wait_for 30 has "$work/server" started
}

end_server()
{
	kill "$SERVER" "$LOG"
	wait "$SERVER" "$LOG" 2>/dev/null
}

# next_network: plugs the machine into another network. Its DHCP server must be started
next_network()
{
	network=$((network + 1))
	[[ -z ${SERVER-} ]] || end_server
	ip address flush dev lan0
	ip address add "10.9.$network.1/24" dev lan0
	# The server of the network before stays reachable: otherwise nobody would notice a lease that is given back to it.
	((network == 1)) || ip address add "10.9.$((network - 1)).1/24" dev lan0
	printf '%s\n' "start 10.9.$network.100" "end 10.9.$network.150" "interface lan0" "lease_file $work/leases" "pidfile $work/pid" \
		"option subnet 255.255.255.0" "option lease 3600" >"$work/udhcpd.conf"
	: >"$work/leases"
	python3 tests/run/dhcp-log.py lan0 >"$work/log" &
	LOG=$!
	wait_for 30 has "$work/log" listening
}

# lives_in NETWORK: the machine has an address of this network, and no other
lives_in()
{
	[[ $(inside ip -4 -oneline address show dev eth9 scope global) =~ ^[^$'\n']*\ 10\.9\.$1\.1[0-9][0-9]/24\ [^$'\n']*$ ]]
}

journal_says()
{
	inside journalctl --merge --unit sysgenid-overseer | grep -qE -- "$1"
}

# move: prints the new generation
move()
{
	sysgenid trigger --pid "$INIT" | grep -oE '[0-9]+' | head -n 1
}

# adapted GENERATION: the overseer has reported it
adapted()
{
	shows sysgenid-overseer StatusText "^generation $1 "
}

# identity: prints by what the server knows the client
identity()
{
	awk '$1 == "DISCOVER" { print $3; exit }' "$work/log"
}

# clone_under CLIENT COMMAND...: checks a client, which the command starts
clone_under()
{
	local client=$1 generation original

	inside ip -4 address flush dev eth9
	next_network
	start_server
	"${@:2}" >"$work/start" 2>&1 || diag "$(<"$work/start")"
	ok "$client: the original has a lease" wait_for 60 lives_in "$network" || diag "$(<"$work/start")" "$(<"$work/log")"
	original=$(identity)

	next_network
	start_server
	generation=$(move)
	ok "$client: control: without the script" wait_for 30 adapted "$generation"
	ok "$client: the clone keeps the original's address in a network where it is none" lives_in "$((network - 1))"
	is "$(grep -v listening "$work/log")" '' "$client: and asks for no other"

	ln -s "$SHIPPED/dhcp-lease" "$LINK/20-dhcp-lease"
	generation=$(move)
	ok "$client: with it" wait_for 60 adapted "$generation"
	ok "$client: the clone has an address of its network, and no other" lives_in "$network" ||
		diag "$(inside ip -4 address show dev eth9)" "$(<"$work/log")" "$(inside journalctl --unit sysgenid-overseer --lines 10)"
	like "$(<"$work/log")" 'DISCOVER 0\.0\.0\.0 ' "$client: as one that never had any"
	unlike "$(<"$work/log")" "RELEASE" "$client: it does not give back the lease of the original"
	unlike "$(<"$work/log")" "10\.9\.$((network - 1))\." "$client: nor ask for it"
	# NetworkManager identifies itself by the hardware address.
	[[ $client == NetworkManager ]] ||
		isnt "$(identity)" "$original" "$client: to the server it is another machine"
	rm "$LINK/20-dhcp-lease"
}

fresh_module
make -s install >"$work/install" 2>&1 || bail "make install: $(<"$work/install")"
ldconfig
echo DHCP_INTERFACES=eth9 >>"$CONF"
saved=$(</etc/machine-id)
start_systemd
ip link add name lan0 type veth peer name eth9 netns "$INIT" || bail "no veth"
ip link set lan0 up
inside ip link set lo up
ok "the overseer watches" inside systemctl start sysgenid-overseer

# impostor NAME COMMAND...: a shell that is called like a client, with the interface among its words. Whoever starts it anew
# with these words has it make a file.
impostor()
{
	# shellcheck disable=SC2016  # for the shell inside
	inside env IMPOSTOR=yes "${@:2}" bash -c 'exec -a /bin/sh /usr/local/lib/dhclient -c "$@"' impostor \
		"[ \"\$IMPOSTOR\" ] || : >/run/impostor-$1; sleep 600; :" eth9 &
}

impostors_are_there()
{
	(($(inside pgrep -x dhclient | wc -l) == 3))
}

nobody_is_called_so()
{
	! inside pgrep -x dhclient
}

cp /bin/dash /usr/local/lib/dhclient
impostor user setpriv --reuid 1000 --regid 1000 --clear-groups
impostor container unshare --mount --pid --fork --kill-child
impostor root env
ok "others call their processes dhclient" wait_for 30 impostors_are_there
ln -s "$SHIPPED/dhcp-lease" "$LINK/20-dhcp-lease"
sysgenid trigger >/dev/null
ok "where no client manages the interface" wait_for 30 journal_says 'neither systemd-networkd, .* manages eth9'
ok "the overseer reports that a script has failed" wait_for 30 shows sysgenid-overseer StatusText '1 of 1 scripts failed: 20-dhcp-lease'
rm "$LINK/20-dhcp-lease"
is "$(inside find /run -maxdepth 1 -name 'impostor*')" "" "what others call a client is not started"
inside pkill -KILL -x dhclient
ok "they are gone" wait_for 30 nobody_is_called_so

inside mkdir -p /run/systemd/network /run/NetworkManager/system-connections
printf '%s\n' '[Match]' Name=eth9 '[Network]' DHCP=ipv4 LinkLocalAddressing=no IPv6AcceptRA=no |
	inside tee /run/systemd/network/10-eth9.network >/dev/null
# systemd-networkd makes its identity from the machine ID.
ln -s "$SHIPPED/machine-id" "$LINK/10-machine-id"
clone_under systemd-networkd inside systemctl start systemd-networkd
rm "$LINK/10-machine-id"
inside rm /run/systemd/network/10-eth9.network
inside systemctl stop systemd-networkd.socket systemd-networkd.service

printf '%s\n' '[connection]' id=lan type=ethernet interface-name=eth9 '[ipv4]' method=auto '[ipv6]' method=disabled |
	inside sh -c 'umask 077; cat >/run/NetworkManager/system-connections/lan.nmconnection'
clone_under NetworkManager inside systemctl start NetworkManager
inside systemctl stop NetworkManager

clone_under dhcpcd inside dhcpcd eth9
inside dhcpcd --exit eth9

# dhclient, started as ifupdown starts it.
clone_under dhclient inside dhclient -4 -i -pf /run/dhclient.eth9.pid -lf /var/lib/dhcp/dhclient.eth9.leases -I \
	-df /var/lib/dhcp/dhclient6.eth9.leases eth9
inside mkdir -p /run/systemd/system/sysgenid-overseer.service.d
printf '%s\n' '[Service]' ExecStart= 'ExecStart=/usr/local/bin/sysgenid run --timeout 15000' |
	inside tee /run/systemd/system/sysgenid-overseer.service.d/impatient.conf >/dev/null
inside systemctl daemon-reload
ok "the overseer can be started again" inside systemctl restart sysgenid-overseer
ok "and the client that its script has started goes on" inside pgrep -x dhclient

next_network
ln -s "$SHIPPED/dhcp-lease" "$LINK/20-dhcp-lease"
generation=$(move)
ok "where no server answers" wait_for 60 shows sysgenid-overseer StatusText "^generation $generation .* failed: 20-dhcp-lease"
ok "the overseer ends the script" journal_says '20-dhcp-lease failed: it took longer than 15000 ms and was stopped'
is "$(inside ip -4 -oneline address show dev eth9)" '' "the original's address is gone"
start_server
ok "and the client, which goes on asking, gets one of a server that comes late" wait_for 60 lives_in "$network" ||
	diag "$(inside ps -ef)" "$(<"$work/log")"
rm "$LINK/20-dhcp-lease"

end_server
end_systemd
echo "$saved" >/etc/machine-id
rm -rf "$work" "$CONF" /var/lib/dhcp/* /var/lib/dhcpcd/* /var/lib/NetworkManager/*
done_testing
