# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# runc and crun, which have the same command line. usage: RUNTIME=runc; . tests/runtimes/oci.sh

# shellcheck source=tests/runtimes/lib.sh
. tests/runtimes/lib.sh

BUNDLE=$RT_DIR/bundle
# Changes the configuration that the runtime proposes.
OCI_FILTER='.process.terminal = false
	| .process.args = ["/bin/token-server", "serve", "/run/token"]
	| .root = { path: $tree, readonly: true }
	| .mounts += [{ destination: "/run", type: "tmpfs", source: "tmpfs",
			options: ["nosuid", "mode=755"] }]'
OCI_RULE='.linux.resources.devices += [{ allow: true, type: "c", major: 10, minor: 243, access: "rw" }]'
OCI_DEVICE='.linux.devices = [{ path: "/dev/sysgenid", type: "c", major: 10, minor: 243, fileMode: 438 }]
	| '$OCI_RULE
OCI_MOUNT='.mounts += [{ destination: "/dev/sysgenid", type: "bind", source: "/dev/sysgenid", options: ["bind"] }]
	| '$OCI_RULE

NO_MODULE="sysgenid: cannot make a new generation: the module sysgenid is not loaded; run 'modprobe sysgenid'"

# make_bundle DIRECTORY JQ-FILTER
make_bundle()
{
	mkdir -p "$1" && (
		cd "$1" && rm -f config.json && "$RUNTIME" spec && mv config.json proposed.json &&
			jq --arg tree "$TREE" "$OCI_FILTER | $2" proposed.json >config.json
	)
}

# oci_run NAME [BUNDLE]: its output goes to /dev/null, since criu cannot dump an open file from outside of the container
oci_run()
{
	"$RUNTIME" --log "$CR_DIR/$1.said" run --bundle "${2:-$BUNDLE}" --detach \
		--pid-file "$CR_DIR/$1.pid" "$1" </dev/null >/dev/null 2>&1 && return
	cat "$CR_DIR/$1.said"
	return 1
}

runtime_pid()
{
	container_pid "$1"
}

# runtime_dump NAME IMAGE [leave-running]
runtime_dump()
{
	mkdir -p "$CR_DIR/$2-work"
	"$RUNTIME" checkpoint ${3:+--"$3"} --image-path "$CR_DIR/$2" --work-path "$CR_DIR/$2-work" "$1" &&
		return
	show_log "$2-work/dump.log"
	return 1
}

# runtime_restore IMAGE NAME [BUNDLE]: what it said is in $CR_DIR/NAME.said
runtime_restore()
{
	mkdir -p "$CR_DIR/$1-work-$2"
	"$RUNTIME" restore --detach --bundle "${3:-$BUNDLE}" --image-path "$CR_DIR/$1" \
		--work-path "$CR_DIR/$1-work-$2" --pid-file "$CR_DIR/$2.pid" "$2" \
		</dev/null >"$CR_DIR/$2.said" 2>&1 && return
	cat "$CR_DIR/$2.said"
	show_log "$1-work-$2/restore.log"
	return 1
}

runtime_remove()
{
	local name

	for name; do
		"$RUNTIME" delete --force "$name" >/dev/null 2>&1 || :
		[[ ! -s $CR_DIR/$name.pid ]] || wait_gone 20 "$(container_pid "$name")"
	done
}

said()
{
	cat "$CR_DIR/$1.said"
}

# usage: check_refused IMAGE NAME WHY REGEX [BUNDLE]: the restore fails, nothing runs, and the log that the user
# is pointed to has the reason
check_refused()
{
	not_ok "$3: the restore is refused" runtime_restore "$1" "$2" "${5:-$BUNDLE}"
	ok "$3: nothing of it is left" wait_for 20 nobody_is_left
	like "$(said "$2")" "$CR_DIR/$1-work-$2/restore.log" "$3: $RUNTIME tells its user where the log is"
	like "$(messages "$1-work-$2/restore.log")" "$4" "$3: the log has the reason"
	runtime_remove "$2"
}

# make_counter NAME: makes a counter file, and a bundle that mounts it
make_counter()
{
	build/runtime-hooks/sysgenid-hook make "$1" &&
		make_bundle "$RT_DIR/$1" ".mounts += [{ destination: \"/dev/sysgenid\", type: \"bind\",
			source: \"/run/sysgenid/containers/$1/counter\",
			options: [\"bind\", \"ro\", \"nosuid\", \"noexec\"] }]"
}

# Without the module each copy can have a file of its own: its bundle says which.
check_file()
{
	local name

	for name in first second; do
		ok "file: a counter is made" make_counter "$name"
	done
	ok "file: a container starts" oci_run server "$RT_DIR/first"
	ok "file: it answers" tokens_of before "$(runtime_pid server)"
	ok "file: it is dumped" runtime_dump server file
	runtime_remove server
	for name in first second; do
		ok "file: it is restored with the $name file" runtime_restore file "$name" "$RT_DIR/$name"
	done
	for name in first second; do
		ok "file: the copy answers" tokens_of "$name" "$(runtime_pid "$name")"
		isnt "$(last_generation "$name")" "$(last_generation before)" "file: it is on a new generation"
	done
	is "$(shared_tokens before first second)" 0 "file: no token is handed out twice"
	runtime_remove first second
}

# The node as a bind mount, with a device rule.
check_mount()
{
	local bundle=$RT_DIR/mount

	make_bundle "$bundle" "$OCI_MOUNT"
	ok "bind mount: a container starts" oci_run server "$bundle"
	ok "bind mount: it answers" tokens_of before "$(runtime_pid server)"
	ok "bind mount: it is dumped" runtime_dump server mount
	runtime_remove server
	ok "bind mount: it is restored" runtime_restore mount copy "$bundle"
	ok "bind mount: the copy answers" tokens_of copy "$(runtime_pid copy)"
	isnt "$(last_generation copy)" "$(last_generation before)" "bind mount: it is on a new generation"
	is "$(shared_tokens before copy)" 0 "bind mount: no token is handed out twice"
	runtime_remove copy
}

# Checks what is promised of both runtimes.
check_runtime()
{
	fresh_module
	machine_with_plugin
	make_tree
	make_bundle "$BUNDLE" "$OCI_DEVICE"
	ok "a container with the counter starts" oci_run server || bail "$(said server)"
	check_control server
	check_clones image server
	runtime_remove a b c
	check_mount
	no_module
	check_refused image refused "module not loaded" "$NO_MODULE"
	like "$(said refused)" "$NO_MODULE" "module not loaded: $RUNTIME shows the reason itself, too"
	check_file
	fresh_module
}
