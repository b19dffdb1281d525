#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The packages of a release are installed, upgraded and purged in the root file system of its VM, without the VM: what
# maintainers' scripts do, and DKMS for the VM's kernel. A part of "make check-packages". usage: root.t bookworm|trixie
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
suite=${1?usage: root.t bookworm|trixie}
# shellcheck source=tests/packages/machine.sh
. tests/packages/machine.sh

# The packages of the old version have a suffix, which the modules and the command have not.
NEW=$(<VERSION) OLD=0.1.9 SUFFIX=+local1
ALL=(sysgenid sysgenid-dkms sysgenid-tools criu-plugin-sysgenid sysgenid-container-hooks libsysgenid0 libsysgenid-dev
	libsysgenid-preload openssl-provider-sysgenid python3-sysgenid node-sysgenid)

# Makes packages of run/later: those of run/new, as a later upload of the same release.
make_later()
{
	local deb

	mkdir "$root/run/later"
	for deb in "$root"/run/new/*.deb; do
		[[ $deb != *-dbgsym_* ]] || continue
		rm -rf "$tmp/deb"
		dpkg-deb --raw-extract "$deb" "$tmp/deb" || return
		sed -i "s/^Version: .*/&$SUFFIX/; s/= $NEW)/= $NEW$SUFFIX)/g" "$tmp/deb/DEBIAN/control"
		dpkg-deb --root-owner-group --build "$tmp/deb" "$root/run/later" >/dev/null || return
	done
}

if [[ ${2-} != --inside ]]; then
	((EUID == 0)) || bail "this mounts and enters the suites' images: run it as root"
	make packages SUITE="$suite" >&2 &&
		packaging/build "$suite" --version "$OLD$SUFFIX" --to "build/packages/$suite-old" >&2 ||
		bail "the packages cannot be built"
	exec unshare --mount --pid --net --fork --kill-child --propagation private "$0" "$suite" --inside
fi
machine_begin "$suite"
stock=$(module_of virtio_rng)
like "$stock" '/kernel/drivers/char/hw_random/virtio-rng\.ko' "before, modprobe finds the kernel's own virtio_rng"
before=$(files)

ok "apt install of version $OLD$SUFFIX" install old "${ALL[@]}" ||
	diag "$(tail -n 15 "$root/var/lib/dkms/sysgenid/$OLD/build/make.log")"
is "$(modules)" "sysgenid sysgenid_vmclock sysgenid_vmgenid" "DKMS has built the modules for the kernel $kernel"
is "$(module_of virtio_rng)" "$stock" "no driver of the kernel was replaced"
is "$(inside modinfo -k "$kernel" -F version sysgenid)" "$OLD" "the module has the version"
is "$(inside sysgenid --version)" "sysgenid $OLD" "and so has the command"
is "$(inside dkms status | grep -c "^sysgenid/$OLD, ")" 1 "and the module for DKMS"
# It looks at the kernel that runs, of which the image has no headers.
like "$(inside sysgenid doctor)" "module +not built for Linux .*, whose headers are not installed" \
	"doctor finds the module's source"
not_ok "the overseer is not switched on" test -e "$root/etc/systemd/system/multi-user.target.wants/sysgenid-overseer.service"
ok "the node's counter file is made at each boot" test -L "$root/etc/systemd/system/multi-user.target.wants/sysgenid-node.service"
is "$(cat "$root/usr/lib/modules-load.d/sysgenid.conf" | grep -v '^#')" sysgenid "and the module loaded"
is "$(cd "$root/etc/sysgenid" && grep -hvE '^ *(#|$)' criu.conf post-restore.conf)" "" "no switch is set"
not_ok "the system's openssl.cnf is not changed" grep -q sysgenid "$root/etc/ssl/openssl.cnf"
like "$(inside sysgenid doctor)" "ok +plugin +/usr/lib/criu/sysgenid_plugin.so can be loaded" "doctor finds the plugin"

echo 'strict = yes' >>"$root/etc/sysgenid/criu.conf"
ok "apt install of version $NEW, over it" install new "${ALL[@]}"
is "$(grep -c '^strict = yes$' "$root/etc/sysgenid/criu.conf")" 1 "the administrator's setting is kept"
is "$(inside modinfo -k "$kernel" -F version sysgenid)" "$NEW" "the module has the new version"
is "$(inside dkms status | grep -c "sysgenid/$OLD")" 0 "and DKMS no longer the old one"

# To DKMS this is the same version. Are the modules built anew?
ok "control: the packages can be made as a later upload" make_later
: >"$(module_of sysgenid | sed "s|^|$root|")"
ok "apt install of version $NEW$SUFFIX, over that" install later "${ALL[@]}"
is "$(inside dpkg-query -W -f '${Version}' sysgenid-dkms)" "$NEW$SUFFIX" "control: its packages are installed"
is "$(inside modinfo -k "$kernel" -F version sysgenid)" "$NEW" "the module, which was damaged, was built anew"
is "$(inside dkms status | grep -c "^sysgenid/")" 1 "and DKMS has it once"

# Have the library in two versions.
cp "$root/usr/lib/x86_64-linux-gnu/libsysgenid.so.$NEW" "$root/usr/local/lib/libsysgenid.so.0.0.9"
ln -s libsysgenid.so.0.0.9 "$root/usr/local/lib/libsysgenid.so.0"
like "$(inside sysgenid doctor)" "problem +library +/usr/local/lib/libsysgenid.so.0.0.9 and .*, of two versions" \
	"doctor finds a second version of the library"
rm "$root"/usr/local/lib/libsysgenid.so.0*
unlike "$(inside sysgenid doctor)" " library " "control: and finds nothing when there is one"

ok "apt install sysgenid-virtio-rng" install later sysgenid-virtio-rng
like "$(module_of virtio_rng)" '/updates/dkms/virtio-rng\.ko' "modprobe finds ours"
ok "apt remove sysgenid-virtio-rng" apt remove sysgenid-virtio-rng
is "$(module_of virtio_rng)" "$stock" "modprobe finds the kernel's own again"

# Removed, and not purged. Somebody else puts a plugin into the folder that is left for criu's sake.
ok "apt remove" apt remove "${ALL[@]}"
is "$(cd "$root" && ls -dA usr/lib/criu{,/*} 2>/dev/null)" usr/lib/criu "the plugin folder is left, and nothing in it"
is "$(grep -c '^strict = yes$' "$root/etc/sysgenid/criu.conf")" 1 "and the administrator's setting"
is "$(modules)" "" "and no module"
is "$(cd "$root" && find usr -xdev -name '*sysgenid*')" "" "and no unit, nor anything else of ours below /usr"
: >"$root/usr/lib/criu/another.so"

# As docs/packages.md says, and the packages that it does not name.
ok "apt purge" apt purge sysgenid sysgenid-dkms sysgenid-tools sysgenid-container-hooks criu-plugin-sysgenid
mapfile -t rest < <(inside dpkg-query -W -f '${Package} ${db:Status-Status}\n' '*sysgenid*' | sed -n 's/ config-files$//p')
ok "and the rest" apt purge "${rest[@]}"
is "$(cd "$root" && ls -dA usr/lib/criu{,/*})" usr/lib/criu$'\n'usr/lib/criu/another.so "another plugin is left, and its folder"
rm -r "$root/usr/lib/criu"
is "$(modules)" "" "no module is left"
is "$(diff <(echo "$before") <(files))" "" "and no file, nor a change of another"
is "$(find "$root/var/lib/dkms" -name '*sysgenid*')" "" "and nothing of ours in DKMS's folder"
machine_end
done_testing
