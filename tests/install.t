#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Installing, by the DaemonSet's commands and by make, changes no directory and no configuration that is there. It is a matter
# of shell commands: in Debian 12's root file system, on this machine's own kernel.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh

((EUID == 0)) || bail "this enters the suite's image: run it as root"
[[ ${1-} == --inside ]] || exec tests/vm/here bookworm tests/install.t --inside

MANIFEST=runtime-hooks/kubernetes/daemonset.yaml
CONFIGURATION=(etc/sysgenid/criu.conf etc/sysgenid/post-restore.conf etc/sysgenid/openssl.cnf
	etc/sysgenid/openssl-provider.cnf etc/cdi/sysgenid.json
	etc/apparmor.d/abstractions/sysgenid-{criu,hook,container})
work=$(mktemp -d)

# make_node: a root directory of a node, in which nothing of ours is, with modes and owners of its own; its path is in "node"
make_node()
{
	nodes=$((${nodes-0} + 1))
	node=$work/node$nodes
	mkdir -p "$work/layer$nodes/"{upper,work} "$node"
	mount -t tmpfs tmpfs "$work/layer$nodes" && mkdir "$work/layer$nodes/"{upper,work} &&
		mount -t overlay -o "lowerdir=/,upperdir=$work/layer$nodes/upper,workdir=$work/layer$nodes/work" node "$node" ||
		bail "no overlay"
	mount -t proc proc "$node/proc"
	mount -t tmpfs tmpfs "$node/run"
	rm -rf "$node/etc/sysgenid" "$node/etc/cdi" "$node/usr/src/"sysgenid-*
	find "$node/usr" -xdev -name '*sysgenid*' -delete
	mkdir -p "$node/usr/share/containers/oci" "$node/opt/criu"
	rm -rf "$node/usr/lib/criu"
	ln -s /opt/criu "$node/usr/lib/criu"
	chmod 700 "$node"
	chmod 750 "$node/etc"
	chmod 711 "$node/usr"
	chown 1:50 "$node/usr/local/bin"
	chmod 2775 "$node/usr/local/bin"
	chmod 1755 "$node/opt/criu"
}

# Modes and owners of all directories that were there before.
directories()
{
	(cd "$node" && xargs -0 stat -c '%n %a %u %g' <"$work/directories")
}

note_directories()
{
	(cd "$node" && find . ./etc ./usr ./opt -xdev -type d -print0) | sort -zu >"$work/directories"
	before=$(directories)
}

# installer COMMAND [ROOT]: as the image runs it, with its directories at other places, and without the module's source
installer()
{
	PAYLOAD=$work/payload SOURCES=$work/none sh runtime-hooks/kubernetes/sysgenid-installer "$1" "${2-$node}" >"$work/log" 2>&1
}

# What the DaemonSet's init container runs.
run_manifest()
{
	grep -q 'args: \["install"\]' "$MANIFEST" && installer install
}

# From outside an absolute link leads elsewhere.
run_make()
{
	ln -sfn ../../opt/criu "$node/usr/lib/criu"
	make -s install DESTDIR="$node" PREFIX=/usr/local >"$work/log" 2>&1
}

# Everything of the payload but configuration is on the node.
is_complete()
{
	local name

	while read -r name; do
		chroot "$node" cat "/$name" | cmp -- "$work/payload/$name" - || return
		[[ $(chroot "$node" stat -c %u "/$name") == 0 ]] || return
	done < <(cd "$work/payload" && find usr -type f)
}

modes_of_files()
{
	(cd "$node" && find usr/local/lib/libsysgenid* opt/criu/*.so usr/local/bin/sysgenid \
		usr/local/libexec/sysgenid/* etc/sysgenid/criu.conf -type f -printf '%f %m\n') | sort
}

# usage: check_installing NAME COMMAND
check_installing()
{
	local name=$1 before file pid

	make_node
	note_directories
	ok "$name installs on a node" "$2" || diag "$(<"$work/log")"
	ok "$name: all files are there" is_complete
	is "$(directories)" "$before" "$name: directories keep mode and owner"
	is "$(modes_of_files | grep -vE ' (644|755)$')" "" "$name: files have modes of their own"
	# An administrator configures the node, and one file is a link to nowhere.
	for file in "${CONFIGURATION[@]}"; do
		echo "# strict = yes" >>"$node/$file"
	done
	ln -sf /nowhere "$node/etc/sysgenid/openssl.cnf"
	chmod 600 "$node/etc/sysgenid/criu.conf"
	echo old >"$node/usr/local/share/man/man1/sysgenid.1"
	chroot "$node" /usr/local/bin/sysgenid run -- sleep 1000 2>/dev/null &
	pid=$!
	before=$(directories)$(cd "$node/etc" && tar -c sysgenid cdi apparmor.d | sha256sum)
	ok "$name installs again, while the old programs run" "$2" || diag "$(<"$work/log")"
	is "$(directories)$(cd "$node/etc" && tar -c sysgenid cdi apparmor.d | sha256sum)" "$before" \
		"$name: nothing in /etc is changed, and no directory"
	ok "$name: other files are new" is_complete
	kill "$pid"
	is "$(find "$node" -xdev -name '*sysgenid-new*' -o -xdev -path '*/run/sysgenid-install*')" "" "$name leaves nothing behind"
}

# What a program that has the node's counter file mapped sees when it is asked.
READER='import mmap, struct, sys
file = open(sys.argv[1], "rb")
page = mmap.mmap(file.fileno(), 4096, mmap.MAP_SHARED, mmap.PROT_READ)
for line in sys.stdin:
    print(struct.unpack_from("<I", page)[0], flush=True)'

seen()
{
	local number

	echo >&"${READ[1]}" && read -r -t 30 number <&"${READ[0]}" && echo "$number"
}

# The DaemonSet's node has no module, so its commands make a counter file for all containers. A program keeps it.
check_running_program()
{
	local counter=$node/run/sysgenid/containers/node/counter before

	# A trigger reseeds the kernel's generator, too.
	: >"$node/dev/urandom"
	mount --bind /dev/urandom "$node/dev/urandom"
	coproc READ { exec python3 -c "$READER" "$counter"; }
	before=$(seen)
	isnt "$before" "" "a program has the node's counter file"
	ok "the DaemonSet installs again, while the program runs" run_manifest || diag "$(<"$work/log")"
	is "$(seen)" "$before" "its generation has not moved"
	ok "the node's counter is moved" chroot "$node" /usr/local/bin/sysgenid trigger --container node
	ok "the program sees that: the file is the same one" test "$(seen)" -gt "$before"
	before=$(seen)
	rm "$counter"
	ok "control: without the file the DaemonSet's hook makes another one" \
		chroot "$node" /usr/local/libexec/sysgenid/sysgenid-hook make node
	ok "control: that is moved" chroot "$node" /usr/local/bin/sysgenid trigger --container node
	is "$(seen)" "$before" "control: the program does not see that"
	kill "$READ_PID"
}

# check_configuration: a file in /etc that nobody touched becomes the new one; one that was removed stays so
check_configuration()
{
	make_node
	run_manifest
	rm "$node/etc/cdi/sysgenid.json"
	echo "# changed" >>"$node/etc/sysgenid/criu.conf"
	echo "# new" >>"$work/payload/etc/sysgenid/criu.conf"
	echo "# new" >>"$work/payload/etc/sysgenid/post-restore.conf"
	rm "$work/payload/usr/local/libexec/sysgenid/sysgenid-ready"
	mkdir -p "$node/run/sysgenid-install.killed/payload"
	# As the installer does where the node's criu looks for plugins in another folder.
	mkdir -p "$node/usr/lib64/criu"
	ln -s /usr/lib/criu/sysgenid_plugin.so "$node/usr/lib64/criu/"
	echo "link /usr/lib64/criu/sysgenid_plugin.so" >>"$node/var/lib/sysgenid/installed"
	ok "the next version is installed" run_manifest || diag "$(<"$work/log")"
	ok "criu's link to the plugin is still there" test -L "$node/usr/lib64/criu/sysgenid_plugin.so"
	is "$(find "$node/run" -name 'sysgenid-install*')" "" "what an installer left that was killed is gone, too"
	is "$(tail -n 1 "$node/etc/sysgenid/post-restore.conf")" "# new" "a file in /etc that nobody touched becomes the new one"
	is "$(tail -n 1 "$node/etc/sysgenid/criu.conf")" "# changed" "one that was changed stays"
	not_ok "one that was removed stays so" test -e "$node/etc/cdi/sysgenid.json"
	like "$(<"$work/log")" "/etc/cdi/sysgenid.json was removed, and stays so" "and the log says so"
	not_ok "what the next version does not have goes away" test -e "$node/usr/local/libexec/sysgenid/sysgenid-ready"
	# As if it had built the module, on a node where an absolute link leads to the modules.
	mkdir -p "$node/opt/modules/1.2.3/updates/sysgenid"
	rm -rf "$node/usr/lib/modules"
	ln -s /opt/modules "$node/usr/lib/modules"
	ok "it is removed" installer remove || diag "$(<"$work/log")"
	not_ok "with the module" test -e "$node/opt/modules/1.2.3/updates/sysgenid"
	not_ok "with criu's link to the plugin" test -L "$node/usr/lib64/criu/sysgenid_plugin.so"
	is "$(cd "$node" && find etc usr/ opt var -xdev -name '*sysgenid*' ! -path 'usr/share/*' | sort)" "etc/sysgenid" \
		"nothing is left but the folder of the configuration"
	is "$(cd "$node" && find etc/sysgenid ! -type d)" "etc/sysgenid/criu.conf" "that was changed"
	not_ok "it is not removed twice" installer remove
	like "$(<"$work/log")" "nothing was installed by this script" "and says why"
}

ok "what is to be installed" make -s install DESTDIR="$work/payload" PREFIX=/usr/local
chown -R 1000:1000 "$work/payload"
chmod -R g+w "$work/payload"
chmod 777 "$work/payload" "$work/payload/"{etc,usr}

make_node
note_directories
cp -a --remove-destination "$work/payload/." "$node/" 2>/dev/null
isnt "$(directories)" "$before" "control: copying gives the node's directories other modes and owners"

check_installing "the DaemonSet" run_manifest
like "$(<"$work/log")" "/etc/sysgenid/criu.conf stays as it is" "it says what it has kept"
like "$(<"$work/log")" "ok +plugin +/usr/lib/criu/sysgenid_plugin.so can be loaded" "and what doctor finds"
check_running_program
check_installing "make install" run_make
check_configuration

make_node
mkdir -p "$node/usr/local/bin/sysgenid/x"
not_ok "the DaemonSet fails where a file cannot be" run_manifest
like "$(<"$work/log")" "install-node: /usr/local/bin/sysgenid is a directory: move it away" "and says why"
is "$(find "$node/run" -name 'sysgenid-install*')" "" "and leaves nothing behind"
for root in / /usr/..; do
	not_ok "nothing is installed to $root, which is the container's own root" installer install "$root"
	like "$(<"$work/log")" "not that of a node: mount the node's" "and the message says so"
done
done_testing
