#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A container that has the device open now and then only: when its generation is moved while nobody has it open, a program that
# was there before finds another number when it opens the device again.
# vm: suites=trixie more=bookworm,backports
set -uo pipefail
. tests/vm/lib.sh

tool=${BUILD:-build}/tools/sysgenid
work=$(mktemp -d)

has_init()
{
	read -r INIT <"/proc/$parent/task/$parent/children" || [[ -n $INIT ]]
}

# first: the generation that a program in the container finds
first()
{
	nsenter --target "$INIT" --pid "$tool" status --json | jq .generation
}

# opened: the same, by a file of the device
opened()
{
	nsenter --target "$INIT" --pid python3 -c '
import mmap, struct
with open("/dev/sysgenid", "rb", 0) as device:
    page = mmap.mmap(device.fileno(), 4096, mmap.MAP_SHARED, mmap.PROT_READ)
    print(struct.unpack_from("<I", page)[0])'
}

# hold_open: somebody in the container has the device open, until let_go
hold_open()
{
	mkfifo "$work/input"
	nsenter --target "$INIT" --pid python3 -c '
import sys
with open("/dev/sysgenid", "rb", 0):
    print("ready", flush=True)
    sys.stdin.read()' <"$work/input" >"$work/ready" &
	holder=$!
	exec 5>"$work/input"
}

let_go()
{
	exec 5>&-
	wait "$holder"
}

ok "the module is loaded" load_module || bail "nothing can be tested without it"
unshare --pid --fork --kill-child sleep 1000 &
parent=$!
wait_for 20 has_init || bail "no container"
before=$(opened)
ok "a program in a container opens the device" test -n "$before"
is "$(opened)" "$before" "control: it opens it again, and nothing has happened"
ok "the container's generation is moved while nobody has it open" "$tool" trigger --pid "$INIT"
after=$(opened)
ok "when it opens the device it finds a higher number" test "$after" -gt "$before"
is "$(first)" "$after" "and the command tells the same"

# A life in which the host has moved it, and then one more while nobody has it open.
hold_open
ok "somebody has it open" wait_for 20 test -s "$work/ready"
ok "it is moved meanwhile" "$tool" trigger --pid "$INIT"
before=$(opened)
ok "which a program that opens it sees" test "$before" -gt "$after"
let_go
isnt "$(opened)" "$before" "when all have closed it, and it is opened again, that number does not come back"
before=$(opened)
ok "it is moved while nobody has it open" "$tool" trigger --pid "$INIT"
after=$(opened)
ok "the next one finds a higher number" test "$after" -gt "$before"
kill -KILL "$INIT"
wait
ok "the module can be unloaded" unload_module
done_testing
