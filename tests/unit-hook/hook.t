#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The container hook: what it does at each stage, and what it says to input that is none.
set -uo pipefail
out=$(dirname -- "$(realpath -- "$0")")
cd -- "$out/../../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

hook=$out/sysgenid-hook
registry=$out/run/containers
rm -rf -- "$out/run"
work=$(mktemp -d)
trap 'rm -rf -- "$work" "$out/run"' EXIT
# Leaks are looked for with ptrace, which it has given up by then.
export ASAN_OPTIONS=detect_leaks=0
ID=0123456789abcdef
PAGE=$(getconf PAGE_SIZE)

# run INPUT ARGUMENT...: the results are in status, $work/out and $work/err
run()
{
	status=0
	printf '%s' "$1" | "$hook" "${@:2}" >"$work/out" 2>"$work/err" || status=$?
}

# state ID [ANNOTATIONS]
state()
{
	printf '{"ociVersion":"1.0.2","id":"%s","status":"creating","pid":1,"bundle":"/b","annotations":{%s}}' "$1" "${2-}"
}

# config PATH [ANNOTATIONS]
config()
{
	printf '{"mounts":[],"linux":{"cgroupsPath":"%s","devices":[],"resources":{}},"annotations":{%s}}' "$1" "${2-}"
}

FILE='"dev.sysgenid.counter":"file"'

# wrong NAME MESSAGE INPUT ARGUMENT...
wrong()
{
	run "${@:3}"
	is "$status $(wc -l <"$work/err") $(<"$work/out")" "1 1 " "$1: status 1 and one line"
	like "$(<"$work/err")" "^sysgenid-hook: .*$2" "$1: the line says what is wrong"
}

generation_of()
{
	od -An -tu4 -N4 "$registry/$1/counter" | tr -d ' '
}

run "$(state $ID "$FILE")" create-runtime
is "$status $(<"$work/err")" "0 " "create-runtime with the annotation does its work"
is "$(stat -c '%s %a %h' "$registry/$ID/counter")" "$PAGE 644 1" "the counter is a page that others only read, with one name"
is "$(stat -c %a "$registry/$ID") $(stat -c %a "$registry")" "755 755" "nobody else can write its folders"
is "$(od -An -tx4 -j64 -N12 "$registry/$ID/counter" | tr -s ' ')" " 47735953 00000001 00000001" "magic, version and flags are the device's"
first=$(generation_of $ID)
isnt "$first" 0 "it does not begin at 0"
run "$(state $ID "$FILE")" create-runtime
is "$status $(generation_of $ID)" "0 $first" "a second run finds it and leaves it as it is"
run "$(state other "$FILE")" create-runtime
isnt "$(generation_of other)" "$first" "another container's begins elsewhere"
run "$(state plain)" create-runtime
is "$status" 0 "without the annotation it is content"
not_ok "and makes nothing" test -e "$registry/plain"
run "$(state $ID)" poststop
is "$status $(ls "$registry")" "0 other" "poststop removes the container's own and no other"
run "$(state $ID)" poststop
is "$status" 0 "a second poststop is no mistake"
mkdir "$work/bundle" && : >"$work/bundle/dump.log"
run "$(state dumped "$FILE")" create-runtime
run "$(state dumped | sed "s|/b\"|$work/bundle\"|")" poststop
touch -d '2 hours ago' "$registry/dumped"
run '' clean
is "$status $(ls "$registry/dumped")" "0 counter"$'\n'"kept" "the counter of a container that podman has dumped stays for its copies"
run '' remove dumped
is "$status $(ls "$registry")" "0 other" "until somebody removes it by name"
mkdir "$registry/crashed" && touch -d '2 hours ago' "$registry/crashed" && mkdir "$registry/young"
run "$(state $ID)" poststop
is "$(ls "$registry")" "other"$'\n'"young" "poststop removes what a crashed hook left behind, if it is old"
rmdir "$registry/young"
: >"$registry/other/counter"
wrong "what is no counter" "is no counter, and not replaced" "$(state other "$FILE")" create-runtime
rm -r "$registry/other"
mkdir "$registry/open" && chmod 777 "$registry/open"
wrong "a folder that others can write" "can be written by others: remove it" "$(state open "$FILE")" create-runtime
rmdir "$registry/open"
ln -s /etc "$registry/link"
wrong "a link in the place of the folder" "cannot make .*/link" "$(state link "$FILE")" create-runtime
not_ok "and nothing was made behind it" test -e /etc/counter
rm "$registry/link"

run "$(config "/libpod_parent/libpod-$ID" "$FILE")" precreate
is "$status $(jq -c '.mounts[0] | [.destination, .source, .options]' "$work/out")" \
	"0 [\"/dev/sysgenid\",\"$registry/$ID/counter\",[\"bind\",\"ro\",\"nosuid\",\"noexec\"]]" \
	"precreate mounts the counter into the container, read-only"
is "$(generation_of $ID | grep -c .)" 1 "and has made it"
run "$(<"$work/out")" precreate
is "$(jq '.mounts | length' "$work/out")" 1 "a second precreate adds nothing"
run "$(config "machine.slice:libpod:$ID" "$FILE")" precreate
is "$(jq -r '.mounts[0].source' "$work/out")" "$registry/$ID/counter" "systemd's form of the path is understood, too"
run "$(config /x/libpod-y)" precreate
is "$status $(<"$work/out")" "0 $(config /x/libpod-y)" "without the annotation the configuration is left as it is"
wrong "a configuration without ID" "does not end in a container ID" "$(config /x/ "$FILE")" precreate
wrong "a configuration that is none" "is no list" '{"mounts":1}' precreate

for id in .. . .hidden a/b '' "$(printf 'x%.0s' {1..256})" 'a b' 'x;y' 'ä'; do
	wrong "ID '${id:0:12}'" "is no container ID" "$(state "$id" "$FILE")" create-runtime
done
wrong "an ID with a zero byte" "no 'id'" '{"id":"a\u0000b"}' create-runtime
wrong "an ID that is a number" "no 'id'" '{"id":1}' create-runtime
wrong "no ID" "no 'id'" '{}' poststop
wrong "an unknown wish" "is 'both': say device, file or auto" "$(state x '"dev.sysgenid.counter":"both"')" create-runtime
wrong "control characters in the input" "a\?b" "$(state x '"dev.sysgenid.counter":"a\nb"')" create-runtime
for text in '' ' ' '{' '[]' '1' 'null' '{"id":"a"} x' '{"id":"a"}{"id":"b"}' '<html>' $'\xff\xfe' \
	"$(printf '{"a":%.0s' {1..40})" '{"id":}'; do
	wrong "input '${text:0:12}'" "standard input is" "$text" create-runtime
done
wrong "wait without a number" "milliseconds are expected" "$(state x '"dev.sysgenid.wait-ms":"soon"')" poststart
wrong "wait for too long" "at most 60000" "$(state x '"dev.sysgenid.wait-ms":"60001"')" poststart
run "$(state x)" poststart
is "$status $(<"$work/err")" "0 " "poststart without the annotation waits for nothing"
[[ -d /sys/module/sysgenid ]] || {
	wrong "the device without the module" "is not loaded: run 'modprobe sysgenid'" \
		"$(state x '"dev.sysgenid.counter":"device"')" create-runtime
	run "$(config /libpod-auto '"dev.sysgenid.counter":"auto"')" precreate
	is "$(jq -r '.mounts[0].source' "$work/out")" "$registry/auto/counter" "auto takes the file without the module"
}

status=0
head -c 5000000 /dev/zero | tr '\0' ' ' | "$hook" create-runtime 2>"$work/err" || status=$?
is "$status" 1 "endless input is refused"
like "$(<"$work/err")" "larger than 4194303 bytes" "and the limit is said"
status=0
exec {endless}<> <(:)
"$hook" create-runtime 2>"$work/err" <&"$endless" || status=$?
is "$status" 1 "input that does not end is refused"
like "$(<"$work/err")" "did not end within 5000 ms" "and the limit is said"

run '' make node
is "$status $(stat -c %s "$registry/node/counter")" "0 $PAGE" "make makes the node's counter"
touch -d '2 hours ago' "$registry/node"
run '' clean
is "$status $(ls "$registry/node")" "0 counter" "clean never removes that"
run '' remove node
is "$status" 0 "remove does"
not_ok "and it is gone" test -e "$registry/node"
wrong "make of a bad name" "is no good name" '' make ../x
run '' frobnicate
is "$status" 2 "an unknown stage ends with status 2"
run '' make
is "$status" 2 "so do missing arguments"
"$hook" --help >"$work/out"
like "$(<"$work/out")" "^usage: sysgenid-hook" "--help prints the usage"
done_testing
