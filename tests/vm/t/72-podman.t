#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=400
# One archive made by podman, imported three times; and by which means a container gets the counter.
set -uo pipefail
. tests/runtimes/podman.sh

seccomp_mode()
{
	sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$1/status"
}

fresh_module
machine_with_plugin
ok "an image is made" make_image
ok "a container with --device starts" start server --device /dev/sysgenid || bail "no container"
check_control server
check_clones image server
is "$(seccomp_mode "$(runtime_pid a)")" 2 "all that with podman's default seccomp profile"
runtime_remove a b c
no_module
check_refused image refused "module not loaded" \
	"sysgenid: cannot make a new generation: the module sysgenid is not loaded; run 'modprobe sysgenid'"
ok "the module is loaded with another minor" load_module minor=250
check_refused image refused "another minor on this machine" \
	'sysgenid: /dev/sysgenid is the device 10:243, but the counter is 10:250 here: load the module with minor=243'
fresh_module
check_means bind --volume /dev/sysgenid:/dev/sysgenid --device-cgroup-rule 'c 10:243 rw'
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
