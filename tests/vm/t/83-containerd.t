#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=2400 suites=engines
# A pod's container is checkpointed over CRI, as a kubelet does it, and restored in three pods; with each way to give it the
# counter, and with what a pod can ask for besides.
set -uo pipefail
. tests/runtimes/cri.sh
. tests/runtimes/view.sh

HOOK=build/runtime-hooks/sysgenid-hook

security()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$(runtime_pid "$1")/status"
}

# check_pods NAME: a pod with the present configuration, and three copies of it
check_pods()
{
	ok "$1: a pod starts" start server || return
	ok "$1: its container answers" tokens_of before "$(runtime_pid server)"
	check_clones "image-$1" server
}

check_device()
{
	ok "a pod with a CDI device starts" start server || bail "no container"
	check_control server
	check_clones image server
	runtime_remove a b c
}

# In a pod whose containers share a PID namespace, which begins before the restore.
check_shared()
{
	local SECURITY='{ "namespace_options": { "network": "NODE", "pid": "POD" } }'

	check_pods shared
	is "$(readlink "/proc/$(runtime_pid a)/ns/pid")" "$(pause_namespace a)" "shared: the copy has the PID namespace of its pod"
	isnt "$(pause_namespace a)" "$(pause_namespace b)" "shared: and another pod has another one"
	runtime_remove a b c
}

# The PID namespace of a pod's own process.
pause_namespace()
{
	local pid

	pid=$(cri PodSandboxStatus "{ \"pod_sandbox_id\": \"$(<"$RT_DIR/$1.pod")\", \"verbose\": true }" |
		jq -r '.info.info | fromjson | .pid') && readlink "/proc/$pid/ns/pid"
}

check_seccomp()
{
	local SECURITY='{ "namespace_options": { "network": "NODE", "pid": "CONTAINER" }, "seccomp": { "profile_type": "RuntimeDefault" } }'

	check_pods seccomp
	is "$(security a Seccomp)" 2 "seccomp: the copy has the profile RuntimeDefault"
	runtime_remove a b c
}

check_views()
{
	local MEANS='{ "CDI_devices": [{ "name": "sysgenid.dev/counter=vmclock" }] }'
	local COMMAND='{ "command": ["/bin/subject", "vmclock"] }'

	ok "view: a pod with the CDI device starts" start client
	check_view_control client view-control view
	ok "view: another one starts" start client
	check_view client view view
}

# The log of criu's that containerd's error names.
named_log()
{
	said "$1" | grep -o '/run/containerd/.*/restore.log'
}

# check_reason WHAT: the archive is refused; containerd has removed criu's log by then, so doctor has to say why
check_reason()
{
	not_ok "$1: the restore is refused" runtime_restore image-module refused
	not_ok "$1: nothing of it runs" pgrep -x token-server
	like "$(said refused)" 'StartContainer: .*restore failed: criu failed: .*log file: /run/containerd/.*/restore.log' \
		"$1: the error, which a kubelet makes the pod's event, says so and names criu's log"
	not_ok "$1: which is not there any more" test -e "$(named_log refused)"
	like "$(build/tools/sysgenid doctor 2>&1)" 'problem +module ' "$1: doctor says why"
	runtime_remove refused
}

check_module()
{
	ok "module: a pod starts" start server
	ok "module: its container answers" tokens_of before "$(runtime_pid server)"
	ok "module: it is dumped" runtime_dump server image-module
	runtime_remove server
	no_module
	check_reason "module not loaded"
	mknod -m 666 /dev/sysgenid c 10 243
	check_reason "module not loaded, but a node of the device"
	rm /dev/sysgenid
	fresh_module
}

# Without the module, the node's counter file.
check_file()
{
	local MEANS='{ "mounts": [{ "host_path": "/run/sysgenid/containers/node/counter", "container_path": "/dev/sysgenid",
		"readonly": true }] }'

	no_module
	ok "file: the node's counter is made" "$HOOK" make node
	check_pods file
	runtime_remove a b c
}

fresh_module
machine_with_plugin
ok "a client for the interface is made" make_client
ok "a registry starts" start_registry
ok "containerd starts" start_containerd || bail "no containerd"
ok "images are made" make_images
# "--append PARTS=module,file" runs some of them.
PARTS=${PARTS-device,shared,seccomp,views,module,file}
for part in ${PARTS//,/ }; do
	"check_$part"
done
ok "no process is left" wait_for 30 nobody_is_left
done_testing
