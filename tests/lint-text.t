#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/lint-text finds what it is there to find, each in a small tree that is right but for the one fault.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp"' EXIT
tree=$tmp/tree
wide=$(printf '%0101d' 0)

build()
{
	rm -rf "$tree"
	mkdir -p "$tree/LICENSES"
	git -C "$tree" init -q
	: >"$tree/LICENSES/GPL-2.0.txt"
	printf '#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0-only\n# %s\n' "$wide" >"$tree/script"
	echo '{}' >"$tree/data.json"
	echo 'SPDX-License-Identifier: GPL-2.0-or-later' >"$tree/data.json.license"
	printf '/* SPDX-License-Identifier: GPL-2.0-only */\n/* %s */\n' "${wide:7}" >"$tree/good.h"
	printf '<!-- SPDX-License-Identifier: GPL-2.0-only -->\n| %s |\n```console\n%s\n```\n' "$wide" "$wide" >"$tree/table.md"
	printf '# SPDX-License-Identifier: GPL-2.0-only\ncounters? in (a )?files? => counter file\n' >"$tree/lint-words"
}

# finds LINE NAME: it fails with this one line
finds()
{
	out=$(tests/lint-text "$tree/lint-words" "$tree" 2>&1)
	is "$?: $out" "1: $1" "$2"
}

build
is "$(tests/lint-text "$tree/lint-words" "$tree" 2>&1; echo "status $?")" $'7 files, 1 words\nstatus 0' "a tree without a fault passes"

build
: >"$tree/new.sh"
finds 'new.sh: no SPDX-License-Identifier in its first ten lines, and no new.sh.license' "a file without a licence"

build
rm "$tree/data.json.license"
finds 'data.json: no SPDX-License-Identifier in its first ten lines, and no data.json.license' "one without a place for it, and no file beside it"

build
echo '/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */' >"$tree/good.h"
finds 'good.h: LICENSES/Linux-syscall-note.txt is missing' "a licence without its text"

build
: >"$tree/LICENSES/MIT.txt"
finds 'LICENSES/MIT.txt: the licence of no file' "a text without a file of that licence"

build
printf '\t%s\n' "${wide:8}" >>"$tree/good.h"
finds 'good.h:3: wider than 100 columns' "a wide line in a C file, by a tab"

build
echo "$wide" >>"$tree/table.md"
finds 'table.md:6: wider than 100 columns' "a wide line in a document that is neither a table nor a terminal"

build
printf '// SPDX-License-Identifier: GPL-2.0-only\n' >"$tree/long.c"
yes '' | head -n 419 >>"$tree/long.c"
is "$(tests/lint-text "$tree/lint-words" "$tree" 2>&1)" '8 files, 1 words' "a source file of 420 lines passes"
echo >>"$tree/long.c"
finds 'long.c: 421 lines, more than 420: split it by subject' "... and a longer one does not"

build
echo '/* One counter in file after file. */' >>"$tree/good.h"
finds "good.h:3: 'counter in file': say counter file" "a word that has another name"

build
printf ' * Counters in\n * a file.\n' >>"$tree/good.h"
finds "good.h:3: 'Counters in * a file': say counter file" "... also at the end of a line, in a comment"

ok "this tree has no fault" tests/lint-text
ok "\"make lint\" looks at it" grep -qx 'step "licences, widths and words" tests/lint-text' tests/lint
done_testing
