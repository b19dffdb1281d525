#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The provider as a file, switched on by a configuration file, in programs of the system; without a counter.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
export OPENSSL_MODULES=${BUILD:-$PWD/build}/openssl-provider SYSGENID_PATH=$work/nothing
export OPENSSL_CONF=$work/plain.cnf

# config NAME LINE...: the configuration as we ship it, with lines in the provider's section
config()
{
	local name=$1

	shift
	{
		echo 'openssl_conf = openssl_init'
		echo ".include $PWD/openssl-provider/openssl-provider.cnf"
		printf '[sysgenid_sect]\n'
		printf '%s\n' "$@"
	} >"$work/$name.cnf"
}

# hex of random bytes, and whatever else is said
draw()
{
	openssl rand -hex 8 2>&1
}

bytes='^[0-9a-f]{16}$'
config plain
config warn 'warn = yes'
config strict 'strict = yes'
config typo 'strict = ja'

ciphers=$(OPENSSL_CONF=/dev/null openssl ciphers -s)
like "$(openssl list -random-generators)" 'CTR-DRBG @ sysgenid' "a few lines of openssl.cnf switch the provider on"
like "$(openssl list -providers -verbose)" 'no counter: No such file' \
	"'openssl list -providers -verbose' says that there is no counter"
is "$(openssl ciphers -s)" "$ciphers" "TLS has the ciphers it has without"
like "$(draw)" "$bytes" "without a counter: bytes, and nothing is said"
like "$(python3 -c 'import ssl; print(ssl.RAND_bytes(8).hex())' 2>&1)" "$bytes" "the same in python3"
like "$(OPENSSL_CONF=$work/warn.cnf draw)" 'sysgenid: .* No such file or directory; load the kernel module' \
	"warn = yes: it is said on standard error"
like "$(OPENSSL_CONF=$work/strict.cnf draw)" 'no generation counter, and "strict" is set' \
	"strict = yes: no bytes, and OpenSSL's error says why"
like "$(OPENSSL_CONF=$work/typo.cnf draw)" 'no generation counter' "a value of 'strict' that is not understood is strict"

# Another provider with a child library context. Its "build info" is where its random bytes come from.
child=${BUILD:-$PWD/build}/tests/unit-provider/child.so
config child
printf '[provider_sect]\nchild = child_sect\n[child_sect]\nactivate = 1\nmodule = %s\n' "$child" >>"$work/child.cnf"
{
	cat "$work/child.cnf"
	printf '[openssl_init]\nalg_section = alg_sect\n[alg_sect]\ndefault_properties = ?provider=sysgenid\n'
} >"$work/inherit.cnf"
like "$(OPENSSL_CONF=$work/child.cnf openssl list -providers -verbose)" 'build info: default' \
	"a provider with a context of its own draws from OpenSSL's generator"
like "$(OPENSSL_CONF=$work/inherit.cnf openssl list -providers -verbose)" 'child.*build info: sysgenid' \
	"default_properties make it draw from ours"
is "$(OPENSSL_CONF=$work/inherit.cnf openssl ciphers -s)" "$ciphers" "with these TLS has the same ciphers"
like "$(OPENSSL_CONF=$work/inherit.cnf draw)" "$bytes" "and nothing is said"

: >"$work/file"
for kind in file /dev/null; do
	[[ $kind == /* ]] || kind=$work/$kind
	export SYSGENID_PATH=$kind
	like "$(draw)" "$bytes" "${kind##*/} in the counter's place: bytes as ever"
	like "$(openssl list -providers -verbose)" 'no counter: Inappropriate ioctl' "and it is not taken for the counter"
done
head -c 4096 /dev/zero >"$work/file"
SYSGENID_PATH=$work/file python3 - "$work/file" <<'END'
import os, ssl, sys
ssl.RAND_bytes(8)
os.truncate(sys.argv[1], 0)
ssl.RAND_bytes(8)
END
is "$?" 0 "a file that is no counter is not mapped: it may be truncated"

like "$(OPENSSL_MODULES=$work draw)" "$bytes" "the provider's file is missing: bytes as ever"
unlike "$(OPENSSL_MODULES=$work openssl list -random-generators)" '@ sysgenid' "from OpenSSL's own generator"
OPENSSL_MODULES=$work
printf 'config_diagnostics = 1\n.include %s\n' "$work/plain.cnf" >"$work/diagnostics.cnf"
like "$(OPENSSL_CONF=$work/diagnostics.cnf draw)" "$bytes" "nor is that fatal with config_diagnostics"
done_testing
