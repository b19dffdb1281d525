#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Debian's python3 as it is, dumped once and restored twice: ssl.RAND_bytes without and with the OpenSSL provider, and
# the module random without and with the switch of the Python package.
set -uo pipefail
. tests/provider/lib.sh

ROUNDS=4
SERVER=$PWD/tests/provider/random-server.py

ask()
{
	python3 "$SERVER" ask "/proc/$(container_pid "${2:-$1}")/root/run/random" "${2:+$1}"
}

ask_once()
{
	ask 1 "$1"
}

# story WORD...: with words for env
story()
{
	local name

	READY=(ask_once)
	provider_dump env "$@" python3 "$SERVER" serve /run/random
	for name in a b; do
		provider_clone "$name" ask "$ROUNDS"
	done
}

provider_setup
story OPENSSL_CONF=/etc/ssl/openssl.cnf
is "$(in_common 1)" "$ROUNDS" "control: without the provider both clones give the same ssl.RAND_bytes, call after call"
is "$(in_common 2)" "$ROUNDS" "control: in other threads, too"
is "$(in_common 5)" 0 "secrets, which asks the kernel, differs without the provider (criu's plugin is there)"

is "$(in_common 6)" "$ROUNDS" "control: without the switch both clones give the same random.random"
is "$(in_common 7)" "$ROUNDS" "control: and the same numbers of a random.Random"

story OPENSSL_CONF=/etc/sysgenid/openssl.cnf
is "$(in_common 1)" 0 "with the provider the clones' ssl.RAND_bytes differ, from the first one on"
for thread in 2 3 4; do
	is "$(in_common "$thread")" 0 "with the provider, thread $((thread - 1)): they differ"
done
is "$(in_common 5)" 0 "secrets differs"

# The configuration of a whole system.
cp /etc/ssl/openssl.cnf "$CR_DIR/saved.cnf"
echo '.include /etc/sysgenid/openssl-provider.cnf' >>/etc/ssl/openssl.cnf
story OPENSSL_CONF=/etc/ssl/openssl.cnf
is "$(in_common 1)" 0 "switched on in the system's openssl.cnf: they differ"
cp "$CR_DIR/saved.cnf" /etc/ssl/openssl.cnf

make -s -C python install-auto >"$CR_DIR/install.log" 2>&1 || provider_die "make install-auto: $(<"$CR_DIR/install.log")"
story -u OPENSSL_CONF SYSGENID_PYTHON=strict
is "$(in_common 6)" 0 "with the switch the clones' random.random differs, from the first one on"
is "$(in_common 7)" 0 "and the numbers of a random.Random that was made before the dump"
is "$(in_common 1)" 0 "and ssl.RAND_bytes: the switch has found the provider"
rm -f /usr/local/lib/python3.*/dist-packages/sysgenid-auto.pth
done_testing
