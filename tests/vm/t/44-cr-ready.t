#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# sysgenid-ready, for readiness probes: a restored container is ready when its watchers have acknowledged the generation and
# the kernel's generator has been reseeded, and not before.
# vm: suites=trixie more=bookworm,backports
set -uo pipefail
. tests/cr/lib.sh

READY=/sysgenid/build/tools/sysgenid-ready
COUNTER=/run/sysgenid/containers/node/counter
tool=build/tools/sysgenid

# probe NAME [OPTION...]: as a kubelet runs a probe: in the container's namespaces
probe()
{
	pid_of "$1" && nsenter -t "$PID" -m -p "$READY" "${@:2}" 2>&1
}

# probed NAME STATUS REGEX TEXT [OPTION...]
probed()
{
	local said status=0

	said=$(probe "$1" "${@:5}") || status=$?
	is "$status" "$2" "$4: status $2"
	like "$said" "$3" "$4: it says why"
}

# report NAME: what the host's command says of it: who is late, whether the generator was reseeded, and how many are outdated
report()
{
	"$tool" status --json --pid "$(container_pid "$1")" | jq -c '[.late_processes[0].pid, .rng_reseeded, .outdated]'
}

check_restored()
{
	local before

	ok "a container with a watcher starts" subject_start watched file tracked
	probed watched 0 '^ready: generation [0-9]+ incarnation [0-9a-f]{32}$' "a watcher that has acknowledged"
	ok "it is dumped" dump watched image
	before=$(restore_events)
	ok "it is restored" restore image copy
	is "$(restore_events)" "$((before + 1))" "the metrics count the restore, once"
	ok "control: it runs, which is all that a probe of the process would see" kill -0 "$(container_pid copy)"
	probed copy 1 '^not ready: generation [1-9][0-9]*: watchers have not acknowledged it' "a restored one that has not acknowledged"
	probed copy 1 '^\{"ready":false,"generation":[0-9]+,"reseeded":true,"settled":false,"incarnation":"[0-9a-f]{32}"\}$' \
		"the same as JSON" --json
	is "$(report copy)" "[$(container_pid copy),true,1]" "from outside: its process is late, and the generator was reseeded"
	signal copy
	ok "when it has acknowledged it is ready" wait_for 30 probe copy
}

# A reseed that has failed.
check_reseed()
{
	mv /dev/urandom /dev/urandom.away
	not_ok "the generation moves, and the reseed fails" "$tool" trigger --pid "$(container_pid copy)"
	signal copy
	ok "the watcher acknowledges that generation" wait_for 30 news_says_twice
	probed copy 1 '^not ready: generation [1-9][0-9]*: .*generator is not reseeded for it' "a failed reseed"
	probed copy 1 '"ready":false,.*"reseeded":false,"settled":true,"incarnation":null' "a failed reseed, as JSON" --json
	is "$(report copy)" "[null,null,0]" "a failed reseed, from outside: not reported as done"
	probed copy 1 'not reseeded' "a failed reseed, whoever asks for no watchers" --no-watchers
	mv /dev/urandom.away /dev/urandom
	ok "when the reseed is done it is ready" wait_for 60 probe copy
	container_kill copy
}

# The restore, and the trigger whose reseed has failed.
news_says_twice()
{
	read_news image copy && lines_like ' acknowledged ' && ((${#MATCHES[@]} >= 2))
}

check_empty_image()
{
	mkdir -p "$CR_DIR/empty/dev"
	cp "$READY" "$CR_DIR/empty/" && mknod -m 666 "$CR_DIR/empty/dev/sysgenid" c 10 243
	ok "it needs nothing but itself and the counter" chroot "$CR_DIR/empty" /sysgenid-ready
	rm "$CR_DIR/empty/dev/sysgenid"
	chroot "$CR_DIR/empty" /sysgenid-ready 2>/dev/null
	is "$?" 5 "without the counter: status 5"
	"$READY" --bogus 2>/dev/null
	is "$?" 2 "wrong usage: status 2"
}

check_file()
{
	no_module
	ok "a counter file is made" build/runtime-hooks/sysgenid-hook make node
	CONTAINER_COUNTER=$COUNTER ok "a container with it starts" subject_start filed mapping
	probed filed 1 'a counter file has no watchers, so nobody knows' "a counter file"
	probed filed 0 '^ready: ' "a counter file, without watchers" --no-watchers
	"$SUBJECT" page "$COUNTER" "$(($("$SUBJECT" page "$COUNTER") + 1))" >/dev/null
	probed filed 1 'not reseeded' "a counter file that was moved without a reseed" --no-watchers
	container_kill filed
	ok "the counter file is removed" build/runtime-hooks/sysgenid-hook remove node
}

fresh_module
install_plugin
with_plugin
check_restored
check_reseed
check_empty_image
check_file
ok "no process is left" wait_for 30 nobody_is_left
done_testing
