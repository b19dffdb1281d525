# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# containerd 2.1 as Kubernetes uses it: pods, over its CRI. usage: . tests/runtimes/cri.sh

# shellcheck source=tests/runtimes/lib.sh
. tests/runtimes/lib.sh

CONTAINERD=/opt/containerd/usr/bin/containerd
REGISTRY=localhost:5000
IMAGE=$REGISTRY/server:latest
export CRI_API=$RT_DIR/api
# The parts of a container's configuration that give it the counter, and say what it runs (nothing: the image's command).
MEANS='{ "CDI_devices": [{ "name": "sysgenid.dev/counter=device" }] }'
COMMAND='{}'
# The OCI runtime, by its name in containerd's configuration: Debian 13's runc, or "newer", the one of the next release.
HANDLER=runc
# The part of a pod's and a container's configuration that says which namespaces they have, and what they may do.
SECURITY='{ "namespace_options": { "network": "NODE", "pid": "CONTAINER" } }'

# containerd removes criu's logs when a restore has failed. From now on they are kept in this folder, each until the next one.
keep_criu_logs()
{
	mkdir -p /etc/criu "$CR_DIR/criu" && echo "work-dir $CR_DIR/criu" >/etc/criu/runc.conf
}

# cri METHOD [JSON]
cri()
{
	tests/runtimes/cri-call "$@"
}

make_client()
{
	local proto=/opt/golang-k8s-cri-api-dev/usr/share/gocode/src/k8s.io/cri-api/pkg/apis/runtime/v1

	# Debian 13's protoc does not know this option, which is about logs.
	mkdir -p "$CRI_API" && sed 's/ \[debug_redact = true\]//' "$proto/api.proto" >"$CRI_API/api.proto" &&
		protoc --proto_path="$CRI_API" --python_out="$CRI_API" api.proto
}

registry_answers()
{
	: </dev/tcp/localhost/5000
} 2>/dev/null

start_registry()
{
	printf '%s\n' 'version: 0.1' 'storage:' '  filesystem:' "    rootdirectory: $RT_DIR/registry" \
		'http:' '  addr: localhost:5000' >"$RT_DIR/registry.yml"
	docker-registry serve "$RT_DIR/registry.yml" >"$CR_DIR/registry.log" 2>&1 &
	wait_for 60 registry_answers && return
	cat "$CR_DIR/registry.log" >&2
	return 1
}

# make_image NAME COMMAND: the tree, in the registry
make_image()
{
	podman import --quiet --change "CMD $2" "$RT_DIR/tree.tar" "$REGISTRY/$1:latest" &&
		podman push --quiet --tls-verify=false "$REGISTRY/$1:latest"
}

make_images()
{
	make_tree && tar -C "$TREE" -cf "$RT_DIR/tree.tar" . && make_image pause '["/bin/sleep", "1000000"]' &&
		make_image server '["/bin/token-server", "serve", "/run/token"]' && cri PullImage "{ \"image\": { \"image\": \"$IMAGE\" } }"
}

start_containerd()
{
	mkdir -p /etc/cdi
	# containerd copies this file into each pod, and fails without it.
	[[ -e /etc/resolv.conf ]] || : >/etc/resolv.conf
	cp runtime-hooks/cdi/sysgenid.json /etc/cdi/
	cat >"$RT_DIR/containerd.toml" <<-END
		version = 3
		[plugins.'io.containerd.cri.v1.images'.pinned_images]
		sandbox = '$REGISTRY/pause:latest'
		[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
		runtime_type = 'io.containerd.runc.v2'
		[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.newer]
		runtime_type = 'io.containerd.runc.v2'
		[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.newer.options]
		BinaryName = '/opt/runc/usr/sbin/runc'
	END
	PATH=/opt/containerd/usr/bin:$PATH "$CONTAINERD" --config "$RT_DIR/containerd.toml" >"$CR_DIR/containerd.log" 2>&1 &
	wait_for 60 cri Version >/dev/null 2>&1 && return
	tail -n 40 "$CR_DIR/containerd.log" >&2
	return 1
}

node_starts()
{
	machine_with_plugin
	ok "a client for the interface is made" make_client
	ok "a registry starts" start_registry
	ok "containerd starts" start_containerd || bail "no containerd"
}

# A pod with a user namespace cannot have the node's network, and a pod without an address cannot be. These plugins say that
# there is one, and make none: nothing here needs a network.
make_network()
{
	mkdir -p /opt/cni/bin /etc/cni/net.d && cat >/opt/cni/bin/stub <<-'END' && chmod 755 /opt/cni/bin/stub &&
		#!/bin/sh
		case $CNI_COMMAND in
		ADD) jq --arg name "$CNI_IFNAME" --arg sandbox "$CNI_NETNS" '{ cniVersion, interfaces: [{ name: $name, sandbox: $sandbox }],
			ips: [{ version: "4", address: "10.0.0.2/24", interface: 0 }] }' ;;
		VERSION) echo '{ "cniVersion": "1.0.0", "supportedVersions": ["0.3.1", "0.4.0", "1.0.0"] }' ;;
		esac
	END
		ln -sf stub /opt/cni/bin/loopback &&
		echo '{ "cniVersion": "1.0.0", "name": "stub", "plugins": [{ "type": "stub" }] }' >/etc/cni/net.d/10-stub.conflist
}

pod_config()
{
	jq -n --arg name "$1" --arg logs "$RT_DIR/logs" --argjson security "$SECURITY" '{
		metadata: { name: $name, uid: $name, namespace: "default", attempt: 0 },
		log_directory: ($logs + "/" + $name),
		linux: { security_context: $security } }'
}

# make_pod NAME: its ID is in $RT_DIR/NAME.pod
make_pod()
{
	mkdir -p "$RT_DIR/logs/$1"
	cri RunPodSandbox "$(jq -n --arg handler "$HANDLER" --argjson config "$(pod_config "$1")" \
		'{ config: $config, runtime_handler: $handler }')" |
		jq -re .podSandboxId >"$RT_DIR/$1.pod"
}

# add_container POD IMAGE [NAME]: a container in a pod. Its ID is in $RT_DIR/POD.id, with a name in $RT_DIR/POD-NAME.id.
add_container()
{
	local id

	id=$(cri CreateContainer "$(jq -n --arg pod "$(<"$RT_DIR/$1.pod")" --arg image "$2" \
		--argjson config "$(pod_config "$1")" --argjson means "$MEANS" --argjson command "$COMMAND" \
		--argjson security "$SECURITY" --arg name "${3-server}" '{
			pod_sandbox_id: $pod, sandbox_config: $config,
			config: ($means + $command + {
				metadata: { name: $name }, image: { image: $image }, log_path: ($name + ".log"),
				linux: { security_context: $security } }) }')" |
		jq -re .containerId) && echo "$id" >"$RT_DIR/$1${3:+-$3}.id" &&
		cri StartContainer "{ \"container_id\": \"$id\" }"
}

# make_container NAME IMAGE: a container in a pod of the same name; what containerd said is in $CR_DIR/NAME.said
make_container()
{
	make_pod "$1" && add_container "$1" "$2"
} >"$CR_DIR/$1.said" 2>&1

start()
{
	make_container "$1" "$IMAGE" && return
	cat "$CR_DIR/$1.said"
	tail -n 20 "$CR_DIR/containerd.log" >&2
	return 1
}

said()
{
	cat "$CR_DIR/$1.said"
}

runtime_pid()
{
	cri ContainerStatus "{ \"container_id\": \"$(<"$RT_DIR/$1.id")\", \"verbose\": true }" |
		jq -r '.info.info | fromjson | .pid'
}

# What the container's first process has written, behind the time and the name of the stream.
runtime_log()
{
	cat "$RT_DIR/logs/$1/server.log"
}

# runtime_dump NAME IMAGE: a checkpoint over CRI always leaves the container running
runtime_dump()
{
	cri CheckpointContainer "{ \"container_id\": \"$(<"$RT_DIR/$1.id")\", \"location\": \"$CR_DIR/$2.tar\" }" && return
	tail -n 20 "$CR_DIR/containerd.log" >&2
	return 1
}

# runtime_restore IMAGE NAME
runtime_restore()
{
	make_container "$2" "$CR_DIR/$1.tar" && return
	cat "$CR_DIR/$2.said"
	tail -n 20 "$CR_DIR/containerd.log" >&2
	return 1
}

runtime_remove()
{
	local name

	for name; do
		cri StopPodSandbox "{ \"pod_sandbox_id\": \"$(<"$RT_DIR/$name.pod")\" }"
		cri RemovePodSandbox "{ \"pod_sandbox_id\": \"$(<"$RT_DIR/$name.pod")\" }"
	done >/dev/null 2>&1
}

# archive NAME: a new archive of the container "server", whose tokens so far are in tokens-NAME
archive()
{
	ok "its container answers" tokens_of "$1" "$(runtime_pid server)"
	ok "it is dumped as $1" runtime_dump server "$1"
}

# check_good WHAT: the archive "good" is restored, whatever went wrong before
check_good()
{
	ok "$1: the good archive is restored" runtime_restore good copy
	ok "$1: it answers" tokens_of copy "$(runtime_pid copy)"
	isnt "$(last_generation copy)" "$(last_generation good)" "$1: it is on a new generation"
	is "$(shared_tokens good copy)" 0 "$1: no token is handed out twice"
	runtime_remove copy
}
