#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The plugin is loaded by every criu of a machine. It must load everywhere and disturb nobody.
# vm: suites=bookworm,trixie,backports
set -uo pipefail
. tests/cr/lib.sh

# unrelated WHEN NAME: dumps and restores a process without the counter; the plugin logs warnings only
unrelated()
{
	ok "$1: a process that has nothing of ours starts" subject_start "$2" draw
	ok "$1: it is dumped and goes on" dump "$2" "running-$2" --leave-running
	ok "$1: it is dumped" dump "$2" "image-$2" -v2
	is "$(messages "image-$2/dump.log")" "" "$1: the dump has nothing to complain about"
	ok "$1: it is restored" restore "image-$2" "$2-a" -v2
	signal "$2-a"
	ok "$1: it goes on" wait_for 30 news_has "image-$2" "$2-a" '^drawn$'
	container_kill "$2-a"
}

no_module
install_plugin
with_plugin
hooks=10
! criu_is_at_least 4.1 || hooks=12
! criu_is_at_least 4.2 || hooks=13
! criu_is_at_least 4.3 || hooks=17
ok "the plugin needs no library that criu does not bring, and no newer libc" \
	criu-plugin/check-needs /usr/lib/criu/sysgenid_plugin.so "$(criu_program)"
ok "criu check finds all it needs" criu check
unrelated "without the module" absent
is "$(messages image-absent/restore-absent-a.log | wc -l)" 1 "without the module: one warning at the restore"
like "$(messages image-absent/restore-absent-a.log)" "modprobe sysgenid" "it says what to do"
like "$(<"$CR_DIR/running-absent/dump.log")" "Plugin \"sysgenid\" .version [0-9]+ hooks $hooks." \
	"criu is told $hooks hooks, as many as it has"
fresh_module
before=$(generation)
unrelated "with the module" present
is "$(messages image-present/restore-present-a.log)" "" "with the module: no warning at the restore"
is "$(generation)" "$before" "with the module: a restore into a PID namespace of its own moves nothing else"
ok "the module can be unloaded" unload_module
ok "no process is left" wait_for 30 nobody_is_left
done_testing
