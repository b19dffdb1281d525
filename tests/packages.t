#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What packages and completions say agrees with the programs. Builds no package: "make check-packages" does.
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
: "${BUILD:=$PWD/build}"

# The options of a command, or all commands, of what --help prints.
help_options()
{
	"$BUILD/tools/sysgenid" "$1" --help | grep -oE '(^  |\[)--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u
}

help_commands()
{
	"$BUILD/tools/sysgenid" --help | sed -nE 's/^  ([a-z]+)(, ([a-z]+))? .*/\1\n\3/p' | grep . | sort -u
}

# complete WORD...: what bash offers for the last one
bash_offers()
{
	bash -c '. tools/completion/sysgenid.bash; COMP_WORDS=(sysgenid "$@"); COMP_CWORD=$#; _sysgenid 2>/dev/null
		printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}

zsh_options()
{
	awk -v command="$1" '/^[a-z| ]+\)$/ { on = (" " $0) ~ "[ |]" command "[ )]" }
		on { print } /;;/ { on = 0 }' tools/completion/sysgenid.zsh | grep -oE -- "'--[a-z-]+" | tr -d "'" | sort -u
}

fish_options()
{
	{
		grep -E -- "seen_subcommand_from [a-z ]*\b$1\b" tools/completion/sysgenid.fish
		grep -E '^complete -c sysgenid -l help' tools/completion/sysgenid.fish
	} | grep -oE -- '-l [a-z-]+' | sed 's/-l /--/' | sort -u
}

# packages_of PAGE SECTION: the names in the first column of the table there, one a line
packages_of()
{
	sed -n "/^## $2\$/,/^## /s/^| \(\`[^|]*\`\) |.*/\1/p" "$1" | tr -d '`,' | xargs -n 1
}

packages=$(sed -n 's/^Package: //p' debian/control | sort)
node=$(sed -n '/^Package: sysgenid$/,/^$/p' debian/control | grep -oE '[a-z-]+ \([>=]+ \$\{source:Version\}' | cut -d' ' -f1 | sort)
ok "control: there are packages" test "$(wc -l <<<"$packages")" -ge 12
is "$(packages_of README.md Packages | sort)" "$packages" "the README's table has all packages, and no other"
is "$(packages_of README.md Packages | sed -n '2,5p' | sort)" "$node" "those that sysgenid brings are the next four in it"
is "$(packages_of docs/packages.md 'What each package gives' | sort)" "$packages" "docs/packages.md has them all, and no other"
is "$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)" "$(<VERSION)" "debian/changelog has the version"
is "$(grep -o 'sysgenid_[a-z_]*@' debian/libsysgenid0.symbols | tr -d @ | sort)" \
	"$(sed -n 's/^\t\(sysgenid_[a-z_]*\);$/\1/p' lib/libsysgenid.map | sort)" "the package of the library lists all its symbols"

# What docs/packages.md tells a sponsor in Debian. Once one of the things that are left is done, the page has to be changed.
page_overrides()
{
	sed -nE 's/^\| `([a-z0-9-]+)` \| `([a-z-]+)` \| [^|]+ \|$/\1: \2/p' docs/packages.md | sort
}
is "$(page_overrides)" "$(grep -hoE '^[a-z0-9-]+: [a-z-]+' debian/*.lintian-overrides | sort)" \
	"docs/packages.md has all overrides of lintian, and no others"
is "$(awk '!/^#/ && above !~ /^# [^ ]/ { print FILENAME ": " $0 } { above = $0 }
	/SPDX/ { above = "" }' debian/*.lintian-overrides)" '' "each has its reason above it"
is "$(grep -c '^Tests: ' debian/tests/control)" 5 "there are as many autopkgtests as the page says"
not_ok "an ITP bug is left to be filed, as the page says" grep -q 'Closes:' debian/changelog
not_ok "and fields are left to be written" grep -qE '^(Homepage|Vcs-[A-Za-z]+):' debian/control
not_ok "and there is no watch file" test -e debian/watch
ok "and packages say linux-any" grep -qx 'Architecture: linux-any' debian/control
ok "lintian's errors, warnings and infos end the build" grep -q -- '--fail-on error,warning,info ' packaging/build

commands=$(help_commands)
ok "control: there are commands" test "$(wc -l <<<"$commands")" -ge 8
is "$(bash_offers '' | grep -v '^--' | sort)" "$commands" "bash offers all commands"
is "$(sed -nE "s/^\t'([a-z]+):.*/\1/p" tools/completion/sysgenid.zsh | sort)" "$commands" "zsh offers all commands"
is "$(sed -nE 's/.*__fish_use_subcommand -a ([a-z]+) .*/\1/p' tools/completion/sysgenid.fish | sort)" "$commands" \
	"fish offers all commands"
for command in $commands; do
	options=$(printf '%s\n--help\n' "$(help_options "$command")" | sort -u)
	is "$(bash_offers "$command" -- | sort)" "$options" "bash offers the options of $command"
	is "$(zsh_options "$command")" "$options" "zsh offers the options of $command"
	is "$(fish_options "$command")" "$options" "fish offers the options of $command"
done
is "$(bash_offers trig)" trigger "bash completes a command"
is "$(bash_offers trigger --c)" --container "and an option"
is "$(bash_offers trigger --min '')" "" "and offers no options where a number is to be"

# The picture of the demo, drawn in another place.
draw=$(mktemp -d)
trap 'rm -rf -- "$draw"' EXIT
cp docs/draw-demo "$draw"
not_ok "draw-demo refuses what is no demo that ended well" sh -c "echo 'demo: without=UNIQUE with=UNIQUE clones=2' | '$draw/draw-demo'"
not_ok "and draws nothing" test -e "$draw/demo.svg"
sed -nE 's/^<text[^>]*>(.*)<\/text>$/\1/p' docs/demo.svg | tail -n +2 | sed 's/&gt;/>/g; s/&lt;/</g; s/&amp;/\&/g' >"$draw/lines"
ok "it draws what the README's picture shows" sh -c "'$draw/draw-demo' <'$draw/lines'"
# In another run other numbers are printed, which are the demo's and not the picture's. .ci/run compares it with such a run.
sed -E 's/[0-9a-f]{16}/0123456789abcdef/g; s/generation [0-9]/generation 12/' "$draw/lines" >"$draw/run"
not_ok "control: a run with other numbers is another text" cmp "$draw/run" "$draw/lines"
ok "the picture has the words of a run with other numbers" sh -c "'$draw/draw-demo' --check <'$draw/run'"
sed '/^demo: without sysgenid/a demo: (the kernel reseeded in between)' "$draw/run" >"$draw/again"
not_ok "control: a run that had to try again is another text" cmp "$draw/again" "$draw/run"
ok "and of one that had to try again" sh -c "'$draw/draw-demo' --check <'$draw/again'"
for fault in 's/getrandom/random/' '/^demo: with /d' 's/the same RAND_bytes, //' 2p 's/token server/server/'; do
	sed "$fault" "$draw/run" >"$draw/other"
	not_ok "control: not of one that prints something else: $fault" sh -c "'$draw/draw-demo' --check <'$draw/other'"
done
ok "CI compares it with the demo that it runs" grep -qxF 'docs/draw-demo --check <"$said"' .ci/run
like "$(make -n --no-print-directory pictures | xargs)" 'docs/draw-demo docs/draw-house$' "a target draws both pictures of the README anew"
ok "the README's picture is drawn by it, from the output of a demo" cmp "$draw/demo.svg" docs/demo.svg
done_testing
