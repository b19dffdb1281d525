#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Why "sysgenid doctor" says that the module is not loaded, and what it advises. In a mount namespace of its own, with other
# folders for modules, sources and DKMS. What a kernel really refuses is tests/packages/install's.
# vm: suites=bookworm
set -uo pipefail
. tests/vm/lib.sh

[[ -n ${INSIDE-} ]] || INSIDE=yes exec unshare --mount --propagation private "$0"

kernel=$(uname -r) version=$(<VERSION)
modules=/usr/lib/modules/$kernel source=/usr/src/sysgenid-$version
sign_file=$(find /usr/lib/linux-kbuild-* -name sign-file | head -n 1)
work=$(mktemp -d)

# finding: the line about the module
finding()
{
	build/tools/sysgenid doctor 2>&1 | grep -E '^[a-z]+ +module '
}

# says STATE WHAT ADVICE NAME
says()
{
	like "$(finding)" "^$1 +module +$2: $3; or let containers have a counter file: " "$4"
}

# A file of the kernel that says something else.
pretend()
{
	echo "$2" >"$work/${1##*/}"
	mount --bind "$work/${1##*/}" "$1"
}

# Signed with a key of ours, which the kernel does not know.
sign()
{
	openssl req -new -x509 -nodes -newkey rsa:2048 -subj '/CN=Key of nobody/' -keyout "$work/key" -out "$work/cert" -days 1 \
		2>/dev/null &&
		"$sign_file" sha256 "$work/key" "$work/cert" "$modules/updates/sysgenid.ko"
}

lockdown=/sys/kernel/security/lockdown
refused_by_lockdown="not loaded: Linux $kernel takes only modules that a key it knows has signed \\(lockdown\\), and 'Key of nobody' .*"

if ((VM_PHASE == 2)); then
	ok "control: after a reboot the kernel takes the module" load_module
	unload_module
	done_testing
	exit
fi

[[ ! -d /sys/module/sysgenid ]] || rmmod sysgenid
for folder in /usr/lib/modules /usr/src /var/lib/dkms /run/sysgenid; do
	mkdir -p "$folder" && mount -t tmpfs tmpfs "$folder" || bail "no folder of our own at $folder"
done
mkdir -p "$modules/updates" && : >"$modules/modules.dep"

says problem "its source is not installed: there is no $source/dkms.conf" "install the package sysgenid-dkms .*" \
	"nothing is installed: install the package"
mkdir "$source" && : >"$source/dkms.conf"
says problem "not built for Linux $kernel, whose headers are not installed" \
	"install them \\(linux-headers-$kernel; .*\\), and DKMS builds it .*" "the headers are missing: install them"
mkdir -p "$modules/build" && : >"$modules/build/Makefile"
says problem "not built for Linux $kernel" "run 'dkms install sysgenid/$version' and 'modprobe sysgenid'" \
	"it was not built: let DKMS build it"
mkdir -p "/var/lib/dkms/sysgenid/$version/build" && : >"/var/lib/dkms/sysgenid/$version/build/make.log"
says problem "DKMS could not build it for Linux $kernel" "read /var/lib/dkms/sysgenid/$version/build/make.log" \
	"DKMS failed: look into its log"
mkdir -p /run/sysgenid/containers/node && : >/run/sysgenid/containers/node/counter
says note "DKMS could not build it for Linux $kernel" "read .*" "with a counter file it is no problem"
rm -r /run/sysgenid/containers

cp build/kernel/sysgenid.ko "$modules/updates/" && depmod
like "$(finding)" "^problem +module +not loaded, but built for Linux $kernel: run 'modprobe sysgenid', and 'echo sysgenid > " \
	"it is built, and not loaded: modprobe"

pretend /sys/module/module/parameters/sig_enforce Y
refused="not loaded: Linux $kernel takes only signed modules \\(module.sig_enforce=1\\), and this one is not signed"
says problem "$refused" "there is no UEFI .*: use a kernel that has the key, or boot without module.sig_enforce" \
	"no signature, and no UEFI"
unlike "$(finding)" "modprobe sysgenid" "modprobe is not advised, which would fail"
mount -t tmpfs tmpfs /sys/firmware && mkdir /sys/firmware/efi
says problem "$refused" "let DKMS sign it .*, and enrol its key: 'mokutil --import /var/lib/dkms/mok.pub', then reboot .*" \
	"no signature: sign it, and enrol the key"
ok "the module is signed" sign
says problem "not loaded: Linux $kernel takes only modules that a key it knows has signed \\(module.sig_enforce=1\\), and 'Key of nobody' is none that can be seen" \
	"enrol DKMS's key: 'mokutil --import /var/lib/dkms/mok.pub', then reboot .*" "signed by a key that is not enrolled: enrol it"
pretend /proc/keys "3a1b2c3d I------ 1 perm 1f030000 0 0 asymmetri Key of nobody: X509.rsa 01020304 []"
like "$(finding)" "^problem +module +not loaded, but built for Linux $kernel: run 'modprobe sysgenid'" \
	"control: signed by a key that the kernel has: modprobe"
umount /proc/keys
umount /sys/module/module/parameters/sig_enforce
load_module || bail "the module cannot be loaded"
like "$(finding)" "^ok +module +loaded in Linux $kernel" "control: the module is loaded"
unload_module

# The kernel is really locked down, until it is booted anew.
[[ -e $lockdown ]] || mount -t securityfs securityfs "${lockdown%/*}"
echo integrity >"$lockdown"
like "$(<"$lockdown")" '\[integrity\]' "the kernel is locked down"
like "$(modprobe sysgenid 2>&1)" "Key was rejected|Required key not available|Operation not permitted" "control: it refuses the module"
says problem "$refused_by_lockdown" "enrol DKMS's key: .*" "lockdown is a reason, too"
mkdir -p /run/sysgenid/containers/node && : >/run/sysgenid/containers/node/counter
like "$(finding)" "^note +module +$refused_by_lockdown" "with a counter file it is no problem"
vm_reboot 2
