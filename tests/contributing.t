#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands of CONTRIBUTING.md, as a person would type them. A block that is not run here names the file that
# has its command, "<!-- tested by FILE -->", or says why nobody does, "<!-- no test: it WHY -->", of which the line above tells
# the reader, "*(WHY)*".
# Needs the work disk built for trixie, as "make check" does.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
log=$(mktemp)
trap 'rm -f -- "$log" build/console' EXIT
# The commands must work as they stand, in a shell of somebody who has set nothing.
unset BUILD MAKEFLAGS MAKELEVEL

# commands: "run - COMMAND", "tested FILE COMMAND", "unrun - COMMAND" or, if the reader is not told why, "untold - COMMAND" a line
commands()
{
	awk '
		/^<!-- tested by .* -->$/ { how = "tested " $4; next }
		/^<!-- no test: it (takes minutes|takes hours|wants a terminal) -->$/ {
			how = index(last, "*(" $5 " " $6 ($7 == "-->" ? "" : " " $7) ")*:") ? "unrun -" : "untold -"
			next
		}
		!inside && NF { last = $0 }
		/^```console$/ { inside = 1; next }
		/^```$/ { if (inside) how = ""; inside = 0; next }
		inside && /^\$ / { print (how ? how : "run -") " " substr($0, 3) }
	' CONTRIBUTING.md
}

count=0
while read -r how file command; do
	command=${command#sudo }
	count=$((count + 1))
	case $how in
	run)
		bash -c "$command" >"$log" 2>&1 </dev/null
		is "$?" 0 "$command" || diag "$(tail -n 20 "$log")"
		;;
	tested) ok "$command: $file has it" grep -qE -- "${command% trixie}( |\$)" "$file" ;;
	*) is "$how" unrun "$command: the reader is told why no test runs it" ;;
	esac
done < <(commands)
ok "the page has commands" test "$count" -gt 8

# What the page says of folders is true.
for folder in $(grep -oE '^\| `[a-z-]+/`(, `[a-z-]+/`)*' CONTRIBUTING.md | grep -oE '[a-z-]+/'); do
	ok "$folder is there" test -d "$folder"
done
for folder in */; do
	[[ $folder == @(build|LICENSES)/ ]] || ok "the page knows $folder" grep -qF -- "\`$folder\`" CONTRIBUTING.md
done
for file in $(grep -oE '`(tests|kernel)/[a-z0-9/.-]+\.(t|c)`' CONTRIBUTING.md | tr -d '`'); do
	[[ $file == *NN* ]] || ok "$file is there" test -f "$file"
done
done_testing
