#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands of the documentation, as a person would type them, one after the other. A block that cannot run here
# names the file that does, "<!-- tested by FILE -->", or says why nobody does, "<!-- not run: WHY -->".
# It runs on one suite: other tests say what the commands do on the others.
# vm: timeout=240 boot=own suites=bookworm
set -uo pipefail
. tests/vm/lib.sh

work=$(mktemp -d)
# DKMS is left out: tests/dkms.t tests it.
install -D build/kernel/sysgenid.ko "/lib/modules/$(uname -r)/updates/sysgenid.ko" && depmod || bail "depmod"
rm -rf /root/image /etc/sysgenid

# Numbers and the amount of space don't matter.
normal()
{
	sed -E 's/[0-9a-f]{16}/HEX/g; s/[0-9]+/N/g; s/[[:space:]]+/ /g; s/^ //; s/ $//' "$@"
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
	local word rest tested='' unrun='' count=0
	local -a commands expected

	while read -r word rest; do
		case $word in
		tested) tested=$rest ;;
		unrun) unrun=yes ;;
		begin) commands=() expected=() ;;
		run) commands+=("$rest") ;;
		expect) expected+=("$rest") ;;
		end)
			count=$((count + 1))
			if [[ -n $unrun ]]; then
				ok "$1: the reader is told what is not run: ${commands[0]}" grep -qF '(not run)*' "$1"
			elif [[ -n $tested ]]; then
				for rest in "${commands[@]}"; do
					ok "$1: $rest: $tested has it" has_command "$tested" "$rest"
				done
			else
				run_block "$1"
			fi
			tested='' unrun=''
			;;
		esac
	done < <(blocks "$1")
	isnt "$count" 0 "$1 has commands"
	is "$(grep -nE '^    (sudo|make|modprobe|dkms|sysgenid|criu|openssl|systemctl|podman|runc|crun|apt-get|qemu/build) ' "$1")" '' "$1: all commands stand in such blocks"
}

# has_command FILE COMMAND: does a test speak of the command's first two words, or, behind options, of the next two?
has_command()
{
	local -a words

	read -ra words <<<"${2#sudo }"
	[[ -f $1 ]] && grep -qF -e "${words[0]} ${words[1]}" -e "${words[1]} ${words[2]-none}" -- "$1"
}

run_page README.md
run_page docs/guide.md
run_page criu-plugin/README.md
run_page preload/README.md
run_page openssl-provider/README.md
run_page qemu/README.md
run_page docs/containers.md
run_page docs/kubernetes.md
run_page python/README.md
run_page node/README.md
rm -f /usr/local/lib/python3.*/dist-packages/sysgenid-auto.pth

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
