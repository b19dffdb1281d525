#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# 32-bit programs: criu restores them where the kernel runs them, and they get their files and mappings of the counter back
# as others do.
# vm: timeout=240
set -uo pipefail
. tests/cr/lib.sh

SUBJECT=/sysgenid/build/tests/cr/subject32

# check_clone NAME
check_clone()
{
	ok "$1 is restored" restore image "$1" || return
	ok "$1 sees the new generation" wait_for 30 clones_see image "$1" mixed
	read_news image "$1"
	is "${#LOG[@]}" 1 "$1 sees one change and no other"
	is "$(looks_after image "$1")" "" "the first load of $1 after the restore sees it"
	is "$(seen_twice image "$1")" "" "$1 sees no generation that it saw before"
	is "$(state_of "$PID" 40)" "outdated=1 tracked=1" "its tracked file is outdated and tracked"
	is "$(state_of "$PID" 41)" "outdated=1 tracked=0" "its other file is outdated and not tracked"
	container_kill "$1"
}

check_control()
{
	with_silent_plugin
	ok "control: starts" subject_start control mapping
	ok "control: is dumped with a plugin that does nothing" dump control control
	ok "control: is restored" restore control control
	read_news control control
	is "${LOG[*]}" "" "control: without the plugin the clone sees the old generation"
	container_kill control
}

# QEMU 7.2 emulates criu's return from 64-bit to 32-bit code as a supervisor's, and a kernel with SMAP dies of that.
emulated_wrongly()
{
	grep -q '^model name.*QEMU TCG' /proc/cpuinfo && grep -q '^flags.* smap' /proc/cpuinfo &&
		[[ $(</sys/class/dmi/id/product_version) =~ -[0-8]\.[0-9]+$ ]]
}

! emulated_wrongly || skip_all "this emulator cannot return to 32-bit code: use QEMU 10.0 (VM_QEMU=\$(qemu/build 10.0))"
fresh_module
install_plugin
like "$(head -c 5 "$SUBJECT" | od -An -tx1)" ' 7f 45 4c 46 01' "the programs are 32-bit programs"
check_control
with_plugin
ok "mixed starts" subject_start mixed mixed
trigger
ok "it sees a generation" wait_for 30 all_see mixed mixed
ok "it is dumped" dump mixed image
mapfile -t LOG <"$CR_DIR/image.log"
generations_in "${LOG[@]}"
check_clone a
check_clone b
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
