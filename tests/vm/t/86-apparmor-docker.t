#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=600 suites=engines boot=own
# AppArmor enforces Docker's own profile: a container has the counter, is dumped and restored.
set -uo pipefail
. tests/runtimes/docker.sh

# What a program in a container may have, without the counter.
BARE='/{bin,lib,lib64,usr}/** mrix, /{run,tmp}/** rwk, /proc/** r, /dev/{null,urandom,random,zero} rw, / r, /*/ r,
	capability, network, ptrace, signal, unix,'

confined_by()
{
	tr -d '\0' <"/proc/$(runtime_pid "$1")/attr/current"
}

# opens CONTAINER: can a program in it open the counter?
opens()
{
	docker exec "test-$1" /bin/sh -c ': </dev/sysgenid'
}

# profile NAME RULES: loads it, enforced
profile()
{
	printf 'abi <abi/4.0>,\ninclude <tunables/global>\nprofile %s flags=(attach_disconnected,mediate_deleted) {\n%s\n}\n' "$1" "$2" |
		apparmor_parser --replace 2>&1
}

mount -t securityfs securityfs /sys/kernel/security
rm -f /run/criu.kdat
make -s install >/dev/null 2>&1 || bail "make install"
ldconfig
fresh_module
machine_with_plugin
ok "the daemon starts" start_docker || bail "no docker"
ok "an image is made" make_image
ok "a container with --device starts" create "run --detach" server --device /dev/sysgenid || bail "no container"
is "$(confined_by server)" "docker-default (enforce)" "Docker's profile is enforced"
ok "and lets programs open the counter" opens server
check_control server
check_clones image server
is "$(confined_by a)" "docker-default (enforce)" "a copy has the profile, too"
runtime_remove a b c

ok "control: a profile that names each file, and not the counter" profile bare "$BARE"
ok "control: a container with it starts" create "run --detach" bare --device /dev/sysgenid --security-opt apparmor=bare
not_ok "control: and cannot open the counter" opens bare
ok "with our rules" profile bare "$BARE include <abstractions/sysgenid-container>"
ok "it can" opens bare
runtime_remove bare
ok "no process is left" wait_for 30 nobody_is_left
done_testing
