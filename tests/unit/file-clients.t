#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Clients of a counter file that containers share: each container has an incarnation of its own, which the library and the
# packages for Python and Node make in the same way; and "sysgenid await" tells a resume from a restore.
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
: "${BUILD:=$PWD/build}"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
export SYSGENID_PATH=$work/counter PYTHONPATH=$PWD/python READY=$BUILD/tools/sysgenid-ready NODE_PACKAGE=$BUILD/node

# store OFFSET WORD: a word of the counter file
store()
{
	perl -e 'open(my $file, "+<", $ARGV[0]) or die; seek($file, $ARGV[1], 0); print $file pack("L", $ARGV[2])' \
		"$SYSGENID_PATH" "$1" "$2"
}

# move GENERATION [RESUMED RESTORED]: as whoever raises the file, or as a file that replaces it
move()
{
	[[ $# == 1 ]] || { store 104 "$2" && store 108 "$3"; }
	store 0 "$1"
	store 76 "$1"
}

cat >"$work/who.sh" <<'END'
"$READY" --no-watchers --json | sed 's/.*"incarnation":"*\([0-9a-z]*\).*/\1/'
/usr/bin/python3 -c 'import sysgenid; print((sysgenid.incarnation(1) or b"").hex() or "null")'
node -e 'console.log(require(process.env.NODE_PACKAGE).incarnation()?.toString("hex") ?? "null")'
END

# container [COMMAND]: who three clients are in a PID namespace of its own, a line
container()
{
	unshare --pid --fork --mount-proc sh -c "${1-}
		. $work/who.sh" | paste -sd ' '
}

# awaits WHAT GENERATION NAME MOVE...: what "sysgenid await" says of that move
awaits()
{
	local pid

	"$BUILD/tools/sysgenid" await >"$work/awaited" 2>&1 &
	pid=$!
	ok "sysgenid await sleeps" wait_for 20 grep -qE '^(35|230) ' "/proc/$pid/syscall"
	"${@:4}"
	wait "$pid"
	is "$(cut -d ' ' -f 1-3 "$work/awaited")" "$1 generation $2" "$3"
}

head -c 4096 /dev/zero >"$SYSGENID_PATH"
store 64 "$((0x47735953))"
store 68 1
store 72 3
store 88 "$((0x01020304))"
move 7

here=$(sh "$work/who.sh" | paste -sd ' ')
# In the second line of the other container this one is still there.
outer=$(container "unshare --pid --fork --mount-proc sh $work/who.sh | paste -sd ' ' >$work/inner")
inner=$(<"$work/inner")
for name in here outer inner; do
	is "$(tr ' ' '\n' <<<"${!name}" | sort -u | grep -cE '^[0-9a-f]{32}$') $(wc -w <<<"${!name}")" "1 3" \
		"$name: the library, Python and Node say the same" || diag "${!name}"
done
is "$(printf '%s\n' "$here" "$outer" "$inner" | sort -u | wc -l)" 3 "three containers, one file: three incarnations"
is "$(printf '%s\n' "$here" "$outer" "$inner" | cut -c 9-32 | sort -u | wc -l)" 1 "control: the file has the same bits for all"
is "$(container "mount -t tmpfs none /proc")" "null null null" "without /proc none says who it is"
mkdir "$work/empty"
is "$(/usr/bin/python3 -c 'import os, sys, sysgenid; os.chroot(sys.argv[1]); print(sysgenid.incarnation(1))' "$work/empty")" None \
	"nor does a program that has changed its root, and sees neither /proc nor the file's path"

awaits restore 8 "a move of which nobody says that it is a resume: restore" move 8
awaits resume 9 "one of which it is said: resume" move 9 9 8
awaits resume 10 "a second one" move 10 10 8
awaits restore 11 "what was said of another generation does not count" move 11
awaits restore 13 "a resume does not hide a restore before it" move 13 13 12
awaits restore 14 "restored onto a file that has seen resumes, too" move 14 13 12
done_testing
