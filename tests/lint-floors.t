#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/lint-floors finds what it is there to find, each in a small tree that is right but for the one fault.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp"' EXIT
house=$tmp/house

# build: two rooms without a fault; low has two floors, and a header below a folder
build()
{
	rm -rf "$house"
	mkdir -p "$house/low/api" "$house/high"
	git -C "$house" init -q
	echo '#include <stdint.h>' >"$house/low/api/types.h"
	echo '#include <api/types.h>' >"$house/low/base.h"
	printf '#include "base.h"\n#include "made.h"\n' >"$house/low/base.c"
	printf '#include "base.h"\n#include "beside.h"\n' >"$house/low/top.c"
	: >"$house/low/beside.h"
	printf '#include "base.h"\n#include "other/system.h"\n' >"$house/high/main.c"
	cat >"$house/floors" <<-'FLOORS'
		elsewhere: made.h other/
		room low:
		  api/types
		  base
		  beside top
		room high: low   # which includes base.h by -I
		  *
	FLOORS
}

# lint: its lines in $out
lint()
{
	out=$(tests/lint-floors "$house/floors" "$house" 2>&1)
	status=$?
}

# finds LINE NAME: it fails with this one line
finds()
{
	lint
	is "$status" 1 "$2: it fails" || diag "$out"
	is "$out" "$1" "$2: it says what is wrong"
}

build
lint
is "$status: $out" '0: 2 rooms' "a tree without a fault passes"

build
echo '#include "top.h"' >>"$house/low/base.h"
: | tee "$house/low/top.h" >"$house/low/top.c"
finds 'low/base.h:2: includes top.h: upward, from floor 2 to floor 3 of low' "an upward include"

build
echo '#include "top.h"' >"$house/low/beside.h"
: >"$house/low/top.h"
finds 'room low: a circle of includes: beside -> top -> beside' "a circle on one floor, by way of a header and a file"

build
sed -i 's/^room low:/& high/' "$house/floors"
: >"$house/high/main.h"
echo '#include "../high/main.h"' >>"$house/low/top.c"
finds 'a circle of rooms: high -> low -> high' "a circle of rooms"

build
: >"$house/high/main.h"
echo '#include "main.h"' >>"$house/low/top.c"
finds 'low/top.c:3: includes main.h of high: room low may not use that room' "a room that may not be used, found by -I"

build
: >"$house/low/new.c"
finds 'low/new.c: new is on no floor of room low' "a file on no floor"

build
mkdir "$house/new"
: >"$house/new/new.c"
finds 'new/new.c: is in no room of the list' "a folder that is no room"

build
echo '#include "nowhere.h"' >>"$house/high/main.c"
finds 'high/main.c:3: includes nowhere.h, which is in no room that is listed' "a header that is nowhere"

build
rm "$house/low/beside.h" "$house/low/top.c"
finds $'room low: beside is listed, and there is no such file\nroom low: top is listed, and there is no such file' \
	"a list that speaks of what is gone"

build
sed -i '/base.h/d' "$house/high/main.c"
finds 'room high: may use low, and does not' "a right that is not used"

ok "this tree has no fault" tests/lint-floors
ok "\"make lint\" looks at it" grep -qx 'step includes tests/lint-floors' tests/lint
done_testing
