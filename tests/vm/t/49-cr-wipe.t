#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# BoringSSL, which looks at wipe-on-fork memory, as Debian ships it: clones draw the same numbers, with the plugin as well,
# unless the switch wipe-on-fork is on.
# vm: suites=bookworm,trixie,backports
set -uo pipefail
. tests/cr/random.sh

# BoringSSL mixes in the processor's generator if that is fast. This hides the generator (bit 62: RDRAND).
BORING=(env OPENSSL_ia32cap='~0x4000000000000000' /usr/bin/python3 /sysgenid/tests/cr/boring.py)

# clones: dumps, and makes two clones
clones()
{
	rm -rf "$CR_DIR/image"
	if command_start subject "${BORING[@]}" && dump subject image && draw_clone image a && draw_clone image b; then
		return
	fi
	show_log image/dump.log
	bail "cannot dump or restore"
}

# lazy_restore IMAGE NAME [OPTION]...: restores; "criu lazy-pages" with the options brings memory when it is used
lazy_restore()
{
	rm -f "$CR_DIR/$1/lazy-pages.socket"
	criu lazy-pages -D "$CR_DIR/$1" -v4 -o "lazy-$2.log" "${@:3}" </dev/null >/dev/null 2>&1 &
	wait_for 30 test -S "$CR_DIR/$1/lazy-pages.socket" && restore "$1" "$2" --lazy-pages
}

# lazy_clone IMAGE NAME [OPTION]...: like draw_clone, with lazy_restore
lazy_clone()
{
	lazy_restore "$@" && draw_restored "$1" "$2"
}

# migrate NAME: what is frozen keeps its memory until the clone "arrived" has asked for it. What would have been drawn without
# that goes to stayed.numbers.
migrate()
{
	rm -rf "$CR_DIR/before" "$CR_DIR/leaving" "$CR_DIR/arriving"
	if command_start "$1" "${BORING[@]}" && dump "$1" before --leave-running; then
		dump "$1" leaving --lazy-pages --address 127.0.0.1 --port 2727 &
		wait_for 60 grep -q 'Starting lazy pages server' "$CR_DIR/leaving/dump.log" &&
			cp -a "$CR_DIR/leaving" "$CR_DIR/arriving" && cp "$CR_DIR/leaving.log" "$CR_DIR/arriving.log" &&
			lazy_clone arriving arrived --page-server --address 127.0.0.1 --port 2727 && wait "$!" &&
			with_switches 'wipe-on-fork = no' draw_clone before stayed && return
	fi
	show_log leaving/dump.log
	bail "cannot migrate"
}

with_switches()
{
	local before

	before=$(<"/etc/sysgenid/criu.conf")
	switches "$1"
	"${@:2}" || return
	switches "$before"
}

fresh_module
install_plugin
clones
is "$(shared a b | wc -l)" 4 "control: with the plugin as it comes, clones with BoringSSL draw the same numbers"
switches 'wipe-on-fork = yes'
clones
is "$(shared a b | wc -l)" 0 "wipe-on-fork = yes: they draw different ones, from the first one on"
if lazy_clone image e && lazy_clone image f; then
	is "$(shared e f | wc -l)" 0 "... also when their memory comes by lazy pages"
else
	bail "cannot restore lazily"
fi
migrate subject
is "$(shared stayed arrived | wc -l)" 0 "... also after a migration with lazy pages"
switches 'wipe-on-fork = no'
ok "an image that was made with it is restored where it is off" draw_clone image c
ok "and again" draw_clone image d
is "$(shared c d | wc -l)" 4 "and nothing is wiped there"
ok "and with lazy pages" lazy_clone image g
is "$(shared c g | wc -l)" 4 "control: without the switch a clone with lazy pages draws the same numbers"
migrate subject
is "$(shared stayed arrived | wc -l)" 4 "control: and so does one that has migrated with lazy pages"
done_testing
