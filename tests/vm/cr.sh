# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests that run inside the VM: small containers, and criu on them.
# A container is a process in PID and mount namespaces of its own: the machine's root file system with a /dev, /run,
# /tmp and /proc of its own. Each has a name; its files are below $CR_DIR.
# usage: . tests/vm/cr.sh, after tests/vm/lib.sh

CR_DIR=${CR_DIR:-$(mktemp -d)}
# Words that are added to each criu command, for instance which plugins it loads.
CR_OPTIONS=()

# container_start NAME COMMAND...: runs it as PID 1 of a new container.
container_start()
{
	local name=$1

	shift
	rm -f "$CR_DIR/$name.pid"
	mkdir -p "$CR_DIR/$name.root"
	setsid unshare --mount --pid --fork --propagation private \
		bash tests/vm/container "$CR_DIR/$name.root" "$@" \
		</dev/null >"$CR_DIR/$name.out" 2>&1 &
	CR_UNSHARE=$!
	wait_for 20 container_find_pid "$name" "$CR_UNSHARE"
}

# Prints the container's first process as soon as that runs its own command.
container_find_pid()
{
	local pid

	pid=$(cat "/proc/$2/task/$2/children") && [[ -n $pid ]] || return 1
	pid=${pid%% *}
	[[ -e /proc/$pid/root/run/started && $(cat "/proc/$pid/comm") != bash ]] || return 1
	echo "$pid" >"$CR_DIR/$1.pid"
}

# Prints the PID on the host of a container's first process.
container_pid()
{
	cat "$CR_DIR/$1.pid"
}

# container_dump NAME IMAGE [OPTION]...: dumps it, which ends it unless --leave-running is given.
container_dump()
{
	local name=$1 image=$CR_DIR/$2

	shift 2
	mkdir -p "$image"
	criu dump -t "$(container_pid "$name")" -D "$image" -v4 -o dump.log \
		--external 'mnt[/sysgenid]:sysgenid' "${CR_OPTIONS[@]}" "$@"
}

# container_restore IMAGE NAME [OPTION]...: restores an image as a new container, detached.
container_restore()
{
	local image=$CR_DIR/$1 name=$2

	shift 2
	mkdir -p "$CR_DIR/$name.root"
	mount --bind / "$CR_DIR/$name.root" && mount --make-private "$CR_DIR/$name.root" || return
	rm -f "$CR_DIR/$name.pid"
	criu restore -d -D "$image" -v4 -o "restore-$name.log" --root "$CR_DIR/$name.root" \
		--pidfile "$CR_DIR/$name.pid" --external 'mnt[sysgenid]:/sysgenid' \
		"${CR_OPTIONS[@]}" "$@"
}

container_kill()
{
	kill -9 "$(container_pid "$1")" 2>/dev/null
	wait_for 20 container_gone "$1"
	umount -l "$CR_DIR/$1.root" 2>/dev/null || :
}

container_gone()
{
	[[ ! -e /proc/$(container_pid "$1")/exe ]]
}
