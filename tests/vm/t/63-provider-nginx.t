#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Debian's nginx with TLS as it is, dumped once and restored twice: server randoms, and the recipe for session
# ticket keys: the provider, and a reload after each restore.
# vm: timeout=240
set -uo pipefail
. tests/provider/lib.sh

ROUNDS=3
PORT=4434

ask_once()
{
	tls_randoms "$PORT" 1
}

write_config()
{
	cat >"$SERVER_DIR/nginx.conf" <<-END
	daemon off;
	user root;
	worker_processes 1;
	pid /run/nginx.pid;
	error_log /run/nginx.log notice;
	events { worker_connections 64; }
	http {
		access_log off;
		client_body_temp_path /run/body;
		proxy_temp_path /run/proxy;
		fastcgi_temp_path /run/fastcgi;
		uwsgi_temp_path /run/uwsgi;
		scgi_temp_path /run/scgi;
		keepalive_timeout 0;
		server {
			listen 127.0.0.1:$PORT ssl;
			ssl_certificate $SERVER_DIR/server.pem;
			ssl_certificate_key $SERVER_DIR/server.pem;
			ssl_protocols TLSv1.2 TLSv1.3;
			ssl_session_cache none;
			ssl_session_tickets on;
			return 200 "";
		}
	}
	END
}

dump()
{
	READY=(ask_once)
	# nginx hands the variable on to its children only.
	provider_dump env OPENSSL_CONF="$1" /usr/sbin/nginx -c "$SERVER_DIR/nginx.conf"
}

workers()
{
	cat "/proc/$1/task/$1/children"
}

reloaded()
{
	local now

	now=$(workers "$1")
	[[ -n $now && $now != "$2" && $(wc -w <<<"$now") == 1 ]]
}

# after_reload COMMAND... CLONE: reloads nginx first, so that new workers have new keys
after_reload()
{
	local clone=${!#} pid old

	pid=$(container_pid "$clone")
	old=$(workers "$pid")
	kill -HUP "$pid"
	wait_for 20 reloaded "$pid" "$old" || return
	"$@"
}

randoms()
{
	dump "$1"
	provider_clone a tls_randoms "$PORT" "$ROUNDS"
	provider_clone b tls_randoms "$PORT" "$ROUNDS"
}

# tickets [after_reload]: checks the tickets of two clones of the last dump
tickets()
{
	provider_clone a "$@" tls_ticket "$PORT" "$CR_DIR/ticket"
	like "$(<"$CR_DIR/a")" '^New, TLSv1.2' "a client gets a session ticket from clone A"
	provider_clone b "$@" tls_resume "$PORT" "$CR_DIR/ticket"
}

provider_setup
make_certificate
write_config
randoms /etc/ssl/openssl.cnf
is "$(in_common 1)" "$ROUNDS" "control: without the provider both clones send the same server randoms"
tickets after_reload
like "$(<"$CR_DIR/b")" '^Reused' "control: without the provider both draw the same new ticket keys at a reload: B takes A's ticket"

randoms /etc/sysgenid/openssl.cnf
is "$(in_common 1)" 0 "with the provider their server randoms differ"
tickets
like "$(<"$CR_DIR/b")" '^Reused' "with the provider alone B takes A's ticket: the keys were drawn before the dump"
tickets after_reload
like "$(<"$CR_DIR/b")" '^New' "with the provider and a reload after the restore B refuses A's ticket"
done_testing
