#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands of the documentation, as a person would type them, one after the other. A block that cannot run here
# names the file that does, "<!-- tested by FILE -->", or says why nobody does, "<!-- not run: WHY -->".
# It runs on one suite: other tests say what the commands do on the others.
# vm: timeout=240 boot=own suites=bookworm
set -uo pipefail
. tests/vm/lib.sh
. tests/vm/docs.sh

work=$(mktemp -d)
# DKMS is left out: tests/dkms.t tests it.
install -D build/kernel/sysgenid.ko "/lib/modules/$(uname -r)/updates/sysgenid.ko" && depmod || bail "depmod"
rm -rf /root/image /etc/sysgenid

run_page README.md
run_page docs/packages.md
run_page docs/guide.md
run_page criu-plugin/README.md
run_page preload/README.md
run_page openssl-provider/README.md
run_page qemu/README.md
run_page docs/containers.md
run_page docs/kubernetes.md
run_page python/README.md
run_page node/README.md
rm -f /usr/local/lib/python3.*/dist-packages/sysgenid-auto.pth

for page in lib/sysgenid.4 lib/libsysgenid.3 tools/sysgenid.1 criu-plugin/sysgenid-criu.7 runtime-hooks/oci-hook/sysgenid-hook.8; do
	name=${page##*/}
	ok "$name is installed" test -f "/usr/local/share/man/man${name##*.}/$name"
done
rm -f /etc/sysgenid/post-restore.d/*
mapfile -t commands < <(sed -nE 's/^\.Dl [#$] (.*)/\1/p' tools/sysgenid.1)
isnt "${#commands[@]}" 0 "sysgenid(1) has examples"
for command in "${commands[@]}"; do
	case $command in
	systemctl*) ok "sysgenid(1): $command: 23-systemd has it" has_command tests/vm/t/23-systemd.t "$command" ;;
	*watch*)
		timeout 3 bash -c "$command" >"$work/out" 2>&1
		is "$?" 124 "sysgenid(1): $command (it has no end of its own)"
		;;
	*) ok "sysgenid(1): $command" timeout 60 bash -c "$command" ;;
	esac
done
done_testing
