#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: suites=bookworm,trixie
# The command sysgenid with the module.
set -uo pipefail
. tests/vm/lib.sh

IOCTL=16 # the number of the system call on x86-64
tool=${BUILD:-build}/tools/sysgenid
work=$(mktemp -d)
chmod 755 "$work"

# Runs the command, or another one; the results are in status, $work/out and $work/err.
run()
{
	status=0
	"$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}

json()
{
	jq -r "$1" "$work/out"
}

generation()
{
	"$tool" status --json | jq .generation
}

as_user()
{
	setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all "$@"
}

# Runs a tracked watcher that acknowledges nothing until its input ends.
hold_watcher()
{
	python3 -c '
import fcntl, os, sys
fd = os.open("/dev/sysgenid", os.O_RDWR)
fcntl.ioctl(fd, 0xE401, 1)
print("ready", flush=True)
sys.stdin.read()'
}

trigger_often()
{
	python3 -c '
import fcntl, os, sys
fd = os.open("/dev/sysgenid", os.O_RDWR)
for i in range(int(sys.argv[1])):
    fcntl.ioctl(fd, 0xE403, 0)' "$1"
}

# Triggers until a file has something in it, since a watcher prints nothing before the first change.
trigger_until()
{
	local end=$((SECONDS + 30))

	until [[ -s $1 ]]; do
		((SECONDS < end)) || return 1
		"$tool" trigger >/dev/null || return
	done
}

is_stopped()
{
	[[ $(ps -o stat= -p "$1") == T* ]]
}

test_status()
{
	local first

	run "$tool" status
	is "$status $(<"$work/err")" "0 " "status succeeds"
	like "$(<"$work/out")" $'^generation:  0\nincarnation: [0-9a-f]{32}\nhighest:     0\nwatchers:    0, of these outdated: 0\nlast cause:  none\ndevice:      minor 243\ndomain:      [0-9]+\nkernel RNG:  ' \
		"a freshly loaded module: nothing has happened"
	first=$(</sys/class/misc/sysgenid/incarnation)
	run "$tool" trigger
	is "$status $(<"$work/out")" "0 generation:  $(generation)" "trigger says the new generation"
	run "$tool" status --json
	is "$(json 'keys | join(" ")')" "cause domain generation highest incarnation late_processes late_processes_complete minor outdated rng_reseeded watchers" \
		"status has these JSON keys"
	is "$(json '[.cause, .minor, .outdated, .watchers, .rng_reseeded] | map(tostring) | join(" ")')" \
		"admin 243 0 0 true" "and after a trigger these values"
	is "$(json .incarnation)" "$(</sys/class/misc/sysgenid/incarnation)" "the incarnation is that of sysfs"
	isnt "$(json .incarnation)" "$first" "and a new one in each generation"
	run "$tool" status
	like "$(<"$work/out")" "reseeded for this generation" "the kernel RNG has been reseeded"
	run env SYSGENID_PATH=/nonexistent "$tool" status --json
	is "$status $(json .rng_reseeded)" "0 null" "without the device only the RNG is not known"
	run as_user "$tool" status --json
	is "$status $(json .rng_reseeded)" "0 true" "it takes no privilege"
}

test_trigger()
{
	local before

	before=$(generation)
	run "$tool" trigger --json --min "$((before + 1000))"
	is "$status $(<"$work/out")" "0 {\"generation\":$(generation)}" "trigger --json is one object"
	ok "--min is followed" test "$(generation)" -ge "$((before + 1000))"
	before=$(generation)
	run "$tool" trigger --min 0xF0000000
	is "$status $(wc -l <"$work/err") $(<"$work/out")" "1 1 " "a jump that is too far fails"
	like "$(<"$work/err")" "^sysgenid: cannot move the generation: .*force.*the kernel says: " \
		"it says what to do, and the kernel's words"
	is "$(generation)" "$before" "and nothing has moved"
	run as_user "$tool" trigger
	is "$status $(wc -l <"$work/err")" "4 1" "a user may not trigger: status 4, one line"
	like "$(<"$work/err")" "CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN .* has neither" \
		"which names the capabilities"
	is "$(generation)" "$before" "and nothing has moved"
	run unshare --user --map-root-user "$tool" trigger
	is "$status" 4 "root of a user namespace may not trigger"
	like "$(<"$work/err")" "this process is in another one" "and is told why"
	run "$tool" trigger --force --min "$((before + 0x2000000))"
	is "$status" 0 "--force does it"
	ok "and the jump is made" test "$(generation)" -ge "$((before + 0x2000000))"
}

# Prints "ready" in a PID namespace of its own, with the device open and tracked, until its input ends.
hold_container()
{
	exec unshare --pid --fork --kill-child python3 -c '
import fcntl, os, sys
fd = os.open("/dev/sysgenid", os.O_RDWR)
fcntl.ioctl(fd, 0xE401, 1)
print("ready", flush=True)
sys.stdin.read()'
}

test_domains()
{
	local holder pid domain before system

	mkfifo "$work/container"
	hold_container <"$work/container" >"$work/inside" &
	holder=$!
	exec 6>"$work/container"
	ok "a container has the device open" wait_for 20 grep -q ready "$work/inside"
	pid=$(<"/proc/$holder/task/$holder/children")
	pid=${pid%% *}
	domain=$(stat -L -c %i "/proc/$pid/ns/pid")
	system=$(generation)
	run "$tool" status --pid "$pid" --json
	is "$status $(json '[.domain, .watchers, .outdated, .rng_reseeded] | map(tostring) | join(" ")')" \
		"0 $domain 1 0 true" "status --pid shows the domain of that process"
	isnt "$(json .incarnation)" "$(</sys/class/misc/sysgenid/incarnation)" "with an incarnation of its own"
	before=$(json .generation)
	run "$tool" trigger --pid "$pid" --json
	is "$status $(<"$work/out")" "0 {\"generation\":$((before + 1))}" "trigger --pid moves it"
	run "$tool" status --pid "$pid"
	like "$(<"$work/out")" "^generation:  $((before + 1))"$'\n'".*outdated: 1"$'\n'".*domain:      $domain" \
		"as status --pid says"
	is "$(generation)" "$system" "and not the system's"
	run "$tool" trigger --pid "$pid" --min 0xF0000000 --json
	is "$status $(<"$work/out")" "0 {\"generation\":4026531840}" "a container's may jump"
	run as_user "$tool" trigger --pid "$pid"
	is "$status $(wc -l <"$work/err")" "4 1" "a user may not trigger there: status 4, one line"
	like "$(<"$work/err")" "cannot open the PID namespace of process $pid: .*run this as root" \
		"which says what to do"
	exec 6>&-
	wait "$holder"
	run "$tool" status --pid "$pid"
	is "$status $(wc -l <"$work/err")" "1 1" "a process that is not there: status 1, one line"
	like "$(<"$work/err")" "process $pid: .*No such file.*running process" "which says so"
}

test_wait()
{
	local holder pid

	run "$tool" wait --timeout 1000
	is "$status $(<"$work/out")" "0 all watchers have acknowledged generation $(generation)" \
		"without watchers wait ends at once"
	run as_user "$tool" wait --json
	is "$status $(<"$work/out")" "0 {\"acknowledged\":true,\"generation\":$(generation)}" \
		"and for a user, as JSON"
	mkfifo "$work/hold"
	hold_watcher <"$work/hold" >"$work/ready" &
	holder=$!
	exec 5>"$work/hold"
	ok "a watcher is tracked" wait_for 20 grep -q ready "$work/ready"
	"$tool" trigger >/dev/null
	run "$tool" wait --timeout 100 --json
	is "$status $(json 'del(.late_processes, .late_processes_complete) | tostring')" \
		"3 {\"acknowledged\":false,\"generation\":$(generation),\"watchers\":1,\"outdated\":1}" \
		"a watcher that lags: status 3 and its number"
	like "$(<"$work/err")" "^sysgenid: 1 of 1 watchers have not acknowledged" "which is said, too"
	"$tool" wait --timeout 60000 >"$work/waited" 5>&- &
	pid=$!
	ok "it waits in the kernel" wait_for 20 grep -q "^$IOCTL " "/proc/$pid/syscall"
	# The command goes on waiting if the generation changes meanwhile.
	"$tool" trigger >/dev/null
	exec 5>&-
	wait "$holder"
	wait "$pid"
	is "$?" 0 "it ends when the watcher is gone"
	is "$(<"$work/waited")" "all watchers have acknowledged generation $(generation)" \
		"with the last generation"
}

test_device_permission()
{
	chmod 600 /dev/sysgenid
	run as_user "$tool" wait
	chmod 666 /dev/sysgenid
	is "$status" 4 "a device that may not be opened: status 4"
	like "$(<"$work/err")" "cannot open the device: .*mode should be 0666" "and what to do"
}

test_watch()
{
	local pid pattern='^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z generation [0-9]+ cause '

	"$tool" watch --count 2 >"$work/watch" &
	pid=$!
	ok "watch prints a change at once" trigger_until "$work/watch"
	trigger_often 1
	wait "$pid"
	is "$?" 0 "watch ends after --count lines"
	is "$(wc -l <"$work/watch")" 2 "and has printed as many"
	like "$(head -n 1 "$work/watch")" "${pattern}admin$" "a line has time, generation and cause"
	like "$(tail -n 1 "$work/watch")" "${pattern}(admin|ioctl)$" "and so has the next"
}

# Runs a watcher in a PID namespace of its own, which makes a change there, adapts to it and ends.
adapt_apart()
{
	unshare --pid --fork python3 -c '
import fcntl, os
fd = os.open("/dev/sysgenid", os.O_RDWR)
fcntl.ioctl(fd, 0xE401, 1)
fcntl.ioctl(fd, 0xE403, 0)
os.write(fd, os.read(fd, 4))'
}

test_watch_settled()
{
	local pid

	"$tool" watch --settled --domains >"$work/all" &
	pid=$!
	ok "watch --settled --domains prints a change" trigger_until "$work/all"
	like "$(head -n 1 "$work/all")" " cause admin domain $(stat -Lc %i /proc/self/ns/pid)$" \
		"with the domain that it is of"
	ok "a change in another PID namespace, whose watcher adapts and ends" adapt_apart
	ok "it prints when that is settled" wait_for 20 grep -q ' settled ' "$work/all"
	like "$(tail -n 2 "$work/all")" ' generation ([0-9]+) cause ioctl domain [0-9]+
[^ ]+ generation [0-9]+ settled watchers [01] domain [0-9]+$' "after the change"
	is "$(tail -n 2 "$work/all" | sed 's/.* generation \([0-9]*\) .* domain/\1/' | sort -u | wc -l)" 1 \
		"with its generation and domain"
	kill "$pid"
	wait "$pid"
}

test_watch_incarnations()
{
	local pid who

	"$tool" watch --incarnations --domains --json >"$work/who" &
	pid=$!
	ok "watch --incarnations prints a change" trigger_until "$work/who"
	"$tool" trigger >/dev/null
	ok "and who the generation is" wait_for 20 grep -q "\"incarnation\",\"generation\":$(generation)," "$work/who"
	who=$(jq -r "select(.event == \"incarnation\" and .generation == $(generation)) | .incarnation" "$work/who")
	is "$who" "$(</sys/class/misc/sysgenid/incarnation)" "which is what sysfs says"
	ok "a change in another PID namespace" adapt_apart
	wait_for 20 grep -q ioctl "$work/who"
	isnt "$(jq -r 'select(.event == "incarnation") | .incarnation' "$work/who" | sort | uniq -d)" "$who" \
		"and no other domain has it"
	kill "$pid"
	wait "$pid"
}

test_watch_overflow()
{
	local pid last

	"$tool" watch --json >"$work/flood" &
	pid=$!
	ok "watch --json prints a change" trigger_until "$work/flood"
	kill -STOP "$pid"
	ok "it is stopped" wait_for 20 is_stopped "$pid"
	trigger_often 20000
	kill -CONT "$pid"
	ok "it says that changes were missed" wait_for 60 grep -q '"missed":true' "$work/flood"
	last=$(generation)
	is "$(jq -s 'map(select(.missed)) | last | .generation' "$work/flood")" "$last" \
		"with the generation of the status"
	"$tool" trigger >/dev/null
	last=$(generation)
	ok "and goes on" wait_for 20 grep -q "\"generation\":$last,\"cause\":\"admin\",.*\"missed\":false" \
		"$work/flood"
	ok "every line is JSON, and generations only grow" jq -se \
		'map(.generation) | . == (sort | unique)' "$work/flood"
	kill "$pid"
	wait "$pid"
}

# Runs a command with its own /etc/cdi, /etc/criu and folder of criu's plugins, which nobody else sees.
# doctor_on COMMANDS [OPTION...]
doctor_on()
{
	mkdir -p /etc/cdi /etc/criu /usr/lib/criu
	unshare --mount bash -euc '
		mount -t tmpfs -o mode=755 tmpfs /etc/cdi
		mount -t tmpfs -o mode=755 tmpfs /etc/criu
		mount -t tmpfs -o mode=755 tmpfs /usr/lib/criu
		install -m 755 build/criu-plugin/sysgenid_plugin.so /usr/lib/criu/
		eval "$1"
		exec "$2" doctor "${@:3}"' bash "$1" "$tool" "${@:2}"
}

test_doctor()
{
	run doctor_on 'echo "no library" >/usr/lib/criu/sysgenid_plugin.so'
	like "$(<"$work/out")" 'criu cannot load it' "control: doctor loads the plugin"
	run doctor_on 'echo "no library" >/usr/lib/criu/sysgenid_plugin.so; chmod 666 /usr/lib/criu/*'
	like "$status $(<"$work/out")" '^6 .*others than root can write what criu runs' "one that others can write is a problem"
	unlike "$(<"$work/out")" 'cannot load' "and is not loaded"
	run doctor_on 'echo "{\"kind\": null}" >/etc/cdi/sysgenid.json'
	like "$status $(<"$work/out")" '^6 .*/etc/cdi/sysgenid.json is damaged' "a CDI file without a kind is found damaged"
	for name in default runc; do
		run doctor_on "echo 'libdir /nowhere' >/etc/criu/$name.conf"
		like "$(<"$work/out")" "problem +plugin +/etc/criu/$name.conf makes criu look for plugins in /nowhere only" \
			"a libdir in /etc/criu/$name.conf is found"
	done
	mkdir -p /run/runc/one
	run doctor_on '
		echo "{\"config\": {\"labels\": [\"org.criu.config=/etc/criu/mine.conf\"]}}" >/run/runc/one/state.json
		echo "libdir /nowhere" >/etc/criu/mine.conf'
	like "$(<"$work/out")" "problem +plugin +/etc/criu/mine.conf, which criu reads for container one," \
		"one in a file that a container's annotation names is found"
	rm -r /run/runc/one
	test_doctor_and_crun
}

# Debian's crun has criu read no file. Of one that does the program has the file's name in it.
test_doctor_and_crun()
{
	local PATH=$PATH

	mkdir -p /run/crun/one "$work/newer"
	echo '{"annotations": {"org.criu.config": "/etc/criu/mine.conf"}}' >/run/crun/one/config.json
	run doctor_on 'echo "libdir /nowhere" | tee /etc/criu/crun.conf >/etc/criu/mine.conf'
	unlike "$(<"$work/out")" "/nowhere" "files that crun does not have criu read are no problem"
	printf '#!/bin/sh\n# /etc/criu/crun.conf\necho "crun version 9"\necho +CRIU\n' >"$work/newer/crun"
	chmod +x "$work/newer/crun"
	PATH=$work/newer:$PATH
	run doctor_on 'echo "libdir /nowhere" >/etc/criu/crun.conf'
	like "$(<"$work/out")" "problem +plugin +/etc/criu/crun.conf makes criu look for plugins in /nowhere only" \
		"a libdir in /etc/criu/crun.conf is, with a crun that does"
	run doctor_on 'echo "libdir /nowhere" >/etc/criu/mine.conf'
	like "$(<"$work/out")" "problem +plugin +/etc/criu/mine.conf, which criu reads for container one," \
		"and one in a file that an annotation names"
	rm -r /run/crun/one
}

# Prints the lines of doctor --live about its trials.
trials()
{
	grep ' live ' "$work/out"
}

test_doctor_live()
{
	local before

	before=$(generation)
	run doctor_on : --live
	like "$(trials)" '^ok +live +/usr/sbin/criu, as a command line starts it: the generation moved; dump [0-9]+ ms, restore [0-9]+ ms$' \
		"doctor --live dumps and restores a process, whose generation moves" || diag "$(<"$work/out")"
	is "$(generation)" "$before" "and not the system's"
	run doctor_on : --live --json
	is "$(json '.findings[] | select(.check == "live") | [.state, .dump_ms > 0, .restore_ms > 0] | map(tostring) | join(" ")')" \
		"ok true true" "in JSON, too"
	run doctor_on 'rm /usr/lib/criu/*' --live
	is "$status" 6 "control: without the plugin it is a problem"
	like "$(trials)" '^problem +live .*: the plugin was not at work, and the dump failed: ' "which doctor --live sees itself"
	run doctor_on 'echo "libdir /run/vm" >/etc/criu/runc.conf' --live
	is "$status" 6 "a directory without the plugin, for runc only, is a problem"
	like "$(trials)" '^ok +live .* as a command line starts it: .*
problem +live .* as runc starts it: the plugin was not at work' "of runc's alone"
	run doctor_on 'mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin
		printf "#!/bin/sh\nexec /usr/sbin/criu \"\$@\" --libdir /run/vm\n" >/usr/local/sbin/criu
		chmod 755 /usr/local/sbin/criu' --live
	like "$(trials)" 'problem +live +/usr/local/sbin/criu, .*the plugin was not at work.*
ok +live +/usr/sbin/criu' "a criu in /usr/local that looks elsewhere is, too"
	is "$(find /run -maxdepth 1 -name 'sysgenid-doctor*')$(pgrep -f 'sysgenid doctor')" "" "nothing is left behind"
}

test_unload()
{
	local pid

	"$tool" watch >"$work/last" 2>"$work/err" &
	pid=$!
	ok "watch is subscribed" trigger_until "$work/last"
	ok "the module can be unloaded" wait_for 20 unload_module
	wait "$pid"
	is "$?" 5 "watch ends when the module is unloaded: status 5"
	like "$(<"$work/err")" "^sysgenid: cannot read events: .*modprobe sysgenid" "and says so"
	run "$tool" status
	is "$status" 5 "without the module status ends with 5"
}

ok "the module can be loaded" load_module || bail "nothing can be tested without it"
test_status
test_trigger
test_domains
test_wait
test_device_permission
test_watch
test_watch_settled
test_watch_incarnations
test_watch_overflow
test_doctor
test_doctor_live
test_unload
done_testing
