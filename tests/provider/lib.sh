# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the guest tests of the OpenSSL provider. usage: . tests/provider/lib.sh

# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
# shellcheck source=tests/vm/cr.sh
. tests/vm/cr.sh

# With the module and criu's plugin in both runs: what differs is the provider.
provider_setup()
{
	make -s install >"$CR_DIR/install.log" 2>&1 || { diag "$(tail "$CR_DIR/install.log")"; bail "make install"; }
	ldconfig
	# shellcheck disable=SC2119  # without parameters
	[[ -d /sys/module/sysgenid ]] || load_module || bail "sysgenid.ko cannot be loaded"
}

provider_die()
{
	diag "$(tail -n 5 "$CR_DIR"/*.out "$CR_DIR/image"/*.log 2>/dev/null)"
	bail "$@"
}

# provider_dump COMMAND...: runs it until READY... succeeds, and dumps it. READY is an array of the caller's.
provider_dump()
{
	rm -rf "$CR_DIR/image"
	container_start server "$@" || provider_die "does not start: $*"
	wait_for "${READY_LIMIT:-30}" "${READY[@]}" server || provider_die "does not answer: $*"
	container_dump server image >"$CR_DIR/dump.out" 2>&1 || provider_die "criu cannot dump: $*"
}

# provider_clone NAME COMMAND...: restores what was dumped and runs COMMAND on the clone; its output is in $CR_DIR/NAME.
# Clones have the same TCP port, so that there is one at a time.
provider_clone()
{
	local name=$1

	shift
	container_restore image "$name" >"$CR_DIR/restore-$name.out" 2>&1 || provider_die "criu cannot restore $name"
	"$@" "$name" >"$CR_DIR/$name" || provider_die "no answer from clone $name"
	container_kill "$name"
}

# in_common COLUMN: how many values of a column both clones gave, and that there are any at all
in_common()
{
	[[ -s $CR_DIR/a && -s $CR_DIR/b && $(wc -l <"$CR_DIR/a") == $(wc -l <"$CR_DIR/b") ]] || bail "answers are missing"
	comm -12 <(cut -d' ' -f"$1" "$CR_DIR/a" | sort) <(cut -d' ' -f"$1" "$CR_DIR/b" | sort) | wc -l
}

# A key and a certificate for the servers: server.pem in $SERVER_DIR, which containers see, too.
make_certificate()
{
	SERVER_DIR=$(mktemp -d /root/provider-XXXXXX)
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
		-keyout "$SERVER_DIR/server.pem" -out "$CR_DIR/cert.pem" >"$CR_DIR/req.out" 2>&1 ||
		provider_die "openssl req"
	cat "$CR_DIR/cert.pem" >>"$SERVER_DIR/server.pem"
}

# tls_client PORT OPTION...: what s_client says of one connection
tls_client()
{
	local port=$1

	shift
	timeout 20 openssl s_client -connect "127.0.0.1:$port" "$@" </dev/null 2>&1
}

# tls_randoms PORT COUNT CLONE: server randoms, one a line, as a client sees them
tls_randoms()
{
	local i

	for ((i = 0; i < $2; i++)); do
		tls_client "$1" -msg | awk '
			/^<<<.*ServerHello/ { take = 1; next }
			take && /^ / { hello = hello $0; next }
			take { take = 0 }
			END { gsub(/ /, "", hello); if (length(hello) < 76) exit 1; print substr(hello, 13, 64) }' ||
			return
	done
}

# tls_ticket PORT FILE CLONE: takes a session ticket (TLS 1.2: in the handshake itself)
tls_ticket()
{
	tls_client "$1" -tls1_2 -sess_out "$2" | grep -E '^(New|Reused), '
}

# tls_resume PORT FILE CLONE: shows a ticket: "Reused, ..." or "New, ..."
tls_resume()
{
	tls_client "$1" -tls1_2 -sess_in "$2" | grep -E '^(New|Reused), '
}
