#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# BoringSSL, which looks at wipe-on-fork memory, as Debian ships it: clones draw the same numbers, with the plugin as well,
# unless the switch wipe-on-fork is on.
set -uo pipefail
. tests/cr/random.sh

# Where the processor has a generator that BoringSSL holds for fast, it mixes that in; this hides it (bit 62: RDRAND).
BORING=(env OPENSSL_ia32cap='~0x4000000000000000' /usr/bin/python3 /sysgenid/tests/cr/boring.py)

# clones: two of what is dumped first
clones()
{
	rm -rf "$CR_DIR/image"
	if command_start subject "${BORING[@]}" && dump subject image && draw_clone image a && draw_clone image b; then
		return
	fi
	show_log image/dump.log
	bail "cannot dump or restore"
}

fresh_module
install_plugin
clones
is "$(shared a b | wc -l)" 4 "control: with the plugin as it comes, clones with BoringSSL draw the same numbers"
switches 'wipe-on-fork = yes'
clones
is "$(shared a b | wc -l)" 0 "wipe-on-fork = yes: they draw different ones, from the first one on"
switches 'wipe-on-fork = no'
ok "an image that was made with it is restored where it is off" draw_clone image c
ok "and again" draw_clone image d
is "$(shared c d | wc -l)" 4 "and nothing is wiped there"
done_testing
