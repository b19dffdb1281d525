#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An installed library is found by pkg-config and can be linked, shared and static.
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
: "${BUILD:=$PWD/build}" "${CC:=cc}"
export BUILD
# The variables of an outer make are not for these.
unset MAKEFLAGS MFLAGS PREFIX DESTDIR LIBDIR

if nm -D "$BUILD/lib/libsysgenid.so" | grep -q __asan_; then
	skip_all "the library was built with a sanitizer, which needs more than it does"
fi

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
prefix=$work/prefix
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig

cat >"$work/use.c" <<'END'
#include <libsysgenid.h>
#include <stdio.h>

int main(void)
{
	struct sysgenid_status status;
	struct sysgenid *handle;
	char text[256];

	sysgenid_get_status(&status, NULL);
	puts(sysgenid_explain(sysgenid_open(&handle, "/dev/null", 0), text, sizeof(text)));
	return 0;
}
END

# usage: compile OUTPUT FLAGS-OF-CC FLAGS-OF-PKG-CONFIG
compile()
{
	# shellcheck disable=SC2046,SC2086  # several flags
	"$CC" $2 -o "$1" "$work/use.c" $(pkg-config $3 --cflags --libs libsysgenid)
}

installed()
{
	(cd -- "$1" && find . ! -type d | LC_ALL=C sort)
}

ok "the library can be installed" make -C lib install PREFIX="$prefix"
ok "and the command" make -C tools install PREFIX="$prefix" SYSCONFDIR="$prefix/etc"
is "$(installed "$prefix" | grep -v /man3/sysgenid_)" "./bin/sysgenid
./etc/sysgenid/post-restore.conf
./include/libsysgenid.h
./include/linux/sysgenid.h
./lib/libsysgenid.a
./lib/libsysgenid.so
./lib/libsysgenid.so.0
./lib/libsysgenid.so.$(<VERSION)
./lib/pkgconfig/libsysgenid.pc
./lib/systemd/system/sysgenid-metrics.service
./lib/systemd/system/sysgenid-metrics.timer
./lib/systemd/system/sysgenid-overseer.service
./libexec/sysgenid/post-restore/dhcp-lease
./libexec/sysgenid/post-restore/hostname
./libexec/sysgenid/post-restore/lib.sh
./libexec/sysgenid/post-restore/machine-id
./libexec/sysgenid/post-restore/restart-units
./libexec/sysgenid/post-restore/ssh-host-keys
./libexec/sysgenid/sysgenid-ready
./share/bash-completion/completions/sysgenid
./share/fish/vendor_completions.d/sysgenid.fish
./share/man/man1/sysgenid.1
./share/man/man3/libsysgenid.3
./share/man/man4/sysgenid.4
./share/sysgenid/prometheus/alerts.yml
./share/sysgenid/prometheus/dashboard.json
./share/zsh/site-functions/_sysgenid" "these files and no others are installed"
is "$(pkg-config --modversion libsysgenid)" "$(<VERSION)" "pkg-config knows the version"
is "$("$prefix/bin/sysgenid" --version)" "sysgenid $(<VERSION)" "the installed command runs"

ok "a program links with the shared library" compile "$work/shared" "" ""
is "$(readelf -d "$work/shared" | grep -oE 'lib(sysgenid|nl|cap)[^]]*')" libsysgenid.so.0 \
	"and needs it by its soname, and not what it is made with"
like "$(LD_LIBRARY_PATH=$prefix/lib "$work/shared")" "not the generation counter" "and runs"
ok "a program links with the static library" compile "$work/static" -static --static
like "$(readelf -d "$work/static")" "no dynamic section" "and needs no shared library"
like "$("$work/static")" "not the generation counter" "and runs"

ok "DESTDIR and LIBDIR are honoured" make -C lib install PREFIX=/usr LIBDIR=/usr/lib/somewhere \
	DESTDIR="$work/stage"
ok "the library is there" test -f "$work/stage/usr/lib/somewhere/libsysgenid.so.$(<VERSION)"
is "$(PKG_CONFIG_PATH=$work/stage/usr/lib/somewhere/pkgconfig \
	pkg-config --variable=libdir libsysgenid)" /usr/lib/somewhere \
	"and the pkg-config file names it without DESTDIR"
done_testing
