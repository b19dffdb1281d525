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

python3 tests/run/manager.py /dev/log >/tmp/log &
wait_for 30 grep -q listening /tmp/log || bail "manager.py does not start"
is "$(OPENSSL_CONF=/etc/sysgenid/openssl.cnf openssl rand -hex 8 2>&1 | grep -vcE '^[0-9a-f]{16}$')" 0 \
	"without a counter a program works as ever and says nothing"
ok "but the system's log has a line" wait_for 30 grep -q 'openssl\[' /tmp/log
like "$(<"/tmp/log")" '<12>openssl\[[0-9]+\]: sysgenid: .* are not renewed .* /dev/sysgenid: No such file or directory; load the kernel module' \
	"which says what is missing and what to do"
# The program's own output there comes after the provider's message.
OPENSSL_CONF=/etc/sysgenid/openssl.cnf python3 -c 'import ssl, syslog; ssl.RAND_bytes(8); ssl.RAND_bytes(8); syslog.syslog("after it")'
ok "a program's own line comes there as well" wait_for 30 grep -q 'after it' /tmp/log
is "$(grep -c 'python3\[.*sysgenid: ' /tmp/log)" 1 "it is said once a process"

need_module
provider=(env OPENSSL_CONF=/etc/sysgenid/openssl.cnf openssl list -providers -verbose)
like "$("${provider[@]}")" 'sysgenid.*, counter open' "with the module the provider has the counter"
python3 -c 'import syslog; syslog.syslog("the last one")'
wait_for 30 grep -q 'the last one' /tmp/log
is "$(grep -c 'openssl\[' /tmp/log)" 1 "and has nothing to say"
ok "strict = yes gives bytes with the module" \
	env OPENSSL_CONF=<(printf '.include /etc/sysgenid/openssl.cnf\n[sysgenid_sect]\nstrict = yes\n') openssl rand -hex 8
ok "the module can be unloaded after all this" unload_module
done_testing
