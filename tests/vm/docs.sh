# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests that run the commands of a page, as a person would type them, one after the other. A block that does not run in
# every such test names the file that runs it, "<!-- tested by FILE -->", or says why nobody does, "<!-- not run: WHY -->". If
# its first command shows an error, it says "<!-- fails, tested by FILE -->".
# usage: . tests/vm/docs.sh, after tests/vm/lib.sh

DOCS_DIR=$(mktemp -d)
# What words of a page, such as REGISTRY, stand for in a test.
declare -A DOCS_WORDS=()

# Numbers and the amount of space don't matter.
normal()
{
	sed -E 's/[0-9a-f]{16}/HEX/g; s/[0-9]+/N/g; s/[[:space:]]+/ /g; s/^ //; s/ $//' "$@"
}

# filled TEXT: with what its words stand for
filled()
{
	local text=$1 word

	for word in "${!DOCS_WORDS[@]}"; do
		text=${text//"$word"/"${DOCS_WORDS[$word]}"}
	done
	printf '%s\n' "$text"
}

# as_regex LINE: as "normal" prints it, where "..." is anything
as_regex()
{
	filled "$1" | normal | sed 's/[][\.*^$+?(){}|]/\\&/g; s/\(\\\.\)\{3\}/.*/g'
}

# blocks FILE: "fails", "tested FILE", "unrun WHY", "above LINE", which precedes that, "begin", "run COMMAND", "expect LINE" and
# "end" for each block
blocks()
{
	awk '
		/^<!-- (fails, )?tested by .* -->$/ {
			if ($2 == "fails,") print "fails"
			print "tested " $(NF - 1)
			next
		}
		/^<!-- not run: .* -->$/ { print "unrun " $0; print "above " last; next }
		!inside && NF { last = $0 }
		/^```console$/ { inside = 1; print "begin"; next }
		inside && /^```$/ { inside = 0; print "end"; next }
		inside && /^[#$] / { print "run " substr($0, 3); next }
		inside { print "expect " $0 }
	' "$1"
}

# run_block NAME: the commands and lines of the arrays, in this very shell, since one may start what another waits for
run_block()
{
	local command line status must_fail=$fails

	: >"$DOCS_DIR/out"
	for command in "${commands[@]}"; do
		command=$(filled "${command#sudo }")
		status=0
		eval "$command" >>"$DOCS_DIR/out" 2>&1 </dev/null || status=$?
		if [[ -n $must_fail ]]; then
			isnt "$status" 0 "$1: $command: it fails"
			must_fail=''
		else
			is "$status" 0 "$1: $command" || diag "$(tail -n 5 "$DOCS_DIR/out")"
		fi
	done
	normal "$DOCS_DIR/out" >"$DOCS_DIR/normal"
	for line in "${expected[@]}"; do
		ok "$1: it says: $line" grep -qxE -- "$(as_regex "$line")" "$DOCS_DIR/normal" || diag "$(<"$DOCS_DIR/out")"
	done
}

# each_block PAGE HANDLER: calls it with PAGE for each block, with the block in the arrays commands and expected, and with
# what the page says of it in "tested" (the test that runs it), "fails", "unrun", and "above", the line before that
each_block()
{
	local word rest tested='' fails='' unrun='' above=''
	local -a commands=() expected=()

	while read -r word rest; do
		case $word in
		tested) tested=$rest ;;
		fails) fails=yes ;;
		unrun) unrun=$rest ;;
		above) above=$rest ;;
		begin) commands=() expected=() ;;
		run) commands+=("$rest") ;;
		expect) expected+=("$rest") ;;
		end)
			"$2" "$1"
			tested='' fails='' unrun='' above=''
			;;
		esac
	done < <(blocks "$1")
}

# What nobody runs needs a kubelet or a cluster: the page says so in its comment and to the reader, and each command shows it.
unrun_block()
{
	local command

	like "$unrun" 'kubelet|cluster' "$1: ${commands[0]}: it is said that no test runs it for want of a cluster"
	like "$above" '\*\(kubelet: not run\)\*' "$1: ${commands[0]}: to the reader, too"
	for command in "${commands[@]}"; do
		like "$command" '^kubectl |:10250/|/etc/kubernetes' "$1: $command: it needs one"
	done
}

tested_block()
{
	local command

	for command in "${commands[@]}"; do
		ok "$1: $command: $tested has it" has_command "$tested" "$command" "$1"
	done
}

page_block()
{
	DOCS_COUNT=$((DOCS_COUNT + 1))
	if [[ -n $unrun ]]; then
		unrun_block "$1"
	elif [[ -n $tested ]]; then
		tested_block "$1"
	else
		run_block "$1"
	fi
}

# stray_commands PAGE: lines where commands stand outside of such blocks
stray_commands()
{
	awk '
		/^```$/ && inside { inside = 0; next }
		/^```/ && !inside {
			inside = 1
			if ($0 !~ /^```(console|c|go|java|js|python|rust|text|yaml)$/) print FNR ": " $0
			next
		}
		/^[ \t]+```/ { print FNR ": " $0 }
		!inside && /^    (sudo|make|modprobe|dkms|sysgenid|criu|openssl|systemctl|podman|runc|crun|apt|apt-get|qemu\/build) / {
			print FNR ": " $0
		}
	' "$1"
}

# run_page PAGE: all its blocks that no other test runs
run_page()
{
	DOCS_COUNT=0
	each_block "$1" page_block
	isnt "$DOCS_COUNT" 0 "$1 has commands"
}

# all_pages: of the tree in the working directory, but not those that were built
all_pages()
{
	find . -path './.?*' -prune -o -path ./build -prune -o -name '*.md' -printf '%P\n' | sort
}

# has_runner PAGE: is there a test that runs all blocks which name no other?
has_runner()
{
	grep -qxF -- "run_page $1" tests/vm/t/*.t
}

# A block as it is seen without running anything: it names a test, or the page's own test runs it.
known_block()
{
	DOCS_COUNT=$((DOCS_COUNT + 1))
	if [[ -n $unrun$tested ]]; then
		page_block "$1"
	else
		ok "$1: ${commands[0]}: a test runs the page, or the block names one" has_runner "$1"
	fi
}

# check_pages: each page of that tree, whichever there are. CONTRIBUTING.md has marks of its own, for tests/contributing.t.
check_pages()
{
	local page

	DOCS_COUNT=0
	while read -r page; do
		is "$(stray_commands "$page")" '' "$page: all commands stand in blocks that are looked at"
		[[ $page == CONTRIBUTING.md ]] || each_block "$page" known_block
	done < <(all_pages)
}

marked_block()
{
	[[ $tested == "$DOCS_TEST" && $fails == "$DOCS_FAILS" ]] || return 0
	DOCS_COUNT=$((DOCS_COUNT + 1))
	run_block "$1"
}

# run_marked PAGE TEST [fails]: the blocks that TEST is to run, or those of them that show an error
run_marked()
{
	local folder=$PWD

	DOCS_COUNT=0 DOCS_TEST=$2 DOCS_FAILS=${3:+yes}
	each_block "$1" marked_block
	cd "$folder" || exit
	isnt "$DOCS_COUNT" 0 "$1 has commands for $2"
}

# fixed_part COMMAND: two words, and all that follow up to the first that a test writes in its own way: a path, a number, a
# variable, a word in capitals
fixed_part()
{
	local word
	local -a words fixed=()

	read -ra words <<<"$1"
	for word in "${words[@]}"; do
		((${#fixed[@]} < 2)) || [[ ! $word =~ [/0-9\$*{]|^[A-Z_]+(=|$) ]] || break
		fixed+=("$word")
	done
	echo "${fixed[*]}"
}

# has_command FILE COMMAND PAGE: does a test run the marked blocks of the page, or the command's fixed part? What comments and
# names of checks say is no command.
has_command()
{
	local code

	[[ -f $1 ]] || return
	code=$(sed -E 's/^[[:space:]]*#.*//; s/\<(ok|not_ok) "[^"]*"//' "$1")
	! grep -qE -- "^[[:space:]]*run_marked ${3-none} $1${fails:+ fails}\$" <<<"$code" || return 0
	# An error that a page shows is seen only where its block runs.
	[[ -z ${fails-} ]] && grep -qP -- "(?<![\w/-])\Q$(fixed_part "${2#sudo }")\E(?![\w-])" <<<"$code"
}
