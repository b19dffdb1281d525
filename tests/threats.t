#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Each line of docs/threats.md names a file of the tests, and words of a check in it, which are there.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

# "FILE TEXT" for each row, and "none ROW" for a row that names no check
rows()
{
	sed -n '/^| attempt /d; /^|---/d; /^|/p' docs/threats.md |
		sed -E 's/.*\| `([^` ]+)`: "([^"]+)" \|$/\1 \2/; t; s/^/none /'
}

count=0
while read -r file text; do
	count=$((count + 1))
	if [[ $file == none ]]; then
		ok "a row names its check: $text" false
	else
		ok "$file: $text" grep -qF -- "$text" "$file"
	fi
done < <(rows)
ok "there are rows" test "$count" -gt 20
done_testing
