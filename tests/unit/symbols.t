#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the libraries export and what they need.
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
: "${BUILD:=$PWD/build}" "${CC:=cc}"

if nm -D "$BUILD/lib/libsysgenid.so" | grep -q __asan_; then
	skip_all "the library was built with a sanitizer, which needs more than it does"
fi

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
shared=$BUILD/lib/libsysgenid.so
static=$BUILD/lib/libsysgenid.a

exported()
{
	nm -D --defined-only "$shared" | awk '$2 == "T" { print $3 }' | sort
}

declared()
{
	# Functions of the header that are not inline: a name before "(" in a line that starts a declaration.
	grep -vE '^(static|[[:space:]]|/?\*)' lib/libsysgenid.h |
		grep -oE '\bsysgenid_[a-z_]+\(' | tr -d '(' | sort
}

needed()
{
	readelf -d "$1" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort | paste -sd' '
}

# Links a shared object that uses functions of the static library. usage: link OUTPUT LIBRARIES FUNCTION...
link()
{
	local output=$1 libraries=$2 name

	shift 2
	for name; do
		echo "void $name(void); void use_$name(void); void use_$name(void) { $name(); }"
	done >"$work/use.c"
	# shellcheck disable=SC2086  # several libraries
	"$CC" -shared -fPIC -fno-builtin -Wl,-z,defs -Wl,--exclude-libs,ALL -o "$output" \
		"$work/use.c" "$static" $libraries
}

control=(sysgenid_trigger sysgenid_trigger_domain sysgenid_reseed sysgenid_get_status
	sysgenid_get_domain_status sysgenid_cause_name sysgenid_events_open
	sysgenid_events_fd sysgenid_events_next sysgenid_events_close)

is "$(declared | wc -l)" 23 "the header declares 23 functions"
is "$(exported | sed 's/@.*//')" "$(declared)" \
	"the shared library exports the functions of its header and nothing else"
is "$(exported | sed -n 's/@@LIBSYSGENID_0.2$//p' | paste -sd' ')" \
	"sysgenid_await sysgenid_events_next sysgenid_events_open sysgenid_get_domain_status sysgenid_get_incarnation sysgenid_incarnation sysgenid_reseed sysgenid_source sysgenid_sync sysgenid_trigger_domain" \
	"what came with version LIBSYSGENID_0.2, or is called in another way since"
is "$(exported | sed 's/.*@@//' | sort | uniq -c | awk '{ print $2, $1 }' | paste -sd' ')" \
	"LIBSYSGENID_0.1 13 LIBSYSGENID_0.2 10" "all others have version LIBSYSGENID_0.1"
is "$(nm -D --defined-only "$shared" | grep -cvE ' (T sysgenid_|A LIBSYSGENID)')" 0 \
	"the shared library exports no data"
is "$(readelf -d "$shared" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" libsysgenid.so.0 \
	"the soname is libsysgenid.so.0"
is "$(needed "$shared")" "libc.so.6 libcap.so.2" \
	"the shared library needs libc and libcap only"
is "$(nm "$static" | awk '$2 ~ /[BCDGS]/ { print $3 }')" "" "the libraries have no writable global data"

ok "the control plane links statically without another library" \
	link "$work/control.so" "" "${control[@]}"
is "$(needed "$work/control.so")" libc.so.6 "and then needs libc only"
is "$(nm -D --defined-only "$work/control.so" | awk '{ print $3 }' | sort)" \
	"$(printf 'use_%s\n' "${control[@]}" | sort)" \
	"and exports nothing of it when libraries are excluded from exports"
like "$(link "$work/explain.so" "" sysgenid_explain 2>&1 || :)" 'cap_get_proc' \
	"explanations do not: they need libcap"
ok "with libcap they do" link "$work/explain.so" -lcap sysgenid_explain

if "$CC" -x c++ -fsyntax-only /dev/null 2>/dev/null; then
	echo '#include <libsysgenid.h>' >"$work/header.cc"
	ok "the header can be used from C++" "$CC" -x c++ -Wall -Wextra -Werror -fsyntax-only \
		-Ilib -Ikernel/include/uapi "$work/header.cc"
else
	skip "the header can be used from C++" "no C++ compiler is installed"
fi
echo '#include <libsysgenid.h>' >"$work/header.c"
ok "the header can be used from strict C99" "$CC" -std=c99 -pedantic -Wall -Wextra -Werror -fsyntax-only \
	-Ilib -Ikernel/include/uapi "$work/header.c"
done_testing
