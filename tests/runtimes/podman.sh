# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# podman as a runtime. usage: . tests/runtimes/podman.sh

# shellcheck source=tests/runtimes/lib.sh
. tests/runtimes/lib.sh

IMAGE=localhost/sysgenid-test
# Debian 12's crun is built without checkpoints.
OCI_RUNTIME=runc
! criu_41_or_newer || OCI_RUNTIME=crun

p()
{
	podman --runtime "$OCI_RUNTIME" "$@"
}

make_image()
{
	make_tree && tar -C "$TREE" -cf "$RT_DIR/tree.tar" . &&
		podman import --quiet "$RT_DIR/tree.tar" "$IMAGE"
}

# start NAME OPTION...: what podman said is in $CR_DIR/NAME.said
start()
{
	p run --detach --name "$1" --network none --tmpfs /run "${@:2}" "$IMAGE" \
		/bin/token-server serve /run/token >"$CR_DIR/$1.said" 2>&1 && return
	cat "$CR_DIR/$1.said"
	return 1
}

# start_client NAME OPTION...: a client of VMClock, which looks for /dev/vmclock0
start_client()
{
	p run --detach --name "$1" --network none --tmpfs /run "${@:2}" "$IMAGE" /bin/subject vmclock >"$CR_DIR/$1.said" 2>&1
}

said()
{
	cat "$CR_DIR/$1.said"
}

runtime_pid()
{
	podman inspect --format '{{.State.Pid}}' "$1"
}

runtime_log()
{
	podman logs "$1" 2>/dev/null
}

# runtime_dump NAME IMAGE [leave-running]
runtime_dump()
{
	p container checkpoint ${3:+--"$3"} --compress none --export "$CR_DIR/$2.tar" "$1"
}

# runtime_restore IMAGE NAME [OPTION...]: options for podman itself
runtime_restore()
{
	p "${@:3}" container restore --import "$CR_DIR/$1.tar" --name "$2" >"$CR_DIR/$2.said" 2>&1 && return
	cat "$CR_DIR/$2.said"
	return 1
}

runtime_remove()
{
	podman rm --force --time 0 "$@" >/dev/null 2>&1 || :
}

# Prints criu's log that podman keeps with a container.
restore_log()
{
	grep -h 'sysgenid: ' "$(podman inspect --format '{{.State.RestoreLog}}' "$1")"
}

# check_refused IMAGE NAME WHY REGEX
check_refused()
{
	not_ok "$3: the restore is refused" runtime_restore "$1" "$2"
	ok "$3: nothing of it runs" wait_for 20 nobody_is_left
	like "$(said "$2")" "/userdata/restore.log" "$3: podman tells its user where the log is"
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
