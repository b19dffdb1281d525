#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A container that has the device open now and then only: when its generation is moved while nobody has it open, a program that
# was there before finds another number when it opens the device again.
# vm: suites=trixie more=bookworm,backports
set -uo pipefail
. tests/vm/lib.sh

tool=${BUILD:-build}/tools/sysgenid
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

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
	rm -f "$work/input" "$work/ready"
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
parent=$! INIT=
wait_for 20 has_init || bail "no container"
before=$(opened)
ok "a program in a container opens the device" test -n "$before"
is "$(opened)" "$before" "control: it opens it again, and nothing has happened"
ok "the container's generation is moved while nobody has it open" "$tool" trigger --pid "$INIT"
after=$(opened)
ok "when it opens the device it finds a higher number" test "$after" -gt "$before"
is "$(first)" "$after" "and the command tells the same"

# Once with the device open: by whom it is opened after that, and by whom once more, when it was moved in between.
hold_open
ok "somebody has it open" wait_for 20 test -s "$work/ready"
ok "it is moved meanwhile" "$tool" trigger --pid "$INIT"
let_go
now=$(opened)
ok "a program that has seen the number before sees another one, after all have closed it" test "$now" -gt "$after"
hold_open
ok "somebody has it open" wait_for 20 test -s "$work/ready"
ok "it is moved meanwhile" "$tool" trigger --pid "$INIT"
seen=$(opened)
ok "which a program sees that is there" test "$seen" -gt "$now"
let_go
ok "it is moved again, while nobody has it open" "$tool" trigger --pid "$INIT"
ok "the same program finds a higher number" test "$(opened)" -gt "$seen"

# A container's root may move its own, and uses up no number of the system's with that.
highest()
{
	"$tool" status --json | jq .highest
}

before=$(highest)
ok "root of a user namespace moves absent domains" unshare --user --map-root-user --pid --fork --mount-proc \
	sh -c 'for i in 1 2 3 4 5; do "$0" trigger --pid 1 >/dev/null || exit; done' "$tool"
ok "the system's highest number stays" test "$(highest)" -le "$((before + 1))"
kill -KILL "$INIT"
wait
ok "the module can be unloaded" unload_module
done_testing
