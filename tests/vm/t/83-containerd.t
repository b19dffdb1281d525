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

# Two containers in such a pod. The one that is not restored starts first, as in the pod that was dumped: criu wants the PIDs
# of the other one free.
check_neighbours()
{
	local SECURITY='{ "namespace_options": { "network": "NODE", "pid": "POD" } }' restores

	ok "neighbours: a pod is made" make_pod server
	ok "neighbours: its first container starts" add_container server "$IMAGE" first
	ok "neighbours: its second container starts" add_container server "$IMAGE"
	ok "neighbours: it answers" tokens_of before "$(runtime_pid server)"
	ok "neighbours: it is dumped" runtime_dump server image-neighbours
	runtime_remove server
	ok "neighbours: another pod is made" make_pod a
	ok "neighbours: its first container starts" add_container a "$IMAGE" first
	ok "neighbours: it answers" tokens_of first "$(runtime_pid a-first)"
	ok "neighbours: a third one starts" add_container a "$IMAGE" third
	ok "neighbours: control: the first one answers again" tokens_of control "$(runtime_pid a-first)"
	is "$(last_generation control)" "$(last_generation first)" "neighbours: control: a container that starts moves nothing"
	cri StopContainer "{ \"container_id\": \"$(<"$RT_DIR/a-third.id")\" }" >/dev/null
	restores=$(restore_events)
	ok "neighbours: the second one is restored there" add_container a "$CR_DIR/image-neighbours.tar"
	is "$(restore_events)" "$((restores + 1))" "neighbours: the metrics count one restore"
	ok "neighbours: it answers" tokens_of a "$(runtime_pid a)"
	isnt "$(last_generation a)" "$(last_generation before)" "neighbours: on a new generation"
	ok "neighbours: the first one answers" tokens_of after "$(runtime_pid a-first)"
	isnt "$(last_generation after)" "$(last_generation first)" "neighbours: which has moved for the first one, too"
	is "$(shared_tokens before first control a after)" 0 "neighbours: no token is handed out twice"
	runtime_remove a
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

# A pod with "hostUsers: false", which has a network of its own, since it cannot have the node's.
check_userns()
{
	local SECURITY='{ "namespace_options": { "network": "POD", "pid": "CONTAINER", "userns_options": { "mode": "POD",
		"uids": [{ "host_id": 1000000, "container_id": 0, "length": 65536 }],
		"gids": [{ "host_id": 1000000, "container_id": 0, "length": 65536 }] } } }'

	make_network
	keep_criu_logs
	not_ok "userns: no pod with Debian 13's runc" make_container server "$IMAGE"
	like "$(said server)" 'StartContainer: .*idmap mounts not supported' "userns: containerd says that runc is too old"
	runtime_remove server
	HANDLER=newer
	ok "userns: a pod starts with a newer runc" start server || return
	ok "userns: its container answers" tokens_of before "$(runtime_pid server)"
	isnt "$(readlink "/proc/$(runtime_pid server)/ns/user")" "$(readlink /proc/self/ns/user)" "userns: it has a user namespace"
	ok "userns: it is dumped" runtime_dump server userns
	machine_with_silent_plugin
	ok "userns: control, without the plugin's work: it is dumped" runtime_dump server userns-control
	runtime_remove server
	refused_by_criu userns-control "userns: control, without the plugin's work"
	machine_with_plugin
	refused_by_criu userns userns
	HANDLER=runc
	rm /etc/criu/runc.conf
}

# criu makes a new user namespace, out of which it cannot enter the pod's network namespace.
# usage: refused_by_criu IMAGE WHAT
refused_by_criu()
{
	not_ok "$2: criu cannot restore it" runtime_restore "$1" a
	like "$(grep Error "$CR_DIR/criu/restore.log")" "Can't setns [0-9]+/net: Operation not permitted" "$2: and says why"
	not_ok "$2: nothing of it runs" pgrep -x token-server
	runtime_remove a
}

# The devices that the manifest has the device plugin hand out, as the kubelet puts its answer into a container's configuration.
manifest_devices()
{
	awk '$1 == "-" && $2 == "path:" { host = inside = $3 }
		$1 == "mountPath:" { inside = $2 }
		$1 == "permissions:" { print host, inside, $2 }' runtime-hooks/kubernetes/device-plugin.yaml |
		jq -Rn '[inputs / " " | { host_path: .[0], container_path: .[1], permissions: .[2] }] | { devices: . }'
}

# Without CDI.
check_nodes()
{
	local MEANS

	MEANS=$(manifest_devices)
	is "$(jq -r '.devices[].container_path' <<<"$MEANS" | paste -sd' ')" "/dev/sysgenid /dev/vmclock0" \
		"nodes: the manifest of the device plugin names the counter and the view"
	mv /etc/cdi/sysgenid.json "$CR_DIR/"
	check_pods nodes
	mv "$CR_DIR/sysgenid.json" /etc/cdi/
	is "$(stat -c %t:%T "/proc/$(runtime_pid a)/root/dev/vmclock0")" "$(stat -c %t:%T /dev/sysgenid-vmclock)" \
		"nodes: the copy has the view, too"
	runtime_remove a b c
}

check_views()
{
	local MEANS='{ "CDI_devices": [{ "name": "sysgenid.dev/counter=vmclock" }] }'
	local COMMAND='{ "command": ["/bin/subject", "vmclock"] }' COPIES='copy-a copy-b copy-c'

	ok "view: a pod with the CDI device starts" start client
	check_view_control client view-control view
	ok "view: another one starts" start client
	check_view client view view
}

# What stands behind a key in the example of the readiness probe.
probe_example()
{
	sed -n "/readinessProbe:/,/^\`\`\`/s/^ *$1: *//p" docs/kubernetes.md
}

# probe NAME: as a kubelet runs a readiness probe. What the program said is in $said.
probe()
{
	local answer

	answer=$(cri ExecSync "$(jq -n --arg id "$(<"$RT_DIR/$1.id")" --arg command "$(probe_example command)" \
		'{ container_id: $id, cmd: ($command | ltrimstr("[") | rtrimstr("]") | split(", ")), timeout: 10 }')") &&
		said=$(jq -r '(.stdout // "" | @base64d) + (.stderr // "" | @base64d)' <<<"$answer") &&
		return "$(jq '.exitCode // 0' <<<"$answer")"
}

# probed NAME STATUS REGEX WHAT
probed()
{
	local said='' status=0

	probe "$1" || status=$?
	is "$status" "$2" "ready: $4: the probe's status is $2"
	like "$said" "$3" "ready: $4: and it says why"
}

check_ready()
{
	local program MEANS COMMAND='{ "command": ["/bin/subject", "file", "tracked"] }'

	program=$(probe_example path)
	install -D build/tools/sysgenid-ready "$program"
	MEANS=$(jq -n --arg path "$program" --arg inside "$(probe_example mountPath)" '{
		CDI_devices: [{ name: "sysgenid.dev/counter=device" }],
		mounts: [{ host_path: $path, container_path: $inside, readonly: true }] }')
	ok "ready: a pod with the program mounted starts" start watched
	ok "ready: control: its probe succeeds when the watcher is there" wait_for 30 probe watched
	ok "ready: it is dumped" runtime_dump watched image-ready
	runtime_remove watched
	ok "ready: it is restored" runtime_restore image-ready copy
	probed copy 1 '^not ready: generation [1-9][0-9]*: watchers have not acknowledged it' "a copy that has not adapted"
	kill -USR1 "$(runtime_pid copy)"
	ok "ready: when its watcher has acknowledged the probe succeeds" wait_for 30 probe copy
	probed copy 0 '^ready: generation [1-9][0-9]* incarnation [0-9a-f]{32}$' "a copy that has adapted"
	runtime_remove copy
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
	keep_criu_logs
	not_ok "$1: it is refused again" runtime_restore image-module refused
	like "$(<"$CR_DIR/criu/restore.log")" "$NO_MODULE_REASON" "$1: and criu's log says why, where runc.conf has it kept"
	rm /etc/criu/runc.conf
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
node_starts
ok "images are made" make_images
# "--append PARTS=module,file" runs some of them.
PARTS=${PARTS-device,nodes,shared,neighbours,ready,seccomp,userns,views,module,file}
for part in ${PARTS//,/ }; do
	"check_$part"
done
ok "no process is left" wait_for 30 nobody_is_left
done_testing
