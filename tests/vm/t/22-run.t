#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The overseer, "sysgenid run": after a change it runs scripts, waits for watchers, and only then reports; also where it
# was dumped and restored twice itself.
set -uo pipefail
. tests/cr/lib.sh

TOOL=/sysgenid/build/tools/sysgenid
work=$(mktemp -d)
hooks=$work/post-restore.d
resume=$work/unquiesce.d
mkdir "$hooks" "$resume"
options=(--dir "$hooks" --unquiesce "$resume")

# script DIRECTORY/NAME TEXT
script()
{
	printf '#!/bin/bash\n%s\n' "$2" >"$1"
	chmod 755 "$1"
}

# has FILE REGEX: does a line of the file match?
has()
{
	grep -qE -- "$2" "$1"
}

overseer()
{
	NOTIFY_SOCKET=$socket "$TOOL" run "${options[@]}" "$@" >"$work/out" 2>"$work/err" &
	RUN=$!
	wait_for 30 has "$work/told" '^READY=1,STATUS=watching'
}

end()
{
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

fresh_module
socket=$work/notify
python3 tests/run/manager.py "$socket" >"$work/told" &
wait_for 30 has "$work/told" listening || bail "manager.py does not start"
python3 tests/run/watcher.py "$work/go" >"$work/watcher" &
WATCHER=$!
wait_for 30 has "$work/watcher" tracked || bail "watcher.py does not start"

# shellcheck disable=SC2016  # for the script
script "$hooks/10-first" 'echo "first $SYSGENID_GENERATION $SYSGENID_CAUSE" >>'"$work/order"
script "$hooks/20-second" "echo second >>$work/order"
script "$resume/10-resume" "echo resumed >>$work/order"
"$TOOL" watch --json --settled >"$work/netlink" &
LISTENER=$!
overseer --json
is "$?" 0 "the overseer tells systemd that it watches"
is "$(cat "$work/order" 2>/dev/null)$(<"$work/out")" '' "nothing is run and nothing reported before there is a change"
"$TOOL" trigger >/dev/null
ok "the scripts run after a change" wait_for 30 has "$work/order" second
is "$(head -n 1 "$work/order")" "first 1 admin" "in order, and they know generation and cause"
like "$(<"$work/told")" 'RELOADING=1,MONOTONIC_USEC=[0-9]+,STATUS=adapting to generation 1' "systemd is told"
"$TOOL" wait --timeout 300 >/dev/null 2>&1
is "$?" 3 "while a watcher has not acknowledged, 'sysgenid wait' has to wait"
is "$(<"$work/out")$(grep resumed "$work/order")" '' "and nothing is reported, nor work taken up again"
touch "$work/go"
ok "when it has, the overseer reports" wait_for 30 has "$work/out" '"generation":1,"cause":"admin","ready":true,"scripts":3,"failed":0'
is "$(paste -sd' ' "$work/order")" "first 1 admin second resumed" "after unquiesce.d was run"
ok "systemd is told that it is ready" wait_for 30 has "$work/told" '^READY=1,STATUS=generation 1 \(admin\): ready'
ok "and whoever waits by the counter knows" "$TOOL" wait --timeout 10000
ok "and who listens on netlink hears of it" wait_for 30 has "$work/netlink" '"event":"settled","generation":1,"watchers":2'
is "$(grep -c settled "$work/netlink")" 1 "once, and not when the first of two watchers had adapted"
end "$LISTENER"

rm "$work/go" "$work/order"
script "$hooks/20-second" "echo second >>$work/order; [[ -e $work/moved ]] || { touch $work/moved; $TOOL trigger >/dev/null; }"
touch "$work/go"
"$TOOL" trigger >/dev/null
ok "a change while scripts run" wait_for 30 has "$work/out" '"generation":3,"cause":"admin","ready":true'
is "$(paste -sd' ' "$work/order")" "first 2 admin second first 3 admin second resumed" "makes it start over, and report the last one"
not_ok "not the one in between" has "$work/out" '"generation":2'
end "$RUN"

# The result of --once is its exit status.
rm -f "$work/go"
: >"$work/told"
script "$hooks/20-second" "exit 4"
overseer --once --watchers 200
"$TOOL" trigger >/dev/null
wait "$RUN"
is "$?" 1 "--once: status 1 when a script has failed"
like "$(<"$work/out")" 'generation 4 \(admin\): incomplete; 1 of 3 scripts failed: 20-second; 1 of 1 watchers late' "and the report says which, and of a late watcher"
rm "$hooks/20-second"
: >"$work/told"
touch "$work/go"
wait_for 30 has "$work/watcher" '^4$' || bail "the watcher does not acknowledge"
rm "$work/go"
overseer --once --watchers 200
"$TOOL" trigger >/dev/null
wait "$RUN"
is "$?" 3 "--once: status 3 when watchers are late"
: >"$work/told"
chmod 777 "$hooks"
overseer --once --watchers 200
"$TOOL" trigger >/dev/null
wait "$RUN"
is "$?" 1 "--once: status 1 when scripts were refused, too"
chmod 755 "$hooks"

# stops NAME STATUS: the overseer stops when it is told to, long before any time limit
stops()
{
	ok "$1" wait_gone 30 "$RUN" || kill -KILL "$RUN"
	wait "$RUN"
	is "$?" "$2" "with status $2"
}

: >"$work/told"
overseer --watchers 3600000
"$TOOL" trigger >/dev/null
ok "the overseer waits for a watcher" wait_for 30 grep -q RELOADING "$work/told"
kill -TERM "$RUN"
stops "SIGTERM ends it" 0
# shellcheck disable=SC2016
script "$hooks/15-slow" 'echo $$ >'"$work/slow"'; exec sleep 1000'
script "$hooks/20-second" "touch $work/second"
: >"$work/told"
overseer --timeout 3600000
"$TOOL" trigger >/dev/null
ok "the overseer runs a script" wait_for 30 test -s "$work/slow"
kill -TERM "$RUN"
stops "SIGTERM ends it" 0
like "$(<"$work/err")" "15-slow failed: it was stopped, since the overseer was told to stop" "which is said of the script"
not_ok "the script is gone" test -e "/proc/$(<"$work/slow")"
not_ok "and no other was run" test -e "$work/second"
rm "$work/slow"
: >"$work/told"
overseer --timeout 3600000 -- sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'
"$TOOL" trigger >/dev/null
ok "the overseer of a command runs a script" wait_for 30 test -s "$work/slow"
kill -TERM "$RUN"
stops "a signal reaches the command meanwhile, whose end is the overseer's" 9
rm "$hooks/15-slow" "$hooks/20-second" "$work/slow"
end "$WATCHER"

# A restore of processes makes no new machine: what the shipped scripts make of that, and of one that hides more.
trigger_as()
{
	python3 tests/run/trigger.py "$1"
}

# told CAUSE: has a script been told it last, and is its work done?
told()
{
	[[ $(grep first "$work/order" | tail -n 1) == "first $(cat /sys/class/misc/sysgenid/generation) $1" ]] &&
		has "$work/out" "^.*\"generation\":$(cat /sys/class/misc/sysgenid/generation),"
}

mkdir -p "$work/root/etc"
echo old >"$work/root/etc/machine-id"
cp -r tools/post-restore "$work/shipped"
chown -R root:root "$work/shipped"
chmod -R go-w "$work/shipped"
ln -s "$work/shipped/machine-id" "$hooks/20-machine-id"
: >"$work/told"
export SYSGENID_ROOT=$work/root
overseer --json
for cause in restore resume; do
	trigger_as "$cause"
	ok "scripts are told the cause $cause" wait_for 30 told "$cause"
	is "$(<"$work/root/etc/machine-id")" old "and the machine keeps its ID"
done
kill -STOP "$RUN"
"$TOOL" trigger >/dev/null
trigger_as restore
kill -CONT "$RUN"
ok "with something else before the restore they are told that the cause is not known" wait_for 30 told unknown
like "$(<"$work/root/etc/machine-id")" '^[0-9a-f]{32}$' "and the machine has a new ID"
unset SYSGENID_ROOT
end "$RUN"
rm "$hooks/20-machine-id"

script "$hooks/10-first" "exit 1"
script "$resume/10-resume" "exit 1"
: >"$work/told"
NOTIFY_SOCKET=$socket python3 tests/run/refuse.py netlink "$TOOL" run "${options[@]}" --once --json >"$work/out" 2>"$work/err" &
RUN=$!
wait_for 30 has "$work/told" '^READY=1,STATUS=watching'
"$TOOL" trigger >/dev/null
wait "$RUN"
is "$?" 1 "status 1 where a container may not use netlink"
like "$(<"$work/err")" 'cannot ask for the watchers; not waiting for them: ' "which is said"
rm "$hooks/10-first" "$resume/10-resume"
like "$(<"$work/out")" '"failed":2,"failed_names":"10-first 10-resume","watchers":null,"late":null' \
	"the report says it, too, and names the scripts of both directories that have failed"
: >"$work/told"
NOTIFY_SOCKET=$socket python3 tests/run/refuse.py netlink "$TOOL" run "${options[@]}" --once >"$work/out" 2>/dev/null &
RUN=$!
wait_for 30 has "$work/told" '^READY=1,STATUS=watching'
"$TOOL" trigger >/dev/null
wait "$RUN"
like "$? $(<"$work/out")" '^1 .*: incomplete; 0 of 0 scripts failed; watchers not known' "it is never ready without having asked for the watchers"

rm -rf /etc/sysgenid/quiesce.d
is "$("$TOOL" quiesce 2>&1; echo $?)" 0 "a directory that is not there by default is an empty one"

# The overseer in a container, with which it is dumped.
install_plugin
rm -r "$hooks" "$resume"
mkdir "$hooks"
# The container sees these files of the machine, too.
hooks=/root/post-restore.d
mkdir "$hooks"
# shellcheck disable=SC2016
script "$hooks/identity" 'od -An -N8 -tx8 /dev/urandom >/run/identity.new && mv /run/identity.new /run/identity'

# identity NAME: what tells a container from others
identity()
{
	cat "/proc/$(container_pid "$1")/root/run/identity"
}

# said NAME WHAT: has the overseer of the container reported it?
said()
{
	grep -qF -- "$2" "/proc/$(container_pid "$1")/root/run/log"
}

# story: dumps the container once, and restores it as a and b
story()
{
	rm -rf "$CR_DIR/image"
	container_start inner bash -c "echo old >/run/identity; exec $TOOL run --dir $hooks -- sh -c 'echo works >/run/log; exec sleep 1000' >>/run/log 2>&1" &&
		wait_for 30 said inner works && dump inner image && restore image a && restore image b || bail "no clones"
}

with_silent_plugin
story
is "$(identity a) $(identity b)" "old old" "control: without a new generation both clones keep the old identity"
container_kill a
container_kill b
with_plugin
story
for name in a b; do
	ok "clone $name has run its scripts and is ready" wait_for 30 said "$name" "): ready; 0 of 1 scripts failed" ||
		diag "$(cat "/proc/$(container_pid "$name")/root/run/log")"
done
isnt "$(identity a)" "$(identity b)" "the clones have identities of their own"
isnt "$(identity a)" "old" "new ones"
container_kill a
container_kill b
done_testing
