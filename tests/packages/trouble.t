#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The packages are installed where something is missing or wrong: each case says what, and what docs/packages.md advises
# gets over it. In the root file system of a VM, without the VM.
# A part of "make check-packages". usage: trouble.t bookworm|trixie
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
suite=${1?usage: trouble.t bookworm|trixie}
# shellcheck source=tests/packages/machine.sh
. tests/packages/machine.sh

NEW=$(<VERSION)
NODE=(sysgenid sysgenid-dkms sysgenid-tools criu-plugin-sysgenid sysgenid-container-hooks)

# Packages of ours in a state that is neither "installed" nor "not there".
half_installed()
{
	inside dpkg-query -W -f '${Package} ${db:Status-Status}\n' '*sysgenid*' | grep -vE ' (installed|not-installed)$'
}

# Sets the array of that name to the packages' files, as they are named inside.
package_files()
{
	local name

	package_files=()
	for name in "${NODE[@]}"; do
		package_files+=("/$(cd "$root" && echo run/new/"${name}_"*)")
	done
}

built()
{
	[[ $(modules) == "sysgenid sysgenid_vmclock sysgenid_vmgenid" ]]
}

purged()
{
	apt purge "${NODE[@]}" && [[ $(diff <(echo "$before") <(files)) == "" ]]
}

check_no_headers()
{
	mv "$root/usr/lib/modules/$kernel/build" "$root/usr/lib/modules/$kernel/build.away"
	ok "no headers: the packages can be installed" install new "${NODE[@]}"
	is "$(half_installed)$(modules)" "" "no headers: all of them, and no module is built"
	like "$(<"$tmp/log")" "headers" "no headers: dkms says what is missing"
	like "$(<"$tmp/log")" "sysgenid: the kernel module cannot be loaded yet; 'sysgenid doctor' says why" "no headers: the package says whom to ask"
	# doctor looks at the kernel that runs, and the image has no headers of that one either.
	like "$(inside sysgenid doctor)" "module +not built for Linux .*, whose headers are not installed: install them" "no headers: doctor says so"
	mv "$root/usr/lib/modules/$kernel/build.away" "$root/usr/lib/modules/$kernel/build"
	ok "no headers: once they are there dkms builds the modules" inside dkms autoinstall -k "$kernel"
	ok "no headers: all three" built
	ok "no headers: purged, nothing is left" purged
}

# The compiler that DKMS finds is the script on standard input.
fake_compiler()
{
	local name

	cat >"$root/run/fake/gcc"
	chmod 755 "$root/run/fake/gcc"
	for name in "$root"/usr/bin/{,x86_64-linux-gnu-}gcc*; do
		[[ $name == */gcc ]] || cp "$root/run/fake/gcc" "$root/run/fake/${name##*/}"
	done
}

check_no_compiler()
{
	fake_compiler <<-'END'
		#!/bin/sh
		echo no compiler today >&2
		exit 1
	END
	install new "${NODE[@]}" >/dev/null
	is "$(modules)" "" "no build: no module is there"
	like "$(cat "$tmp/log")" "/var/lib/dkms/sysgenid/$NEW/build/make.log" "no build: the log is named"
	like "$(inside /usr/bin/sysgenid doctor)" "module +(not built|DKMS could not build it) for Linux" "no build: doctor says so"
	rm "$root"/run/fake/*gcc*
	ok "no build: with a compiler, dpkg --configure -a gets over it" inside dpkg --configure -a
	ok "no build: and dkms autoinstall" inside dkms autoinstall -k "$kernel"
	is "$(half_installed)" "" "no build: all packages are installed"
	ok "no build: all modules are built" built
	ok "no build: purged, nothing is left" purged
}

# The layer is in memory, whose size can be changed.
check_full_disk()
{
	local used

	used=$(df --output=used -k "$tmp" | tail -n 1)
	mount -o "remount,size=$((used + 200))k" "$tmp"
	not_ok "full disk: apt fails" install new "${NODE[@]}"
	like "$(<"$tmp/log")" "No space left on device|not enough free space|don't have enough free space" "full disk: and says why"
	mount -o "remount,size=4g" "$tmp"
	package_files
	not_ok "full disk: control: with room, apt does not go on" install new "${NODE[@]}"
	ok "full disk: dpkg --install of the same files does" inside dpkg --install "${package_files[@]}"
	is "$(half_installed)" "" "full disk: no package is half installed"
	ok "full disk: all modules are built" built
	ok "full disk: purged, nothing is left" purged
}

check_full_disk_for_dkms()
{
	local used

	package_files
	ok "full disk for DKMS: packages are unpacked" inside dpkg --unpack "${package_files[@]}"
	used=$(df --output=used -k "$tmp" | tail -n 1)
	mount -o "remount,size=$((used + 2000))k" "$tmp"
	not_ok "full disk for DKMS: they cannot be configured" inside dpkg --configure -a
	mount -o "remount,size=4g" "$tmp"
	like "$(half_installed)" "sysgenid-dkms half-configured" "full disk for DKMS: control: the modules could not be built"
	ok "full disk for DKMS: with room, dpkg --configure -a gets over it" inside dpkg --configure -a
	is "$(half_installed)" "" "full disk for DKMS: all packages are installed"
	ok "full disk for DKMS: all modules are built" built
	ok "full disk for DKMS: purged, nothing is left" purged
}

# As when the power fails.
check_killed()
{
	fake_compiler <<-'END'
		#!/bin/sh
		pid=$$ killed=
		while [ "$pid" -gt 1 ]; do
			case $(cat "/proc/$pid/comm") in
			apt-get | dpkg) killed="$killed $pid" ;;
			esac
			pid=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$pid/status")
		done
		[ -z "$killed" ] || kill -9 $killed
		exit 1
	END
	not_ok "killed: apt and dpkg are killed while DKMS compiles" install new "${NODE[@]}"
	ok "killed: what they had started ends" wait_for 30 eval '! inside pgrep -x dkms'
	like "$(half_installed)" "sysgenid-dkms half-configured" "killed: control: the packages are half installed"
	like "$(inside sysgenid doctor)" "ok +plugin +.* can be loaded" "killed: the command and the plugin work already"
	rm "$root"/run/fake/*gcc*
	not_ok "killed: control: apt does not go on by itself" install new "${NODE[@]}"
	ok "killed: dpkg --configure -a does" inside dpkg --configure -a
	is "$(half_installed)" "" "killed: all packages are installed"
	ok "killed: all modules are built" built
	ok "killed: purged, nothing is left" purged
}

check_interrupted()
{
	package_files
	ok "interrupted: packages are unpacked and not configured" inside dpkg --unpack "${package_files[@]}"
	isnt "$(half_installed)" "" "interrupted: control: they are half installed"
	like "$(inside sysgenid doctor)" "ok +plugin +.* can be loaded" "interrupted: the command and the plugin work already"
	ok "interrupted: dpkg --configure -a completes them" inside dpkg --configure -a
	is "$(half_installed)" "" "interrupted: none is half installed any more"
	ok "interrupted: all modules are built" built
}

check_foreign_criu()
{
	cat >"$root/usr/local/sbin/criu" <<-'END'
		#!/bin/sh
		case $1 in
		--version) echo 'Version: 4.2' ;;
		--help) echo '  -L|--libdir           path to a plugin directory (by default /usr/local/lib/criu/)' ;;
		*) exit 1 ;;
		esac
	END
	chmod 755 "$root/usr/local/sbin/criu"
	like "$(inside sysgenid doctor)" "/usr/local/sbin/criu looks for plugins in /usr/local/lib/criu only: put a link to /usr/lib/criu/sysgenid_plugin.so there" \
		"foreign criu: doctor says where it looks, and what to do"
	mkdir -p "$root/usr/local/lib/criu"
	ln -s /usr/lib/criu/sysgenid_plugin.so "$root/usr/local/lib/criu/"
	like "$(inside sysgenid doctor)" "ok +plugin +/usr/local/lib/criu/sysgenid_plugin.so can be loaded" "foreign criu: the link helps"
	like "$(inside sysgenid doctor)" "note +criu +.*/usr/sbin/criu.* is another one" "foreign criu: that there are two is said"
	rm -r "$root/usr/local/sbin/criu" "$root/usr/local/lib/criu"
	ok "foreign criu: purged, nothing is left" purged
}

if [[ ${2-} != --inside ]]; then
	((EUID == 0)) || bail "this mounts and enters the suites' images: run it as root"
	make packages SUITE="$suite" >&2 || bail "the packages cannot be built"
	exec unshare --mount --pid --net --fork --kill-child --propagation private "$0" "$suite" --inside
fi
machine_begin "$suite"
before=$(files)
check_no_headers
check_no_compiler
check_full_disk
check_full_disk_for_dkms
check_killed
check_interrupted
check_foreign_criu
machine_end
done_testing
