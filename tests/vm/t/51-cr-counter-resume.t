#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# No module, and a counter file that an original and its copies share: with bump-after-dump the original is told that it goes
# on, and each copy that it was restored. Each has an incarnation of its own, though all read one page.
# vm: timeout=240 suites=trixie more=bookworm,backports
set -uo pipefail
. tests/cr/lib.sh
. tests/cr/await.sh

HOOK=build/runtime-hooks/sysgenid-hook
FILE=/run/sysgenid/containers/shared/counter

# start NAME: "sysgenid await" and the packages for Python and Node, with the shared file
start()
{
	CONTAINER_COUNTER=$FILE awaiter_start "$1"
}

# checkpoint NAME IMAGE
checkpoint()
{
	dump "$1" "$2" --external 'mnt[/dev/sysgenid]:counter' --leave-running
}

# restore_as IMAGE NAME
restore_as()
{
	restore "$1" "$2" --external "mnt[counter]:$FILE"
}

word()
{
	od -An -v -tu4 -N4 "$FILE" | tr -d ' '
}

# who_is NAME: what a program that starts now in the container says
who_is()
{
	pid_of "$1"
	nsenter --mount --pid --target "$PID" "$PWD/build/tools/sysgenid-ready" --no-watchers --json |
		sed 's/.*"incarnation":"*\([0-9a-z]*\).*/\1/'
}

check_copies()
{
	local before name

	ok "three programs wait, with a counter file" start origin
	before=$(word)
	ok "without the switch they are dumped and go on" checkpoint origin quiet
	is "$(word)" "$before" "the file stays"
	switches 'bump-after-dump = yes'
	ok "they still sleep" wait_for 30 all_asleep origin
	ok "with the switch they are dumped and go on" checkpoint origin image
	is "$(word)" "$((before + 1))" "the file moves once"
	ok "the original: all say resume, and so nothing before" wait_for 30 said image origin resume
	for name in first second; do
		ok "the $name copy is restored" restore_as image "$name"
		ok "the $name copy: all say restore" wait_for 30 said image "$name" restore
	done
	rm /etc/sysgenid/criu.conf
	is "$(for name in origin first second; do who_in image "$name" | sort -u; done | sort -u | wc -l)" 3 \
		"the original and its copies have said three incarnations, and each always the same"
	is "$(for name in origin first second; do who_is "$name"; done | sort -u | grep -cE '^[0-9a-f]{32}$')" 3 \
		"programs that start now in the three, with one generation, say three incarnations"
	is "$(who_is second)" "$(who_in image second | sort -u)" "of the last copy that of its restored programs"
	isnt "$(who_is first)" "$(who_in image first | sort -u)" "of the first one another: the second one's restore has moved the file"
	for name in origin first second; do
		container_kill "$name"
	done
}

# A file that cannot be raised: the dump is good, and it is said that nobody is told.
check_failure()
{
	switches 'bump-after-dump = yes'
	ok "three programs wait again" start failing
	mount --bind "${FILE%/*}" "${FILE%/*}"
	mount -o remount,bind,ro "${FILE%/*}"
	ok "the file cannot be written: they are dumped and go on" checkpoint failing failed
	umount "${FILE%/*}"
	like "$(messages failed/dump.log)" "Error .*no new generation in $FILE after this dump.*go on with" "the message says so"
	container_kill failing
	rm /etc/sysgenid/criu.conf
}

check_control()
{
	with_silent_plugin
	ok "control: three programs wait" start control
	ok "control: they are dumped" checkpoint control silent
	ok "control: they go on as if nothing had happened" wait_for 30 all_asleep control
	container_kill control
	ok "control: they are restored" restore_as silent control-first
	ok "control: and sleep as if nothing had happened" wait_for 30 all_asleep control-first
	read_news silent control-first
	is "${LOG[*]}" "" "control: they say nothing"
	container_kill control-first
	with_plugin
}

no_module
forbid_io_uring
install_plugin
with_plugin
"$HOOK" make shared
check_copies
check_failure
check_control
allow_io_uring
ok "no process is left" wait_for 30 nobody_is_left
rm -r "${FILE%/*}"
done_testing
