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

# migrate NAME: what would have been drawn without that goes to stayed.numbers
migrate()
{
	rm -rf "$CR_DIR/before"
	if command_start "$1" "${BORING[@]}" && dump "$1" before --leave-running && lazy_migration "$1" &&
		with_switches 'wipe-on-fork = no' draw_clone before stayed; then
		return
	fi
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
