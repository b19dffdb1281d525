# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests that run the commands of a page, as a person would type them, one after the other. A block that does not run in
# every such test names the file that runs it, "<!-- tested by FILE -->", or says why nobody does, "<!-- not run: WHY -->".
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

# blocks FILE: "tested FILE", "unrun WHY", "begin", "run COMMAND", "expect LINE" and "end" for each block
blocks()
{
	awk '
		/^<!-- tested by .* -->$/ { print "tested " $4; next }
		/^<!-- not run: .* -->$/ { print "unrun"; next }
		/^```console$/ { inside = 1; print "begin"; next }
		inside && /^```$/ { inside = 0; print "end"; next }
		inside && /^[#$] / { print "run " substr($0, 3); next }
		inside { print "expect " $0 }
	' "$1"
}

# run_block NAME: the commands and lines of the arrays, in this very shell, since one may start what another waits for
run_block()
{
	local command line

	: >"$DOCS_DIR/out"
	for command in "${commands[@]}"; do
		command=$(filled "${command#sudo }")
		eval "$command" >>"$DOCS_DIR/out" 2>&1 </dev/null
		is "$?" 0 "$1: $command" || diag "$(tail -n 5 "$DOCS_DIR/out")"
	done
	normal "$DOCS_DIR/out" >"$DOCS_DIR/normal"
	for line in "${expected[@]}"; do
		ok "$1: it says: $line" grep -qxF -- "$(normal <<<"$line")" "$DOCS_DIR/normal" || diag "$(<"$DOCS_DIR/out")"
	done
}

# each_block PAGE HANDLER: calls it with PAGE for each block, with the block in the arrays commands and expected, and with
# what the page says of it in "tested" (the test that runs it) and "unrun"
each_block()
{
	local word rest tested='' unrun=''
	local -a commands=() expected=()

	while read -r word rest; do
		case $word in
		tested) tested=$rest ;;
		unrun) unrun=yes ;;
		begin) commands=() expected=() ;;
		run) commands+=("$rest") ;;
		expect) expected+=("$rest") ;;
		end)
			"$2" "$1"
			tested='' unrun=''
			;;
		esac
	done < <(blocks "$1")
}

page_block()
{
	local command

	DOCS_COUNT=$((DOCS_COUNT + 1))
	if [[ -n $unrun ]]; then
		ok "$1: the reader is told what is not run: ${commands[0]}" grep -qF 'not run)*' "$1"
	elif [[ -n $tested ]]; then
		for command in "${commands[@]}"; do
			ok "$1: $command: $tested has it" has_command "$tested" "$command" "$1"
		done
	else
		run_block "$1"
	fi
}

# run_page PAGE: all its blocks that no other test runs
run_page()
{
	DOCS_COUNT=0
	each_block "$1" page_block
	isnt "$DOCS_COUNT" 0 "$1 has commands"
	is "$(grep -nE '^    (sudo|make|modprobe|dkms|sysgenid|criu|openssl|systemctl|podman|runc|crun|apt|apt-get|qemu/build) ' "$1")" '' \
		"$1: all commands stand in such blocks"
}

marked_block()
{
	[[ $tested == "$DOCS_TEST" ]] || return 0
	DOCS_COUNT=$((DOCS_COUNT + 1))
	run_block "$1"
}

# run_marked PAGE TEST: the blocks that TEST is to run
run_marked()
{
	local folder=$PWD

	DOCS_COUNT=0 DOCS_TEST=$2
	each_block "$1" marked_block
	cd "$folder" || exit
	isnt "$DOCS_COUNT" 0 "$1 has commands for $2"
}

# has_command FILE COMMAND PAGE: does a test run the marked blocks of the page, or speak of the command's first two words,
# or, behind options, of the next two?
has_command()
{
	local -a words

	read -ra words <<<"${2#sudo }"
	[[ -f $1 ]] && grep -qF -e "run_marked ${3-none} " -e "${words[0]} ${words[1]}" -e "${words[1]} ${words[2]-none}" -- "$1"
}
