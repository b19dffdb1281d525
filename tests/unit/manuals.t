#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One version for all parts, one place for helpers, and a man page for whatever a person may look up.
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
: "${BUILD:=$PWD/build}"
export BUILD
unset MAKEFLAGS MFLAGS PREFIX DESTDIR LIBDIR

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
version=$(<VERSION)
man=$work/usr/local/share/man

for part in lib tools criu-plugin runtime-hooks kernel; do
	ok "$part can be installed" make -s -C "$part" install DESTDIR="$work" PREFIX=/usr/local
done

# The version.
like "$version" '^[0-9]+\.[0-9]+\.[0-9]+$' "VERSION is a version"
is "$("$work/usr/local/bin/sysgenid" --version)" "sysgenid $version" "sysgenid has it"
is "$("$work/usr/local/libexec/sysgenid/sysgenid-hook" --version)" "sysgenid-hook $version" "sysgenid-hook has it"
ok "the shared library has it" test -f "$work/usr/local/lib/libsysgenid.so.$version"
is "$(sed -n 's/^Version: //p' "$work/usr/local/lib/pkgconfig/libsysgenid.pc")" "$version" "pkg-config has it"
is "$(cat "$work/usr/src/sysgenid-$version/VERSION")" "$version" "the module's source has it"
is "$(sed -n 's/^PACKAGE_VERSION=//p' "$work/usr/src/sysgenid-$version/dkms.conf")" "\"$version\"" "dkms.conf has it"
is "$(grep -rh MODULE_VERSION kernel --include='*.c' | wc -l)" \
	"$(grep -rh 'MODULE_VERSION(SYSGENID_VERSION);' kernel --include='*.c' | wc -l)" "no module has another"
is "$(grep -L "^.Os sysgenid $version\$" "$man"/man[14578]/* "$man"/man3/libsysgenid.3 2>/dev/null)" "" "man pages have it"
is "$(grep -rhoE --include='*.md' --include='*.c' --exclude-dir=build \
	'(sysgenid/|sysgenid-installer[:-])[0-9]+\.[0-9.]*[0-9]|build info: [0-9.]*[0-9]' . |
	grep -vxE "(sysgenid/|sysgenid-installer[:-]|build info: )${version//./\\.}")" "" "documents name no other"
newest=$(grep -o 'LIBSYSGENID_[0-9.]*[0-9]' lib/libsysgenid.map | sort -uV | tail -n 1)
is "$(printf '%s\n' "${newest#LIBSYSGENID_}" "$version" | sort -V | tail -n 1)" "$version" \
	"and no symbol of the library is younger"

# Helpers.
is "$(find "$work/usr/local" -type f -perm -100 ! -path '*/bin/*' ! -name '*.so*' -printf '%P\n' | grep -v ^libexec/sysgenid/)" "" \
	"programs for programs are in libexec/sysgenid"
not_ok "and nowhere else" test -e "$work/usr/local/lib/sysgenid"

# Packages have other paths.
for part in lib tools criu-plugin runtime-hooks; do
	make -s -C "$part" install DESTDIR="$work/packaged" PREFIX=/usr || bail "$part cannot be installed below /usr"
done
is "$(grep -rl /usr/local "$work/packaged/usr/share/man")" "" "below /usr no man page names a path below /usr/local"
is "$(grep -rhoE '^\.Pa /usr/[a-z]+/sysgenid/[a-z-]+' "$work/packaged/usr/share/man" | sort -u | sed "s|^\.Pa |$work/packaged|" |
	xargs ls -d 2>&1 >/dev/null)" "" "and what they name below /usr is there"

# Functions.
functions()
{
	nm -D --defined-only "$BUILD/lib/libsysgenid.so" | sed -n 's/.* T \(sysgenid_[a-z_]*\).*/\1/p'
	sed -n 's/^static inline .*\b\(sysgenid_[a-z_]*\)(.*/\1/p' lib/libsysgenid.h
}

isnt "$(functions | wc -l)" 0 "the library has functions"
for function in $(functions); do
	is "$(cat "$man/man3/$function.3")" ".so man3/libsysgenid.3" "man $function leads to libsysgenid(3)"
done
is "$(find "$man/man3" -name 'sysgenid_*' -printf '%f\n' | sort)" "$(functions | sed 's/$/.3/' | sort)" \
	"and there are no other pages"
is "$(sed -n 's/^\.Fn \(sysgenid_[a-z_]*\) *\([,.].*\)*$/\1/p' lib/libsysgenid.3 | sort -u | grep -vxF "$(functions)")" "" \
	"libsysgenid(3) speaks of no function that is not there"

# Commands and options.
for command in status watch trigger wait doctor inspect run quiesce unquiesce; do
	for option in $("$work/usr/local/bin/sysgenid" "$command" --help | grep -oE '^  --[a-z]+'); do
		ok "sysgenid(1) has $option of $command" grep -q "^.*Fl Fl ${option#--}" "$man/man1/sysgenid.1"
	done
done
for word in $("$work/usr/local/libexec/sysgenid/sysgenid-hook" --help |
	grep -oE '(precreate|create-runtime|poststart|poststop|make|remove|clean)\b' | sort -u); do
	ok "sysgenid-hook(8) has $word" grep -qE "^\.It Cm $word( |\$)" "$man/man8/sysgenid-hook.8"
done
if command -v mandoc >/dev/null; then
	is "$(mandoc -T lint -W warning "$man"/man[14578]/* "$man/man3/libsysgenid.3")" "" "mandoc has nothing to say"
else
	skip "mandoc has nothing to say" "there is no mandoc here"
fi
done_testing
