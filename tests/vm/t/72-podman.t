#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=400
# One archive made by podman, imported three times; and by which means a container gets the counter.
set -uo pipefail
. tests/runtimes/lib.sh

IMAGE=localhost/sysgenid-test
# Debian 12's crun is built without checkpoints.
OCI_RUNTIME=runc
! criu_41_or_newer || OCI_RUNTIME=crun
OPTIONS=()

p()
{
	podman --runtime "$OCI_RUNTIME" "$@"
}

# start NAME OPTION...
start()
{
	p run --detach --name "$1" --network none --tmpfs /run "${@:2}" "$IMAGE" \
		/bin/token-server serve /run/token >/dev/null
}

runtime_pid()
{
	podman inspect --format '{{.State.Pid}}' "$1"
}

# runtime_dump NAME IMAGE [leave-running]
runtime_dump()
{
	p container checkpoint ${3:+--"$3"} --compress none --export "$CR_DIR/$2.tar" "$1"
}

# runtime_restore IMAGE NAME
runtime_restore()
{
	p container restore --import "$CR_DIR/$1.tar" --name "$2" "${OPTIONS[@]}" >"$CR_DIR/$2.said" 2>&1 && return
	cat "$CR_DIR/$2.said"
	return 1
}

runtime_remove()
{
	podman rm --force --time 0 "$@" >/dev/null 2>&1 || :
}

# What the log says that podman keeps with a container.
restore_log()
{
	grep -h 'sysgenid: ' "$(podman inspect --format '{{.State.RestoreLog}}' "$1")"
}

# check_refused IMAGE NAME WHY REGEX
check_refused()
{
	not_ok "$3: the restore is refused" runtime_restore "$1" "$2"
	ok "$3: nothing of it runs" wait_for 20 nobody_is_left
	like "$(<"$CR_DIR/$2.said")" "/userdata/restore.log" "$3: podman tells its user where the log is"
	like "$(restore_log "$2")" "$4" "$3: the log has the reason"
	runtime_remove "$2"
}

# check_means NAME OPTION...: a container that got the counter so can be restored, and is told
check_means()
{
	local before

	ok "$1: a container starts" start "$@"
	ok "$1: it answers" tokens_of before "$(runtime_pid "$1")"
	before=$(last_generation before)
	ok "$1: it is dumped" runtime_dump "$1" means
	runtime_remove "$1"
	ok "$1: it is restored without any new option" runtime_restore means "$1"
	ok "$1: it answers again" tokens_of after "$(runtime_pid "$1")"
	isnt "$(last_generation after)" "$before" "$1: it sees a new generation"
	runtime_remove "$1"
}

seccomp_mode()
{
	sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$1/status"
}

fresh_module
machine_with_plugin
make_tree
tar -C "$TREE" -cf "$RT_DIR/tree.tar" .
ok "an image is made" podman import --quiet "$RT_DIR/tree.tar" "$IMAGE"
ok "a container with --device starts" start server --device /dev/sysgenid || bail "no container"
check_control server
check_clones image server
is "$(seccomp_mode "$(runtime_pid a)")" 2 "all that with podman's default seccomp profile"
runtime_remove a b c
no_module
check_refused image refused "module not loaded" \
	"sysgenid: cannot make a new generation: the module sysgenid is not loaded; run 'modprobe sysgenid'"
ok "the module is loaded with another minor" load_module minor=250
check_refused image refused "another minor on this machine" \
	'sysgenid: /dev/sysgenid is the device 10:243, but the counter is 10:250 here: load the module with minor=243'
fresh_module
check_means bind --volume /dev/sysgenid:/dev/sysgenid --device-cgroup-rule 'c 10:243 rw'
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
