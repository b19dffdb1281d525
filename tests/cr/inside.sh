# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests of criu that runs inside a container, next to what it dumps and restores.
# usage: . tests/cr/inside.sh

# shellcheck source=tests/cr/lib.sh
. tests/cr/lib.sh

# For a criu without rights on the machine: --unprivileged, which criu 4.0 and newer have.
UNPRIVILEGED=()
# The directory in which an unprivileged criu keeps what it has found out about the kernel.
export XDG_RUNTIME_DIR=/run
# Runs a command inside a container with fewer rights.
AS=()
# The container's first process reaps what others have left.
FIRST=(/bin/sh -c 'while :; do sleep 1000 & wait $!; done')

# box_start NAME: a container in which nothing runs yet
box_start()
{
	container_start "$1" "${FIRST[@]}" && open_run "$1"
}

# Makes /run writable for users other than root, and an empty directory for a criu without plugins.
open_run()
{
	pid_of "$1" && chmod 1777 "/proc/$PID/root/run" && inside "$1" mkdir /run/no-plugins
}

without_plugin()
{
	CR_OPTIONS=(--libdir /run/no-plugins)
}

userns_of()
{
	readlink "/proc/$1/ns/user"
}

in_user_namespace()
{
	[[ $(userns_of "$1") == user:* && $(userns_of "$1") != "$(userns_of 1)" ]]
}

# userns_box_start NAME: the same with a user namespace of its own, whose root has no rights outside. The machine's files
# belong to nobody in there, and the plugin trusts no switches but root's: so an empty folder covers them.
userns_box_start()
{
	local pid

	mkdir -p "$CR_DIR/$1.root" && chmod 755 "$CR_DIR" && mkfifo "$CR_DIR/$1.go" || return
	setsid unshare --mount --propagation private bash tests/cr/userns-container "$CR_DIR/$1.root" \
		"${FIRST[@]}" <>"$CR_DIR/$1.go" >"$CR_DIR/$1.out" 2>&1 &
	pid=$!
	wait_for 30 in_user_namespace "$pid" && echo "0 100000 65536" >"/proc/$pid/uid_map" &&
		echo "0 100000 65536" >"/proc/$pid/gid_map" && echo go >"$CR_DIR/$1.go" &&
		wait_for 30 find_first "$1" "$pid" && open_run "$1" &&
		inside "$1" mount -t tmpfs -o mode=755 tmpfs /etc/sysgenid && return
	cat "$CR_DIR/$1.out"
	return 1
}

# The first process of a container, a child of the one that made its namespaces.
find_first()
{
	pgrep -x sh -P "$2" >"$CR_DIR/$1.pid"
}

# inside NAME COMMAND...: in a container, as its root, or by way of the command in AS
inside()
{
	local -a namespaces=(--mount --pid --root --wd)

	pid_of "$1"
	! in_user_namespace "$PID" || namespaces+=(--user)
	nsenter --target "$PID" "${namespaces[@]}" -- "${AS[@]}" "${@:2}"
}

# inside_start NAME LOG SUBJECT...: in a container, with its output in /run/LOG there
inside_start()
{
	local name=$1 log=$2

	shift 2
	pid_of "$name" && rm -f "/proc/$PID/root/run/$log"{,.pid}
	# shellcheck disable=SC2016  # expanded inside
	inside "$name" bash -c 'cd / || exit
		log=$1
		shift
		setsid "$@" </dev/null >"/run/$log" 2>&1 &
		echo "$!" >"/run/$log.pid"' - "$log" "$SUBJECT" "$@" &&
		wait_for 30 inside_ready "$name" "$log" && return
	pid_of "$name"
	cat "/proc/$PID/root/run/$log"
	return 1
}

inside_ready()
{
	pid_of "$1" && grep -qx ready "/proc/$PID/root/run/$2"
}

# inside_dump NAME IMAGE [OPTION]...: dumps what inside_start has started with /run/out as its log
inside_dump()
{
	local name=$1 image=$2 subject status=0

	shift 2
	read_log "$name" && printf '%s\n' "${LOG[@]}" >"$CR_DIR/$image.log" || return
	read -r subject <"/proc/$PID/root/run/out.pid"
	rm -rf "/proc/$PID/root/run/$image"
	inside "$name" mkdir -p "/run/$image" || return
	inside "$name" criu dump -t "$subject" -D "/run/$image" -v4 -o dump.log "${UNPRIVILEGED[@]}" \
		"${CR_OPTIONS[@]}" "$@" || status=$?
	copy_back "$name" "$image"
	((status == 0)) || show_log "$image/dump.log"
	return "$status"
}

# inside_restore NAME IMAGE [OPTION]...: restores in the container of the dump, with the log as it was at the dump
inside_restore()
{
	local name=$1 image=$2 status=0

	shift 2
	pid_of "$name" && cat "$CR_DIR/$image.log" >"/proc/$PID/root/run/out" || return
	inside "$name" criu restore -d -D "/run/$image" -v4 -o restore.log "${UNPRIVILEGED[@]}" \
		"${CR_OPTIONS[@]}" "$@" || status=$?
	copy_back "$name" "$image"
	((status == 0)) || show_log "$image/restore.log"
	return "$status"
}

# Lets tests outside of the container read the logs and the image.
copy_back()
{
	mkdir -p "$CR_DIR/$2" && cp "/proc/$PID/root/run/$2"/*.log "$CR_DIR/$2/"
}

# inside_kill NAME: kills what was started or restored there with /run/out as its log
inside_kill()
{
	# shellcheck disable=SC2016  # expanded inside
	inside "$1" bash -c 'kill -9 "$(</run/out.pid)"
		while [[ -e /proc/$(</run/out.pid)/exe ]]; do sleep 0.02; done'
}
