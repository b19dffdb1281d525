#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands of README.md, docs/guide.md and sysgenid(1), as a person would type them, one after the other. A block that
# cannot run here names the file that does: "<!-- tested by FILE -->".
# On one suite: what the commands do on the other one is what the other tests say.
# vm: timeout=240 boot=own suites=bookworm
set -uo pipefail
. tests/vm/lib.sh

work=$(mktemp -d)
# Without DKMS, which is another test's.
install -D build/kernel/sysgenid.ko "/lib/modules/$(uname -r)/updates/sysgenid.ko" && depmod || bail "depmod"
rm -rf /root/image /etc/sysgenid

# Numbers and the amount of space don't matter.
normal()
{
	sed -E 's/[0-9a-f]{16}/HEX/g; s/[0-9]+/N/g; s/[[:space:]]+/ /g; s/^ //; s/ $//' "$@"
}

# blocks FILE: "tested FILE", "begin", "run COMMAND", "expect LINE" and "end" for each block
blocks()
{
	awk '
		/^<!-- tested by .* -->$/ { print "tested " $4; next }
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

	: >"$work/out"
	for command in "${commands[@]}"; do
		command=${command#sudo }
		eval "$command" >>"$work/out" 2>&1 </dev/null
		is "$?" 0 "$1: $command" || diag "$(tail -n 5 "$work/out")"
	done
	normal "$work/out" >"$work/normal"
	for line in "${expected[@]}"; do
		ok "$1: it says: $line" grep -qxF -- "$(normal <<<"$line")" "$work/normal" || diag "$(<"$work/out")"
	done
}

# run_page FILE
run_page()
{
	local word rest tested='' count=0
	local -a commands expected

	while read -r word rest; do
		case $word in
		tested) tested=$rest ;;
		begin) commands=() expected=() ;;
		run) commands+=("$rest") ;;
		expect) expected+=("$rest") ;;
		end)
			count=$((count + 1))
			if [[ -n $tested ]]; then
				for rest in "${commands[@]}"; do
					ok "$1: $rest: $tested has it" has_command "$tested" "$rest"
				done
			else
				run_block "$1"
			fi
			tested=''
			;;
		esac
	done < <(blocks "$1")
	isnt "$count" 0 "$1 has commands"
	is "$(grep -nE '^    (sudo|make|modprobe|dkms|sysgenid|criu|openssl|systemctl) ' "$1")" '' "$1: all commands stand in such blocks"
}

# has_command FILE COMMAND: does a test speak of the command's first two words?
has_command()
{
	local -a words

	read -ra words <<<"${2#sudo }"
	[[ -f $1 ]] && grep -qF -- "${words[0]} ${words[1]}" "$1"
}

run_page README.md
run_page docs/guide.md

for page in lib/sysgenid.4 lib/libsysgenid.3 tools/sysgenid.1 criu-plugin/sysgenid-criu.7; do
	name=${page##*/}
	ok "$name is installed" test -f "/usr/local/share/man/man${name##*.}/$name"
done
rm -f /etc/sysgenid/post-restore.d/*
mapfile -t commands < <(sed -nE 's/^\.Dl [#$] (.*)/\1/p' tools/sysgenid.1)
isnt "${#commands[@]}" 0 "sysgenid(1) has examples"
for command in "${commands[@]}"; do
	case $command in
	systemctl*) ok "sysgenid(1): $command: tests/unit/run.t has it" has_command tests/unit/run.t "$command" ;;
	*watch*)
		timeout 3 bash -c "$command" >"$work/out" 2>&1
		is "$?" 124 "sysgenid(1): $command (it has no end of its own)"
		;;
	*) ok "sysgenid(1): $command" timeout 60 bash -c "$command" ;;
	esac
done
done_testing
