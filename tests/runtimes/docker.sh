# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Docker as a runtime. usage: . tests/runtimes/docker.sh

# shellcheck source=tests/runtimes/lib.sh
. tests/runtimes/lib.sh

IMAGE=sysgenid-test

start_docker()
{
	# An earlier daemon was killed, and has left its sockets.
	rm -rf /run/containerd /run/docker*
	mkdir -p /etc/docker
	echo '{ "experimental": true }' >/etc/docker/daemon.json
	dockerd --bridge none --iptables=false --ip6tables=false --exec-opt native.cgroupdriver=cgroupfs \
		>"$CR_DIR/dockerd.log" 2>&1 &
	wait_for 90 docker info >/dev/null 2>&1 && return
	tail -n 40 "$CR_DIR/dockerd.log" >&2
	return 1
}

make_image()
{
	make_tree && tar -C "$TREE" -c . | docker import - "$IMAGE" >/dev/null
}

# Docker wants names of two letters and more.
# create COMMAND NAME OPTION...: "run --detach" or "create"; what docker said is in $CR_DIR/NAME.said
create()
{
	local -a command

	read -ra command <<<"$1"
	docker "${command[@]}" --name "test-$2" --network none --tmpfs /run "${@:3}" "$IMAGE" \
		/bin/token-server serve /run/token >"$CR_DIR/$2.said" 2>&1 && return
	cat "$CR_DIR/$2.said"
	return 1
}

said()
{
	cat "$CR_DIR/$1.said"
}

runtime_pid()
{
	docker inspect --format '{{.State.Pid}}' "test-$1"
}

# runtime_dump NAME IMAGE [leave-running]
runtime_dump()
{
	docker checkpoint create ${3:+--"$3"} --checkpoint-dir "$CR_DIR/checkpoints" "test-$1" "$2" && return
	tail -n 20 "$CR_DIR/dockerd.log" >&2
	return 1
}

# runtime_restore IMAGE NAME: docker takes a checkpoint from the container's own directory only
runtime_restore()
{
	local id

	create create "$2" --device /dev/sysgenid || return
	id=$(docker inspect --format '{{.Id}}' "test-$2")
	cp -a "$CR_DIR/checkpoints/$1" "/var/lib/docker/containers/$id/checkpoints/" || return
	docker start --checkpoint "$1" "test-$2" >"$CR_DIR/$2.said" 2>&1 && return
	cat "$CR_DIR/$2.said"
	return 1
}

runtime_remove()
{
	docker rm --force "${@/#/test-}" >/dev/null 2>&1 || :
}
