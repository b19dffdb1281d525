#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=600
# What "make install" puts in place: the CDI specification and the hook give podman's containers the counter, as the device
# or as a page in a file, and "sysgenid doctor" says what is missing.
set -uo pipefail
. tests/runtimes/podman.sh
. tests/runtimes/view.sh

HOOK=/usr/local/libexec/sysgenid/sysgenid-hook
FILES=/run/sysgenid/containers
DEVICE=dev.sysgenid.counter=device
FILE=dev.sysgenid.counter=file
VIEW=dev.sysgenid.vmclock=device

# doctor [OPTION...]: its exit status is in "status", what it says in "findings".
doctor()
{
	status=0
	findings=$(sysgenid doctor "$@") || status=$?
}

# knows NAME GENERATION: does the server in that container answer with this generation?
knows()
{
	ask "$(runtime_pid "$1")" && [[ $GENERATION == "$2" ]]
}

id_of()
{
	podman inspect --format '{{.Id}}' "$1"
}

# state PID [ANNOTATION VALUE]
state()
{
	printf '{"ociVersion":"1.0.2","id":"x","status":"running","pid":%s,"annotations":{"%s":"%s"}}' \
		"$1" "${2-none}" "${3-}"
}

# hook STAGE [COMMAND...]: the hook, for a container called "killed"
hook()
{
	state 1 dev.sysgenid.counter file | sed 's/"x"/"killed"/' | "${@:2}" "$HOOK" "$1"
}

# killed STAGE SYSCALL N: kills the hook at its Nth such system call
killed()
{
	local status=0

	hook "$1" strace -qq -o /dev/null -e trace="$2" -e inject="$2:signal=KILL:when=$3" || status=$?
	[[ $status == 137 ]]
}

check_views()
{
	ok "the view by CDI: a container starts" start_client view --device sysgenid.dev/counter=vmclock
	check_view_control view view-control "the view by CDI"
	ok "the view by CDI: another one starts" start_client view --device sysgenid.dev/counter=vmclock
	check_view view view "the view by CDI"
	ok "the view by annotation: a container starts" start_client view --annotation $VIEW
	check_view view view-annotation "the view by annotation"
	not_ok "the annotation does not put the view over another device" start_client other --annotation $VIEW \
		--device /dev/null:/dev/vmclock0
	like "$(said other)" "hook" "and the hook is named"
	runtime_remove other
}

check_killed_hook()
{
	local call

	# The folder (behind three that it is in), and in it the file.
	for call in 'mkdirat 4' 'ftruncate 1' 'pwrite64 1' 'linkat 1'; do
		# shellcheck disable=SC2086  # two words
		ok "the hook is killed at $call" killed create-runtime $call
		not_ok "... and leaves no half of a counter" test -e "$FILES/killed/counter"
	done
	ok "the hook is killed before the view has its name" killed create-runtime linkat 2
	not_ok "... and leaves no half of a view" test -e "$FILES/killed/vmclock"
	ok "the next run makes it" hook create-runtime
	ok "... with the view" test -e "$FILES/killed/vmclock"
	like "$(sysgenid status)" "generation:  [1-9][0-9]* +container killed" "... in full"
	: >"$FILES/killed/kept"
	for call in 1 2 3 4; do
		ok "the hook is killed before the removal of part $call" killed poststop unlinkat $call
	done
	ok "... and has left the folder" test -d "$FILES/killed"
	ok "the next run removes it" hook poststop
	not_ok "... in full" test -e "$FILES/killed"
}

no_module
rm -f /etc/criu/default.conf
make -s install >/dev/null 2>&1 || bail "make install"
ldconfig
ok "an image is made" make_image

doctor
like "$findings" "problem +module +not built for Linux .*: run .dkms install" "doctor misses the module"
is "$status" 6 "and ends with status 6"
like "$findings" "ok +hook +$HOOK" "doctor finds the hook"
like "$findings" "ok +cdi +/etc/cdi/sysgenid.json" "and the CDI specification"
not_ok "the device is refused without the module" start refused --annotation $DEVICE
if criu_41_or_newer; then
	like "$(said refused)" "sysgenid-hook" "and podman names the hook; crun keeps its words for itself"
else
	like "$(said refused)" "sysgenid-hook: the module sysgenid is not loaded: run 'modprobe sysgenid'" \
		"and podman shows the hook's reason"
fi
runtime_remove refused
not_ok "and so is the view" start_client refused --annotation $VIEW
runtime_remove refused

# Counter files.
check_killed_hook
ok "a container with a file starts" start own --annotation $FILE
id=$(id_of own)
ok "its counter is a file of its own" test -f "$FILES/$id/counter"
ok "it answers" tokens_of own "$(runtime_pid own)"
like "$(sysgenid status)" "generation:  $(last_generation own) +container $id" "status shows it"
not_ok "the container cannot write it" podman exec own /bin/busybox dd if=/dev/zero of=/dev/sysgenid conv=notrunc bs=4 count=1
is "$("$HOOK" make node 2>&1)" "" "the node's counter is made"
ok "a container with the node's file starts" start shared --device sysgenid.dev/counter=file
ok "it answers" tokens_of shared "$(runtime_pid shared)"
ok "the first one's counter is moved alone" sysgenid trigger --container "$id"
next=$(($(last_generation own) + 1))
ok "its server sees that" knows own "$next"
ok "the other one does not" knows shared "$(last_generation shared)"
ok "all are moved" sysgenid trigger
ok "both servers see that: the first" knows own $((next + 1))
ok "both servers see that: the second" knows shared $(($(last_generation shared) + 1))
doctor --live
like "$findings" "ok +live +/usr/sbin/criu, .*: the generation moved" "doctor --live takes a counter file of its own" || diag "$findings"
ok "moves nobody else's" knows own $((next + 1))
is "$(find "$FILES" -name 'doctor*')" "" "and removes it"
not_ok "a mounted counter is not removed" "$HOOK" remove "$id"
runtime_remove own shared
not_ok "the file is gone with its container" test -e "$FILES/$id"
ok "the node's is not" test -e "$FILES/node/counter"

# The device.
fresh_module
doctor
is "$status $(grep ^problem <<<"$findings")" "0 " "with the module doctor finds no problem"
like "$findings" "ok +plugin +/usr/lib/criu/sysgenid_plugin.so can be loaded" "and criu can load the plugin"
like "$findings" "ok +podman +podman version [45]" "and podman is known"
if criu_41_or_newer; then
	like "$findings" "ok +crun +crun version .*: checkpoints and restores" "crun is known"
else
	like "$findings" "note +crun +.*built without criu, cannot checkpoint: use runc" "crun's want is known"
fi
is "$(sysgenid doctor --json | jq '[.problems, (.findings | length > 8)] | tostring')" '"[0,true]"' "in JSON, too"
mkdir -p /etc/criu && echo "libdir /nowhere" >/etc/criu/default.conf
doctor
like "$findings" "problem +plugin +/etc/criu/default.conf makes criu look for plugins in /nowhere" \
	"doctor finds a criu that looks elsewhere"
rm /etc/criu/default.conf
: >/usr/lib/criu/sysgenid_plugin.so
doctor
like "$findings" "problem +plugin +criu cannot load it: .*file too short" "doctor finds a damaged plugin"
install_plugin
check_means cdi --device sysgenid.dev/counter=device
check_means annotation --annotation $DEVICE
check_views

# poststart waits for tracked watchers.
ok "a tracked watcher starts" subject_start watcher file tracked
pid=$(container_pid watcher)
is "$(state "$pid" dev.sysgenid.wait-ms 5000 | "$HOOK" poststart 2>&1)" "" "poststart ends when it has acknowledged"
ok "its generation is moved, and it acknowledges when told to only" sysgenid trigger --pid "$pid"
like "$(state "$pid" dev.sysgenid.wait-ms 100 | "$HOOK" poststart 2>&1)" \
	"watchers in container x have not acknowledged within 100 ms" "poststart does not wait longer than it was told to"
signal watcher
is "$(state "$pid" dev.sysgenid.wait-ms 20000 | "$HOOK" poststart 2>&1)" "" "and ends when it acknowledges"
container_kill watcher
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
