#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# "sysgenid doctor" runs as root: it runs nothing, opens nothing and advises nothing that a container's maker or another user
# has chosen.
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
: "${BUILD:=$PWD/build}"

work=$(mktemp -d)
trap 'rm -rf -- "$work"; rmdir --ignore-fail-on-non-empty /run/containers' EXIT
# The folder of a container's layer: root's from top to bottom, and what is in it came with the image.
layer=$work/run/containers/storage/overlay/0123/diff
userdata=$work/run/containers/storage/overlay-containers/abc/userdata
mkdir -p "$work"/{bin,home,plugins,open/plugins} "$layer/p" "$userdata"
chmod 755 "$work"
install -m 755 "$BUILD/criu-plugin/sysgenid_plugin.so" "$work/plugins/"
install -m 755 "$BUILD/criu-plugin/sysgenid_plugin.so" "$work/open/plugins/"

# A criu that notes which configuration it was started with, and never restores.
cat >"$work/bin/criu" <<END
#!/bin/bash
case \$1 in
--version) echo 'Version: 4.1.1' ;;
--help) echo '  -L|--libdir           path to a plugin directory (by default $work/plugins)' ;;
*) echo "\$1 \${CRIU_CONFIG_FILE-}" >>"$work/calls"; exit 1 ;;
esac
END
chmod 755 "$work/bin/criu"

# doctor [OPTION...], with the container's state, and the hook where "make install" puts it
doctor()
{
	# shellcheck disable=SC2016  # expanded by the inner shell
	unshare --mount --propagation private sh -ec 'mount --bind "$1" /run/containers
		mount -t tmpfs none /usr/local && mkdir -p /usr/local/libexec/sysgenid && cp "$2" /usr/local/libexec/sysgenid/
		shift 2 && exec "$@"' sh "$work/run/containers" "$BUILD/runtime-hooks/sysgenid-hook" env HOME="$work/home" PATH="$work/bin:$PATH" \
		"$BUILD/tools/sysgenid" doctor "$@" >"$work/out" 2>&1 </dev/null
	found=$(grep -E ' (plugin|live) ' "$work/out")
}

annotate()
{
	echo "{ \"annotations\": { \"org.criu.config\": \"$1\" } }" >"$userdata/config.json"
}

mkdir -p /run/containers
doctor
like "$found" "ok +plugin +$work/plugins/sysgenid_plugin.so can be loaded" "control: a plugin where criu looks is loaded"

# A library in the layer that says so when it is loaded.
echo "void run(void) __attribute__((constructor)); int creat(const char *, int); void run(void) { creat(\"$work/ran\", 0600); }" |
	cc -x c -shared -fPIC -o "$layer/p/sysgenid_plugin.so" -
cp "$layer/p/sysgenid_plugin.so" "$layer/p/other.so"
echo "libdir $layer/p" >"$layer/c.conf"
doctor --config "$layer/c.conf"
ok "control: a file that root names has its plugin loaded" test -e "$work/ran"
rm -f "$work/ran"
annotate "$layer/c.conf"
doctor
not_ok "one that a container's annotation names has not" test -e "$work/ran"
like "$found" "problem +plugin +$layer/c.conf, which criu reads for container abc, .* it was not read: take out the annotation" "which is said"
unlike "$found" "other.so" "and the folder is not listed"
doctor --live
not_ok "nor with --live" test -e "$work/ran"
like "$(<"$work/calls")" "^dump" "control: --live starts criu"
unlike "$(<"$work/calls")" "c.conf" "but not with that file"
unlike "$(<"$work/out")" "--config" "and nobody is advised to do that himself"

# Opening is an act, too, and so is reading: from /proc/kmsg, which is a file, each message comes once, and no end.
mkfifo "$work/fifo"
for file in "$work/fifo" /proc/kmsg; do
	annotate "$file"
	[[ $file != "$work/fifo" ]] || { (: >"$work/fifo"; : >"$work/opened") & }
	doctor
	like "$found" "problem +plugin +$file, which criu reads for container abc" "$file is named"
done
not_ok "and not opened" test -e "$work/opened"
timeout 20 cat "$work/fifo"
wait
ok "control: it would have been noticed" test -e "$work/opened"

# Many containers hide nothing.
rm "$userdata/config.json"
for i in {100..130}; do
	mkdir -p "${userdata/abc/$i}"
	echo '{ "annotations": { "org.criu.config": "/evil/'"$i"'" } }' >"${userdata/abc/$i}/config.json"
done
rm "$work/plugins/sysgenid_plugin.so"
doctor
is "$(grep -c 'which criu reads for container' <<<"$found")" 20 "of many containers the first are named"
like "$found" "problem +plugin +11 more containers have the annotation org.criu.config, and 0 were not looked at" "and the others counted"
like "$found" "problem +plugin +.*$work/plugins" "a plugin that is missing is told of all the same"
install -m 755 "$BUILD/criu-plugin/sysgenid_plugin.so" "$work/plugins/"
rm -r "${userdata%/abc/*}"

# Who can write a folder above can put another one in its place.
chmod 777 "$work/open"
echo "libdir $work/open/plugins" >"$work/open.conf"
doctor --config "$work/open.conf"
like "$found" "problem +plugin +$work/open/plugins/sysgenid_plugin.so: others than root can write" "a folder above is open to all"
chmod 1777 "$work/open"
doctor --config "$work/open.conf"
unlike "$found" "others than root" "in a sticky one what is root's is safe"
ln -s "$work/plugins/sysgenid_plugin.so" "$work/open/sysgenid_plugin.so"
echo "libdir $work/open" >"$work/open.conf"
doctor --config "$work/open.conf"
like "$found" "problem +plugin +$work/open/sysgenid_plugin.so: others than root can write" "a link in an open folder is not trusted"
ln -s "$work/plugins" "$work/open/link"
echo "libdir $work/open/link" >"$work/open.conf"
chmod 777 "$work/open"
doctor --config "$work/open.conf"
like "$found" "problem +plugin +$work/open/link/sysgenid_plugin.so: others than root can write" "nor is a link to a folder in one"
ln -s "$work/open/plugins" "$work/home/link"
chmod 777 "$work/open"
echo "libdir $work/home/link" >"$work/open.conf"
doctor --config "$work/open.conf"
like "$found" "problem +plugin +$work/home/link/sysgenid_plugin.so: others than root can write" "nor is where a link leads to"

# Anybody may call a process as an engine is called.
cp /bin/sleep "$work/bin/conmon"
chmod 755 "$work/bin" "$work/bin/conmon"
# engine COMMAND...: starts one, and has doctor look
engine()
{
	CRIU_LIBS_DIR=/evil "$@" "$work/bin/conmon" 60 &
	engine=$!
	ok "... it runs" wait_for 20 grep -qs '^conmon$' "/proc/$engine/comm"
	doctor
	kill "$engine"
	wait "$engine" 2>/dev/null
}

believed="note +plugin +process [0-9]+ .conmon. starts criu with CRIU_LIBS_DIR=/evil"
engine env
like "$found" "$believed" "control: an engine of root's is believed"
engine setpriv --reuid 1000 --regid 1000 --clear-groups
unlike "$found" "$believed" "a user's is not"
engine unshare --user --map-root-user
unlike "$found" "$believed" "nor is one in a user namespace"
done_testing
