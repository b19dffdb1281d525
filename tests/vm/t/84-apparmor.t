#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=900 suites=engines boot=own
# AppArmor enforces podman's own profile, and one that has the rules of docs/containers.md.
set -uo pipefail
. tests/runtimes/podman.sh

# What any program in a container may have.
CONTAINER_ITSELF='
	/{bin,lib,lib64,usr}/** mrix, /{run,tmp}/** rwk, /proc/** r, /dev/{null,urandom,random,zero} rw, / r, /*/ r,
	capability, network, ptrace, signal, unix,
'

# rules NAME: what the page shows under that name
rules()
{
	awk -v mark="<!-- apparmor: $1 -->" '$0 == mark { on = 1 } on && /^```/ { if (fence++) exit; next } on && fence' docs/containers.md
}

# profile NAME RULES: loads it
profile()
{
	printf 'abi <abi/4.0>,\ninclude <tunables/global>\nprofile %s flags=(attach_disconnected,mediate_deleted) {\n%s\n}\n' "$1" "$2" |
		apparmor_parser --replace 2>&1
}

confined_by()
{
	tr -d '\0' <"/proc/$1/attr/current"
}

# opens CONTAINER: can it open the counter?
opens()
{
	podman exec "$1" /bin/sh -c ': </dev/sysgenid'
}

mount -t securityfs securityfs /sys/kernel/security
rm -f /run/criu.kdat
like "$(</sys/kernel/security/lsm)" apparmor "AppArmor is on"
make -s install >/dev/null 2>&1 || bail "make install"
ldconfig
fresh_module
machine_with_plugin
ok "an image is made" make_image

# podman's own profile.
ok "podman's profile: a container starts" start server --annotation dev.sysgenid.counter=device || bail "no container"
like "$(confined_by "$(runtime_pid server)")" "^containers-default-.* \\(enforce\\)" "podman's profile: it is enforced"
check_control server
check_clones image server
like "$(confined_by "$(runtime_pid a)")" "^containers-default-.* \\(enforce\\)" "podman's profile: a copy has it, too"
runtime_remove a b c

# A profile that names each file.
isnt "$(rules container)" "" "the page has rules for a container"
ok "a strict profile is loaded" profile strict "$CONTAINER_ITSELF$(rules container)"
ok "and one that lacks our rules" profile bare "$CONTAINER_ITSELF"
ok "control: without our rules a container starts" start bare --device /dev/sysgenid --security-opt apparmor=bare
not_ok "control: and cannot open the counter" opens bare
runtime_remove bare
ok "with them another starts" start strict --device /dev/sysgenid --security-opt apparmor=strict
ok "and can" opens strict
runtime_remove strict
check_means strict --device /dev/sysgenid --security-opt apparmor=strict

ok "no process is left" wait_for 30 nobody_is_left
done_testing
