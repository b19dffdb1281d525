#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=1200 suites=engines
# What goes wrong with pods: archives that are cut, damaged or put together wrongly, and a registry that is not there. Nothing
# is half restored, and the good archive is restored before and after the registry was away.
set -uo pipefail
. tests/runtimes/cri.sh

# In the archive of a checkpoint.
IMG=checkpoint/sysgenid.img
CRIU_FAILED='StartContainer: .*restore failed: criu failed: .*log file: /run/containerd/.*/restore\.log'
FOREIGN="sysgenid.img belongs to another dump than criu's images beside it: copy the image again"

# unpacked NAME: the archive "good" as files, in $WORK
unpacked()
{
	WORK=$CR_DIR/work
	rm -rf "$WORK" && mkdir "$WORK" && tar -xf "$CR_DIR/good.tar" -C "$WORK"
}

packed()
{
	tar -cf "$CR_DIR/$1.tar" -C "$WORK" .
}

# refused NAME WHAT ERROR [LOG]: an archive is refused. What the user is told, which a kubelet makes an event of the pod, matches
# ERROR, and criu's log LOG. Without LOG criu is not even started.
refused()
{
	: >"$CR_DIR/criu/restore.log"
	not_ok "$2: it is not restored" runtime_restore "$1" copy
	not_ok "$2: nothing of it runs" pgrep -x token-server
	like "$(said copy)" "$3" "$2: the pod's error says so"
	if [[ -n ${4-} ]]; then
		like "$(grep -a -e Error -e sysgenid: "$CR_DIR/criu/restore.log")" "$4" "$2: criu's log says why"
	else
		is "$(stat -c %s "$CR_DIR/criu/restore.log")" 0 "$2: criu is not started"
	fi
	runtime_remove copy
	ok "$2: nothing is left of it" wait_for 30 nobody_is_left
}

# refused_by_criu NAME WHAT LOG: the error is the same whatever the reason, which only criu's log has
refused_by_criu()
{
	refused "$1" "$2" "$CRIU_FAILED" "$3"
}

check_archives()
{
	local size

	size=$(stat -c %s "$CR_DIR/good.tar")
	head -c $((size / 2)) "$CR_DIR/good.tar" >"$CR_DIR/cut.tar"
	refused cut "an archive that is cut" 'CreateContainer: unpacking of checkpoint archive .* failed: unexpected EOF'
	unpacked
	rm "$WORK/$IMG"
	packed missing
	refused_by_criu missing "without sysgenid.img" 'its file sysgenid.img is missing: copy it from where the dump was made'
	unpacked
	tests/cr/image-edit flip "$WORK/$IMG"
	packed flipped
	refused_by_criu flipped "sysgenid.img is damaged" 'its checksum is wrong: it was damaged. Copy it again'
	unpacked
	tar -xf "$CR_DIR/older.tar" -C "$WORK" "$IMG"
	packed stale
	refused_by_criu stale "sysgenid.img of an older checkpoint" "$FOREIGN"
	unpacked
	tar -xf "$CR_DIR/another.tar" -C "$WORK" "$IMG"
	packed others
	refused_by_criu others "sysgenid.img of another pod" "$FOREIGN"
	unpacked
	: >"$WORK/checkpoint/core-1.img"
	packed damaged
	refused_by_criu damaged "an image of criu's is empty" 'Unexpected EOF'
}

registry_is_gone()
{
	! registry_answers
}

check_registry()
{
	local image

	for image in $(cri ListImages | jq -r '.images[].repoDigests[]? | select(contains("/server@"))'); do
		cri RemoveImage "{ \"image\": { \"image\": \"$image\" } }" >/dev/null
	done
	pkill -x docker-registry
	ok "the registry goes" wait_for 30 registry_is_gone
	refused good "the registry is gone" 'CreateContainer: failed to pull checkpoint base image .*: connection refused'
	ok "the registry comes back" start_registry
	check_good "the registry is back"
}

fresh_module
node_starts
ok "images are made" make_images
ok "another pod starts" start server || bail "no container"
archive another
runtime_remove server
keep_criu_logs
ok "a pod starts" start server || bail "no container"
archive older
archive good
runtime_remove server
check_archives
# The control: the archive is good, and nothing but its parts was wrong.
check_good "after all that"
check_registry
ok "no process is left" wait_for 30 nobody_is_left
done_testing
