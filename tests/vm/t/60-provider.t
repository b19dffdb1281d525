#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The OpenSSL provider with this suite's OpenSSL, without criu: its unit tests, and what its configuration does.
# vm: timeout=240
set -uo pipefail
. tests/vm/payload.sh
PAYLOAD=$PWD/build/tests/unit-provider

run_payload renew.t
run_payload trouble.t
make -s install >/tmp/install.log 2>&1 || bail "make install"
PAYLOAD=$PWD/tests/unit-provider run_payload config.t

need_module
provider=(env OPENSSL_CONF=/etc/sysgenid/openssl.cnf openssl list -providers -verbose)
like "$("${provider[@]}")" 'sysgenid.*, counter open' "with the module the provider has the counter"
ok "strict = yes gives bytes with the module" \
	env OPENSSL_CONF=<(printf '.include /etc/sysgenid/openssl.cnf\n[sysgenid_sect]\nstrict = yes\n') openssl rand -hex 8
ok "the module can be unloaded after all this" unload_module
done_testing
