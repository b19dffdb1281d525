# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# containerd and its own command ctr as a runtime. usage: . tests/runtimes/ctr.sh

# shellcheck source=tests/runtimes/lib.sh
. tests/runtimes/lib.sh

IMAGE=localhost/sysgenid-test:latest

# start_containerd PROGRAM [CONFIGURATION]
start_containerd()
{
	rm -rf /run/containerd
	"$1" ${2:+--config "$2"} >"$CR_DIR/containerd.log" 2>&1 &
	wait_for 60 ctr version >/dev/null 2>&1 && return
	tail -n 40 "$CR_DIR/containerd.log" >&2
	return 1
}

make_image()
{
	make_tree && tar -C "$TREE" -cf "$RT_DIR/tree.tar" . && podman import --quiet "$RT_DIR/tree.tar" "$IMAGE" &&
		podman save --quiet --format oci-archive --output "$RT_DIR/image.tar" "$IMAGE" &&
		ctr images import "$RT_DIR/image.tar"
}

start()
{
	ctr run --detach --device /dev/sysgenid "$IMAGE" "$1" /bin/token-server serve /run/token
}

runtime_pid()
{
	ctr task list | awk -v name="$1" '$1 == name { print $2 }'
}

# runtime_dump NAME IMAGE [leave-running]
runtime_dump()
{
	ctr containers checkpoint --rw --image --task "$1" "localhost/$2:latest" && return
	tail -n 20 "$CR_DIR/containerd.log" >&2
	return 1
}

# runtime_restore IMAGE NAME
runtime_restore()
{
	ctr containers restore --rw --live "$2" "localhost/$1:latest" >"$CR_DIR/$2.said" 2>&1 && return
	cat "$CR_DIR/$2.said"
	tail -n 20 "$CR_DIR/containerd.log" >&2
	return 1
}

runtime_remove()
{
	local name

	# Debian 12's ctr waits without an end for the task of a restore that was refused.
	for name; do
		timeout 30 ctr task kill --signal KILL "$name"
		timeout 30 ctr task delete --force "$name"
		ctr containers delete "$name"
	done >/dev/null 2>&1
}
