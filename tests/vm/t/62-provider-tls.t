#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# "openssl s_server" as it is, dumped once and restored twice: what a TLS client sees of the two clones,
# and what a reseed does not renew.
set -uo pipefail
. tests/provider/lib.sh

ROUNDS=3
PORT=4433

ask_once()
{
	tls_randoms "$PORT" 1
}

# story CONFIGURATION
story()
{
	local name

	READY=(ask_once)
	provider_dump env OPENSSL_CONF="$1" openssl s_server -accept "$PORT" -www -cert "$SERVER_DIR/server.pem"
	for name in a b; do
		provider_clone "$name" tls_randoms "$PORT" "$ROUNDS"
	done
}

# Takes a ticket from clone A and shows it to clone B.
ticket_story()
{
	provider_clone a tls_ticket "$PORT" "$CR_DIR/ticket"
	provider_clone b tls_resume "$PORT" "$CR_DIR/ticket"
}

provider_setup
make_certificate
story /etc/ssl/openssl.cnf
is "$(in_common 1)" "$ROUNDS" "control: without the provider both clones send the same server randoms"

story /etc/sysgenid/openssl.cnf
is "$(in_common 1)" 0 "with the provider their server randoms differ"
ticket_story
like "$(<"$CR_DIR/a")" '^New, TLSv1.2' "a client gets a session ticket from clone A"
like "$(<"$CR_DIR/b")" '^Reused, TLSv1.2' "clone B takes it: ticket keys of before the dump are not renewed by a reseed"
done_testing
