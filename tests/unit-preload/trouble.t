#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The preload library as a file, in front of programs that know nothing of it; without a counter, and with something
# else in its place.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
build=${BUILD:-$PWD/build}
library=$build/preload/libsysgenid-preload.so
export SYSGENID_PATH=$work/nothing

# preloaded COMMAND...: what it says, on both outputs
preloaded()
{
	LD_PRELOAD=$library "$@" 2>&1
}

subject()
{
	preloaded "$build/tests/unit-preload/subject" "$@"
}

all=$(printf '%s ok\n' openssl gnutls gcrypt nonce bsd uuid)
is "$(nm -D --defined-only "$library" | awk '{ print $3 }' | grep -vE '^(RAND_|gnutls_rnd$|gcry_|arc4random|uuid_generate_time)')" \
	'' "nothing but the functions in question is exported"
is "$(objdump -p "$library" | awk '$1 == "NEEDED" { print $2 }')" libc.so.6 "it brings no other library into a program"
is "$(subject)" "$all" "without a counter all libraries give what they always gave, and nothing is said"
like "$(SYSGENID_PRELOAD=warn preloaded openssl rand -hex 8)" \
	'^sysgenid: random bytes are not renewed .*nothing: No such file or directory; load .*[0-9a-f]{16}$' \
	"SYSGENID_PRELOAD=warn: it is said, and the program goes on"
is "$(SYSGENID_PRELOAD=warn subject | grep -c '^sysgenid: ')" 1 "once"
like "$(SYSGENID_PRELOAD=strict subject openssl)" 'openssl failed' "strict: RAND_bytes fails"
like "$(SYSGENID_PRELOAD=strict subject gnutls)" 'gnutls failed' "strict: gnutls_rnd fails"
for name in gcrypt nonce bsd uuid; do
	like "$(SYSGENID_PRELOAD=strict subject "$name"; echo "status $?")" \
		'the program is ended, since this function cannot fail.*status 134' "strict: $name: what cannot fail ends the program"
done
is "$(preloaded /bin/echo hello)" hello "a program with none of the libraries runs"

head -c 4096 /dev/urandom >"$work/file"
mkdir "$work/directory"
for kind in "$work/file" "$work/directory" /dev/null /dev/zero; do
	is "$(SYSGENID_PATH=$kind subject)" "$all" "${kind##*/} in the counter's place: bytes as ever"
	like "$(SYSGENID_PATH=$kind SYSGENID_PRELOAD=warn subject openssl)" 'Inappropriate ioctl' "and it is not taken for the counter"
done
SYSGENID_PATH=$work/file preloaded python3 - "$work/file" <<'END'
import os, ssl, sys
ssl.RAND_bytes(8)
os.truncate(sys.argv[1], 0)
ssl.RAND_bytes(8)
END
is "$?" 0 "a file in the counter's place may be truncated: no SIGBUS; and libraries that a program loads later are found"
like "$(preloaded python3 -c 'import ctypes; print(ctypes.CDLL(None).gnutls_rnd(1, ctypes.create_string_buffer(8), 8))')" '^0$' \
	"a function whose library is not there gives the kernel's bytes"
alone=$build/tests/unit-preload/alone
is "$("$alone" dlerror; echo "status $?")" 'status 0' "control: dlerror() and errno without the library"
is "$(preloaded "$alone" dlerror; echo "status $?")" 'status 0' "what dlerror() and errno have for the program stays there"
is "$(preloaded "$alone" unload; echo "status $?")" 'status 0' "a library that is unloaded again is not called any more"

# copies N: what the program of that name says of N plugins
copies()
{
	local names=() n

	{ printf '\7\0\0\0' && head -c 60 /dev/zero && printf 'SYsG\1\0\0\0' && head -c 4024 /dev/zero; } >"$work/counter"
	for ((n = 0; n < $1; n++)); do
		cp -- "$build/tests/unit-preload/copy.so" "$work/copy$n.so"
		names+=("$work/copy$n.so")
	done
	SYSGENID_PATH=$work/counter preloaded "$build/tests/unit-preload/copies" "$work/counter" "${names[@]}"
	echo "status $?"
}

is "$(copies 1)" $'1 \n0 \nstatus 0' "a library that only a plugin has is renewed once"
is "$(copies 3)" $'1 1 1 \n0 0 0 \nstatus 0' "plugins that each bring a copy of it: each copy is renewed, once"
is "$(copies 18)" "$(printf '1 %.0s' {1..18})"$'\n'"$(printf '0 %.0s' {1..16})1 1 "$'\nstatus 0' \
	"those of which there are more than places are renewed at each draw"
is "$(preloaded "$build/tests/unit-preload/forks" "$work"/copy[0-2].so)" 300 \
	"a child of fork() draws, whatever another thread was looking up"
like "$(SYSGENID_PATH=$work/counter preloaded python3 -c 'import ssl; print(ssl.RAND_bytes(8).hex())')" '^[0-9a-f]{16}$' \
	"a real OpenSSL that a module of Python has brought, after a change"
done_testing
