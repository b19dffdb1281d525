#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What "sysgenid doctor" finds that keeps criu from loading the plugin, with stand-ins for criu and engines.
set -uo pipefail
cd -- "$(dirname -- "$(realpath -- "$0")")/../.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
: "${BUILD:=$PWD/build}"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
mkdir -p "$work/bin" "$work/other" "$work/home/.criu" "$work/plugins" "$work/lib"
plugin=$BUILD/criu-plugin/sysgenid_plugin.so
install -m 755 "$plugin" "$work/plugins/"

# stand_in NAME COMMANDS: a program that notes each call
stand_in()
{
	printf '#!/bin/bash\necho "%s $*" >>%q\n%s\n' "${1##*/}" "$work/calls" "$2" >"$work/$1"
	chmod 755 "$work/$1"
}

# criu_in FOLDER LIBDIR: one that is built to look for plugins there
criu_in()
{
	stand_in "$1/criu" "case \$1 in
		--version) echo 'Version: 4.1.1'; echo 'GitID: none' ;;
		--help) echo '  -L|--libdir           path to a plugin directory (by default $2)' ;;
		*) exit 1 ;;
		esac"
}

# doctor [VARIABLE=VALUE...] [-- OPTION...]: what it finds about the plugin is in "found"
doctor()
{
	local -a variables=()

	while (($#)) && [[ $1 != -- ]]; do
		variables+=("$1")
		shift
	done
	shift
	status=0
	env HOME="$work/home" PATH="$work/bin:$work/other:$PATH" "${variables[@]}" \
		"$BUILD/tools/sysgenid" doctor "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	found=$(grep -E ' plugin ' "$work/out")
}

config=$work/extra.conf
elsewhere="makes criu look for plugins in /nowhere only"

criu_in bin "$work/plugins/"
doctor
like "$found" "^ok +plugin +$work/plugins/sysgenid_plugin.so can be loaded" "control: the plugin is where this criu looks"
unlike "$found" problem "and nothing is wrong"
is "$(grep -c '^criu ' "$work/calls")" 2 "criu is asked for its version and its directory, once each"

# Each way of naming another directory.
for line in 'libdir /nowhere' 'libdir=/nowhere' '	libdir	"/nowhere" # and why' 'libd /nowhere#x'; do
	printf '# libdir %s\ntcp-close\n%s\n' "$work/plugins" "$line" >"$config"
	doctor -- --config "$config"
	like "$found" "problem +plugin +$config $elsewhere" "a file with the line '$line' is found"
	is "$status" 6 "... and it is a problem"
done
for line in '# libdir /nowhere' 'libdirectory /nowhere' 'link-remap' ' '; do
	echo "$line" >"$config"
	doctor -- --config "$config"
	unlike "$found" problem "a file with the line '$line' is not"
done
echo "libdir /nowhere" >"$work/home/.criu/default.conf"
doctor
like "$found" "problem +plugin +$work/home/.criu/default.conf $elsewhere" "the user's own file is found"
echo "libdir $work/plugins" >"$config"
doctor CRIU_CONFIG_FILE="$config"
unlike "$found" "problem" "a file that is read later counts: CRIU_CONFIG_FILE"
rm "$work/home/.criu/default.conf"
echo "libdir /nowhere" >"$config"
doctor CRIU_CONFIG_FILE="$config"
like "$found" "problem +plugin +$config $elsewhere" "and is found when it is the wrong one"
doctor CRIU_LIBS_DIR=/nowhere
like "$found" "problem +plugin +the variable CRIU_LIBS_DIR $elsewhere" "the variable CRIU_LIBS_DIR is found"
mkfifo "$work/fifo"
doctor CRIU_CONFIG_FILE="$work/fifo"
unlike "$found" problem "a file that is a FIFO is not waited for"

cp /bin/sleep "$work/bin/conmon"
CRIU_LIBS_DIR=/nowhere "$work/bin/conmon" 60 &
doctor
like "$found" "note +plugin +process $! \\(conmon\\) starts criu with CRIU_LIBS_DIR=/nowhere" \
	"the variable in a running engine is found"
kill "$!"

# Other criu programs.
criu_in other /usr/local/lib/nowhere
doctor
like "$found" "problem +plugin +$work/other/criu looks for plugins in /usr/local/lib/nowhere only" \
	"a second criu that was built with another directory is found"
like "$(<"$work/out")" "note +criu +$work/other/criu is another one" "and that there are two"
like "$(<"$work/out")" "note +criu +$work/bin/criu is a script" "and a criu that is a script"
rm "$work/other/criu"
stand_in bin/criu 'echo "Error: Unknown option --foo" >&2; exit 1'
doctor
like "$(<"$work/out")" "problem +criu +$work/bin/criu does not say its version: run 'criu --version'" \
	"a criu that its configuration stops is a problem"

# criu's hooks are counted in its own table, whatever version it tells. Other plugins are listed and not run.
# criu_with HOOKS: a program
criu_with()
{
	printf '%s\n' '#include <stdio.h>' '#include <string.h>' "void *cr_plugin_ctl[2 * ($1 + 1)];" \
		'int main(int n, char **argv) { int help = n > 1 && !strcmp(argv[1], "--help");' \
		"puts(help ? \"  --libdir DIR (by default $work/plugins)\" : \"Version: 4.1.1\"); return 0; }" |
		cc -x c -rdynamic -o "$work/bin/criu" -
}
echo 'void run(void) __attribute__((constructor)); int puts(const char *); void run(void) { puts("ran"); }' |
	cc -x c -shared -fPIC -o "$work/plugins/other_plugin.so" -
criu_with 17
doctor
unlike "$(<"$work/out")" "the plugin knows" "a criu with as many hooks as the plugin knows: nothing is said of hooks"
like "$found" "ok +plugin +criu loads $work/plugins/other_plugin.so, too" "another plugin is listed"
unlike "$(<"$work/out")" "^ran" "and not run"
criu_with 19
doctor
like "$(<"$work/out")" "note +criu +$work/bin/criu has 19 hooks and the plugin knows 17" "a criu with more hooks is noted"
criu_with 9
doctor
like "$found" "problem +plugin +.* has 10 hooks and $work/bin/criu knows 9" "one with less than the plugin needs is a problem"
chmod 666 "$work/plugins/other_plugin.so"
doctor
like "$found" "problem +plugin +$work/plugins/other_plugin.so: others than root can write" \
	"another plugin that others can write is a problem"
rm "$work/plugins/other_plugin.so"

# The plugin itself.
criu_in bin "$work/plugins"
chmod 775 "$work/plugins"
doctor
like "$found" "problem +plugin +.*: others than root can write" "a directory that others can write is a problem"
chmod 755 "$work/plugins"
# The ELF header's machine: 183 is aarch64.
cp /bin/true "$work/bin/criu.elf"
cp "$plugin" "$work/plugins/sysgenid_plugin.so"
printf '\267\0' | dd of="$work/plugins/sysgenid_plugin.so" bs=1 seek=18 conv=notrunc status=none
doctor
like "$found" "problem +plugin +criu cannot load it" "a plugin for another processor is a problem"
cat >"$work/missing.c" <<'END'
void nobody_has_this(void);
struct { const char *name; } CR_PLUGIN_DESC = { "sysgenid" };
void call(void);
void call(void) { nobody_has_this(); }
END
cc -shared -fPIC -o "$work/plugins/sysgenid_plugin.so" "$work/missing.c" || bail "cannot compile"
doctor
like "$found" "problem +plugin +criu cannot load it: .*nobody_has_this" "one with a missing symbol is, too"
install -m 755 "$plugin" "$work/plugins/"

# A link in its place is there for criu, wherever it leads to.
for link in /nowhere sysgenid_plugin.so; do
	ln -sfn "$link" "$work/plugins/sysgenid_plugin.so"
	doctor
	like "$found" "problem +plugin +criu cannot load it: $work/plugins/sysgenid_plugin.so: " \
		"a link to $link is no plugin that is missing: criu fails"
done
rm "$work/plugins/sysgenid_plugin.so"
install -m 755 "$plugin" "$work/plugins/"

# Engines.
: >"$work/calls"
stand_in bin/runc 'echo runc version 1.1.5'
stand_in bin/podman 'echo podman version 5.4.2'
stand_in bin/crun 'printf "crun version 1.21\n+SYSTEMD +CRIU +YAJL\n"'
stand_in bin/crio 'exec sleep 60'
stand_in bin/containerd 'sleep 60 & echo containerd version 1.7'
before=$SECONDS
doctor
ok "an engine that does not answer is given up after 10 s" test $((SECONDS - before)) -lt 30
like "$(<"$work/out")" 'note +crio +did not say its version within 10 s' "which is said"
like "$(<"$work/out")" 'ok +containerd +containerd version 1.7:' "what an engine leaves running is not waited for"
is "$(grep -vc '^criu ' "$work/calls")" 5 "each engine is asked once"
like "$(<"$work/out")" 'ok +runc +runc version 1.1.5: .*
ok +podman +podman version 5.4.2' "the others' answers are there"
is "$(<"$work/err")" "" "nothing else is said when nobody waits at a terminal"
rm "$work/bin/crio" "$work/bin/containerd"
HOME=$work/home PATH=$work/bin:$PATH script -qec "$BUILD/tools/sysgenid doctor >/dev/null" /dev/null \
	>"$work/terminal" </dev/null
like "$(<"$work/terminal")" "sysgenid: doctor: asking podman for its version" "at a terminal it says what it does"

# Files of /etc, with another folder in its place.
# doctor_with_etc: as doctor
doctor_with_etc()
{
	doctor_with /etc "$work/etc"
}

# doctor_with FOLDER OTHER: it finds the other folder in that place
doctor_with()
{
	# shellcheck disable=SC2016  # expanded by the inner shell
	env HOME="$work/home" PATH="$work/bin:$PATH" unshare --map-root-user --mount bash -c \
		'mount --bind "$1" "$0" && shift && exec "$@"' "$1" "$2" "$BUILD/tools/sysgenid" doctor >"$work/out" 2>"$work/err" </dev/null
	found=$(grep -E ' plugin ' "$work/out")
}

mkdir -p "$work/etc/criu" "$work/etc/cdi"
echo 'libdir /nowhere' >"$work/etc/criu/crun.conf"
doctor_with_etc
unlike "$found" "problem" "crun.conf is no problem with a crun that has criu read no such file"
like "$(<"$work/out")" "note +cdi +no specification" "a missing CDI specification is noted"
stand_in bin/crun 'config=/etc/criu/crun.conf; printf "crun version 9\n+CRIU\n"'
cp runtime-hooks/cdi/sysgenid.json "$work/etc/cdi/"
doctor_with_etc
like "$found" "problem +plugin +/etc/criu/crun.conf $elsewhere" "it is with one whose program has that name"
like "$(<"$work/out")" "ok +cdi +/etc/cdi/sysgenid.json: sysgenid.dev/counter=device, =vmclock, =file" \
	"the devices of the CDI specification are listed"
echo '{ "kind": "sysgenid.dev/counter", "devices": [] }' >"$work/etc/cdi/sysgenid.json"
doctor_with_etc
like "$(<"$work/out")" "problem +cdi +/etc/cdi/sysgenid.json is damaged" "one without devices is damaged"
python3 -c 'import json
print(json.dumps({"kind": "sysgenid.dev/counter", "devices": [{"name": "device-%d" % i} for i in range(99)]}))' \
	>"$work/etc/cdi/sysgenid.json"
doctor_with_etc
like "$(<"$work/out")" "ok +cdi .*=device-0, =device-1, .* \.\.\." "one with many devices is good, and the list is cut"
ln -sf sysgenid.json "$work/etc/cdi/sysgenid.json"
doctor_with_etc
like "$(<"$work/out")" "problem +cdi +/etc/cdi/sysgenid.json is damaged, or cannot be read" \
	"one that cannot be read is not taken for one that is missing"
rm -r "${work:?}/etc"

# A running container of podman's whose annotation names a file. podman's folders are in /run here: one mount is enough.
userdata=$work/run/containers/storage/overlay-containers/abc/userdata
mkdir -p "$userdata" "$work/run/crun"
echo "libdir /nowhere" >"$work/annotated.conf"
echo "{ \"annotations\": { \"org.criu.config\": \"$work/annotated.conf\" } }" >"$userdata/config.json"
doctor_with /run "$work/run"
like "$found" "problem +plugin +$work/annotated.conf, which criu reads for container abc" "an annotation of podman's container counts"
mkdir "$work/run/crun/abc"
doctor_with /run "$work/run"
like "$found" "problem +plugin +$work/annotated.conf, which" "also where a crun runs it that has criu read it"
stand_in bin/crun 'printf "crun version 1.21\n+CRIU\n"'
doctor_with /run "$work/run"
unlike "$found" "annotated.conf" "but not where the crun that runs it has criu read no file"

doctor -- --config /nowhere/file
is "$status $(<"$work/err")" "2 sysgenid: doctor: cannot read /nowhere/file: give a file" \
	"a file that is not there is wrong usage"
doctor -- --live --json
is "$status" 6 "--live without a criu that works is a problem"
is "$(python3 -c 'import json, sys; print([f["state"] for f in json.load(sys.stdin)["findings"] if f["check"] == "live"])' <"$work/out")" \
	"['problem']" "which JSON has, too"
is "$(find /run -maxdepth 1 -name 'sysgenid-doctor*')" "" "and nothing is left behind"
done_testing
