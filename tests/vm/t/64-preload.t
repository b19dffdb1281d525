#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A program that uses the random generators of everybody, dumped once and restored twice: without and with
# libsysgenid-preload.so in front of them. criu's plugin and the module are there in both runs.
# vm: timeout=240
set -uo pipefail
. tests/cr/random.sh

PROGRAM=/sysgenid/build/tests/preload/draw-libraries
PRELOAD=/sysgenid/build/preload/libsysgenid-preload.so

# clone NAME: restores a clone; it draws, and $CR_DIR/NAME.drew gets "WHAT NUMBER" lines
clone()
{
	restore image "$1" && signal "$1" && wait_for 30 has_drawn image "$1" || return
	lines_like ' drew '
	printf '%s\n' "${MATCHES[@]}" | sed 's/ drew / /' >"$CR_DIR/$1.drew"
	container_kill "$1"
}

# story COMMAND...: dumped once, restored twice
story()
{
	rm -rf "$CR_DIR/image"
	if command_start subject "$@" && dump subject image && clone a && clone b; then
		return
	fi
	show_log image/dump.log
	bail "cannot dump or restore $*"
}

# common WHAT: how many of the numbers of one kind both clones have drawn; "none" if there are no numbers
common()
{
	local a b

	a=$(grep -c "^$1 " "$CR_DIR/a.drew") && b=$(grep -c "^$1 " "$CR_DIR/b.drew") && ((a == b)) || {
		echo none
		return
	}
	comm -12 <(grep "^$1 " "$CR_DIR/a.drew" | sort) <(grep "^$1 " "$CR_DIR/b.drew" | sort) | wc -l
}

# collide WHAT...; differ WHAT...
collide()
{
	for what; do
		is "$(common "$what")" 3 "control: without it both clones draw the same from $what"
	done
}

differ()
{
	for what; do
		is "$(common "$what")" 0 "$how, $what: the clones draw different numbers, from the first one on"
	done
}

THREADS=(openssl openssl-private gnutls gnutls-nonce libbsd gcrypt-nonce)
fresh_module
install_plugin

story "$PROGRAM"
collide "${THREADS[@]}" "${THREADS[@]/%/-thread}"
is "$(common uuid-place)" 1 "control: both clones put the same clock sequence and node into time-based UUIDs"
how="with criu's plugin alone"
differ libc-arc4random uuid-random
# libgcrypt mixes times of the clock into its pool at each call: clones differ by these alone.
differ gcrypt

story "$PROGRAM" drbg
collide gcrypt gcrypt-thread

how='preloaded'
story env LD_PRELOAD="$PRELOAD" "$PROGRAM"
differ "${THREADS[@]}" "${THREADS[@]/%/-thread}" gcrypt libc-arc4random uuid-random uuid-place
story env LD_PRELOAD="$PRELOAD" "$PROGRAM" drbg
how='preloaded, with the DRBG'
differ gcrypt gcrypt-thread gcrypt-nonce
unload_module
PAYLOAD_OUT=$(env LD_PRELOAD="$PRELOAD" SYSGENID_PRELOAD=warn openssl rand -hex 8 2>&1)
like "$PAYLOAD_OUT" 'No such file or directory; load the kernel module.*[0-9a-f]{16}$' \
	"without the module: said when asked for, and the program runs"
done_testing
