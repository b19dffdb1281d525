#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# /dev/sysgenid-vmclock: the generation as a VMClock page, with the manners of the kernel's own node.
# vm: suites=bookworm,trixie,backports
set -uo pipefail
. tests/vm/payload.sh

answers=$(mktemp)

# question WHAT ANSWER
question()
{
	is "$(sed -n "s/^$1: //p" "$answers")" "$2" "$1: $2"
}

need_module
is "$(stat -c '%t %T %a' /dev/sysgenid-vmclock)" "a f4 444" "the view's node is there, for everybody to read"
python3 tests/payload/view.py >"$answers"
is "$?" 0 "it is asked"
question "poll before any event" quiet
question "magic, version, clock" "0x4b4c4356 1 0xff 0"
question "size is a page" True
question flags 0x300
question "all fields of time are 0" True
question writable EROFS
question "two pages" EINVAL
question offset EINVAL
question "counter is the generation" True
question "counter, marker and seq_count have changed" True
question "seq_count is even" True
question "poll after an event" in
question "pread of the counter alone" True
question "poll after a read" quiet
question "a read gives the page" True
question "at the end" 0
question "poll of a file opened after an event" in
question "a sleeper is woken" 0
question "poll after an event and a read at the end" in
question "half of all numbers further seq_count is another" True
question "and poll says so" in
question "a read has the page's seq_count" True
question "poll is quiet then" quiet
question "a tracked view is outdated after an event" 1
question "outdated after a read" 0
question "poll of a view that is marked outdated" in

# said WORD: what doctor says of a node that is put in the place of the kernel's own
said()
{
	grep -q "^$1 *vmclock  */dev/vmclock0 is " <<<"$(build/tools/sysgenid doctor)"
}

if [[ ! -e /dev/vmclock0 ]]; then
	mknod /dev/vmclock0 c 10 200
	ok "doctor says what the hypervisor's node means for containers" said note
	rm /dev/vmclock0
	cp -a /dev/sysgenid-vmclock /dev/vmclock0
	ok "and that this one is the view" said ok
	rm /dev/vmclock0
fi
ok "the module can be unloaded" unload_module
not_ok "view_minor=242 is refused" load_module view_minor=242
ok "view_minor=243, which the counter has, gives no view" load_module view_minor=243
not_ok "there is no node" test -e /dev/sysgenid-vmclock
ok "and the counter is there" test -c /dev/sysgenid
ok "it can be unloaded" unload_module
ok "and loaded with both" load_module
ok "the view is there again" test -c /dev/sysgenid-vmclock
unload_module
done_testing
