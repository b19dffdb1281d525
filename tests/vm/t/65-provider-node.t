#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Debian's node, whose OpenSSL is the system's, as it is: dumped once and restored twice, without and with the provider, and
# with the switch of the package for Node and no provider.
# The node of Debian 13 uses io_uring, which criu cannot dump, unless the machine forbids it.
# vm: timeout=240
set -uo pipefail
. tests/provider/lib.sh

ROUNDS=3
SERVER=$PWD/tests/provider/random-server.mjs
CLIENT=$PWD/tests/provider/random-server.py

# ask [COUNT] CLONE
ask()
{
	/usr/bin/python3 "$CLIENT" ask "/proc/$(container_pid "${2:-$1}")/root/run/random" "${2:+$1}"
}

ask_once()
{
	ask 1 "$1"
}

# story CONFIGURATION [OPTION]...
story()
{
	local name

	READY=(ask_once)
	provider_dump env OPENSSL_CONF="$1" SYSGENID_NODE=strict /usr/bin/node --openssl-shared-config "${@:2}" "$SERVER" /run/random
	for name in a b; do
		provider_clone "$name" ask "$ROUNDS"
	done
}

# Linux 6.6 and newer can forbid io_uring. node then does without.
IO_URING=/proc/sys/kernel/io_uring_disabled
[[ ! -e $IO_URING ]] || echo 2 >"$IO_URING"
provider_setup
is "$(ldd "$(ldd /usr/bin/node | awk '$1 ~ /^libnode/ { print $3 }')" | grep -c 'libcrypto\.so\.3 ')" 1 "node uses the system's OpenSSL"
story /etc/ssl/openssl.cnf
is "$(in_common 1)" "$ROUNDS" "control: without the provider both clones give the same crypto.randomBytes"
is "$(in_common 2)" "$ROUNDS" "control: and the same crypto.randomUUID without node's stock of bytes"
story /etc/sysgenid/openssl.cnf
is "$(in_common 1)" 0 "with the provider the clones' crypto.randomBytes differ, from the first one on"
is "$(in_common 2)" 0 "and their crypto.randomUUID without node's stock of bytes"
is "$(in_common 3)" "$ROUNDS" "crypto.randomUUID with the stock, which was drawn before the dump, is the same: the provider cannot renew that"
is "$(in_common 4)" "$ROUNDS" "control: so is Math.random"
story /etc/ssl/openssl.cnf --require /usr/local/lib/node_modules/sysgenid/register.js
is "$(in_common 1)" 0 "with the switch and no provider crypto.randomBytes differs"
is "$(in_common 2)" 0 "and crypto.randomUUID without the stock"
is "$(in_common 3)" 0 "and with it"
is "$(in_common 4)" 0 "and Math.random"
[[ ! -e $IO_URING ]] || echo 0 >"$IO_URING"
done_testing
