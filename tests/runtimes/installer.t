#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The installer image for Kubernetes' nodes. "make check-engines" runs it, on the host. Its DKMS builds the module for the
# kernels of all suites, in this machine, since compilers are slow in an emulated one; all else is tested in a VM of Debian 12,
# another release than the image's, by tests/runtimes/installer-guest.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# Nobody else sees what is mounted here.
[[ -n ${INSTALLER_INSIDE-} ]] || INSTALLER_INSIDE=yes exec unshare --mount --propagation private "$(realpath "$0")" "$@"
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
# shellcheck source=tests/vm/docs.sh
. tests/vm/docs.sh

tmp=$(mktemp -d)
trap 'umount -R "$tmp"/*/container "$tmp"/*/top 2>/dev/null; rm -rf --one-file-system -- "$tmp"' EXIT

# The image's only layer, as the archive's manifest names it.
unpack()
{
	local manifest layer

	manifest=$(tar -xOf "$archive" index.json | jq -r '.manifests[0].digest | sub(":"; "/")') &&
		layer=$(tar -xOf "$archive" "blobs/$manifest" | jq -r '.layers[] | .digest | sub(":"; "/")') &&
		mkdir "$tmp/image" && tar -xOf "$archive" "blobs/$layer" | tar -x -C "$tmp/image"
}

# stand_in FILE COMMANDS
stand_in()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$1" && chmod 755 "$1"
}

# node SUITE: sets "root", a node like the suite's, which is the container's /host, and "kernel". The kernel that runs is
# another one: uname says what the node's kernel would, and no module can be loaded.
node()
{
	local dir=$tmp/$1 image

	image=$(tests/vm/image "$1") || bail "there is no image of $1, see above"
	kernel=$(cd "$image/rootfs/boot" && echo vmlinuz-*)
	kernel=${kernel#vmlinuz-}
	container=$dir/container root=$dir/container/host
	mkdir -p "$container" "$dir/top"
	{
		mount -t tmpfs tmpfs "$dir/top" && mkdir "$dir/top/"{upper,work,node-upper,node-work} &&
			mount -t overlay overlay "$container" -o "lowerdir=$tmp/image,upperdir=$dir/top/upper,workdir=$dir/top/work" &&
			mkdir -p "$root" "$container"/{proc,dev} && mount -t overlay overlay "$root" \
				-o "lowerdir=$image/rootfs,upperdir=$dir/top/node-upper,workdir=$dir/top/node-work" &&
			mount -t proc proc "$container/proc" && mount -t proc proc "$root/proc" && mount -t tmpfs tmpfs "$root/run" &&
			mount --rbind /dev "$container/dev" && mount --rbind /dev "$root/dev"
	} || bail "cannot mount the image of $1"
	stand_in "$container/usr/local/bin/uname" "case \$* in -r) echo $kernel ;; *) exec /usr/bin/uname \"\$@\" ;; esac"
	stand_in "$root/usr/local/sbin/modprobe" 'echo "modprobe: Key was rejected by service" >&2; exit 1'
}

# installer COMMAND: as the image runs it
installer()
{
	chroot "$container" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		LC_ALL=C.UTF-8 sysgenid-installer "$@" >"$tmp/log" 2>&1 </dev/null
}

inodes_of()
{
	find "$root$1" -type f -exec stat -c '%n %i' {} + | sort
}

# The page says which C library a node needs, at least.
check_libc()
{
	local said needed

	said=$(grep -oP 'They ask for glibc \K[0-9.]+(?= or newer)' docs/kubernetes.md)
	needed=$(find "$tmp/image/payload" -type f \( -name '*.so*' -o -perm /111 \) -exec objdump -T {} + 2>/dev/null |
		grep -oP '\(GLIBC_\K[0-9.]+(?=\))' | sort -uV | tail -n 1)
	is "$needed" "${said:-nothing}" "the programs and the plugin need the glibc that docs/kubernetes.md names, and no newer one"
}

# This node's criu looks for plugins in another folder, as those of other distributions do.
move_plugin_folder()
{
	stand_in "$root/usr/local/sbin/criu" '/usr/sbin/criu "$@" | sed s,/usr/lib/criu/,/usr/lib64/criu/,'
}

check_link()
{
	is "$(chroot "$root" readlink /usr/lib64/criu/sysgenid_plugin.so)" /usr/lib/criu/sysgenid_plugin.so \
		"$1: the plugin is linked into the folder in which the node's criu looks"
	ok "$1: the link leads to the plugin" chroot "$root" test -f /usr/lib64/criu/sysgenid_plugin.so
}

check_module()
{
	local module=/lib/modules/$kernel/updates/sysgenid before

	ok "$1: the installer runs" installer install || diag "$(tail -n 40 "$tmp/log")"
	is "$(chroot "$root" modinfo -k "$kernel" -F vermagic sysgenid | cut -d' ' -f1)" "$kernel" \
		"$1: the module is built for Linux $kernel, where modprobe finds it" || diag "$(tail -n 40 "$tmp/log")"
	like "$(<"$tmp/log")" "Key was rejected.*the counter is a file" "$1: a module that cannot be loaded is replaced by a file"
	not_ok "$1: and is not loaded at each boot" test -e "$root/usr/local/lib/modules-load.d/sysgenid.conf"
	ok "$1: the file is there" test -s "$root/run/sysgenid/containers/node/counter"
	before=$(inodes_of "$module")
	isnt "$before" "" "$1: there are files of it"
	ok "$1: the installer runs again" installer install
	is "$(inodes_of "$module")" "$before" "$1: and builds nothing anew"
	[[ $1 != trixie ]] || check_link "$1"
	ok "$1: it is removed" installer remove
	is "$(cd "$root" && find . -xdev -name '*sysgenid*' ! -path './run/*' ! -path ./sysgenid)" "" "$1: nothing is left" || diag "$(<"$tmp/log")"
}

# check_pushed FOLDER: the image, as podman has pushed it there, and the manifest
check_pushed()
{
	local manifest=/tmp/sysgenid.yaml layer

	layer=$(jq -r '.layers[].digest | sub("^sha256:"; "")' "$1/manifest.json")
	is "$(tar -tf "$1/$layer" | grep -c 'usr/local/bin/sysgenid-installer$')" 1 "the registry has the image with the installer"
	is "$(grep -cxF "          image: dir:$1" "$manifest")" 2 "the manifest names it for both containers"
	is "$(diff "$manifest" runtime-hooks/kubernetes/daemonset.yaml | grep -c '^[<>]')" 4 "and is what it was otherwise"
	rm "$manifest"
}

# The commands of docs/kubernetes.md that need no cluster: this image, which goes to a registry that is a folder, and a
# checkpoint that is made an image.
check_commands()
{
	local archive=$tmp/checkpoint.tar image=checkpoint-image:latest
	local names='.ImageAnnotations["io.kubernetes.cri-o.annotations.checkpoint.name", "org.criu.checkpoint.container.name"]'

	printf '[storage]\ndriver = "vfs"\nrunroot = "%s"\ngraphroot = "%s"\n' "$tmp/run" "$tmp/storage" >"$tmp/storage.conf"
	export CONTAINERS_STORAGE_CONF=$tmp/storage.conf
	mkdir -p "$tmp/checkpoint" && : >"$tmp/checkpoint/sysgenid.img" && tar -C "$tmp" -cf "$archive" checkpoint
	mkdir "$tmp/registry"
	DOCS_WORDS=([REGISTRY]=dir:$tmp/registry)
	run_marked docs/kubernetes.md tests/runtimes/installer.t
	check_pushed "$tmp/registry/sysgenid-installer:$(<VERSION)"
	is "$(buildah inspect --type image "$image" | jq -r "$names" | uniq)" CONTAINER \
		"the checkpoint's image says to each engine which container it is of"
	ok "and has what the archive has" test -f "$(buildah mount "$(buildah from "$image")")/checkpoint/sysgenid.img"
	unset CONTAINERS_STORAGE_CONF
}

check_node()
{
	local size

	size=$(stat -c %s "$archive")
	cp -- "$archive" "$tmp/disk" && truncate -s %4096 "$tmp/disk" || bail "no room in $tmp"
	tests/vm/run bookworm --mem 3072 --timeout 1800 --scratch "$tmp/disk" --append "ARCHIVE_SIZE=$size" \
		tests/runtimes/installer-guest >"$tmp/out"
	is "$?" 0 "the image on a node of Debian 12, with containers"
	sed 's/^/    /' "$tmp/out"
}

# "make installer" prints the path of the archive.
archive=$(make -s installer) && unpack || bail "there is no image"
check_libc
for suite in bookworm trixie backports; do
	node "$suite"
	[[ $suite != trixie ]] || move_plugin_folder
	check_module "$suite"
done
check_commands
check_node
done_testing
