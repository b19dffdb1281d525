#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# sysgenid status --format prometheus, with the module and with counter files.
# vm: suites=trixie more=bookworm,backports
set -uo pipefail
. tests/vm/payload.sh

tool=build/tools/sysgenid
registry=/run/sysgenid/containers

# metrics [COMMAND...]: each sample, in a line
metrics()
{
	"$@" "$tool" status --format prometheus 2>/dev/null | tests/unit/exposition
}

# metric NAME: its value, or nothing
metric()
{
	metrics | awk -v name="sysgenid_$1" '$1 == name { print $2 }'
}

metric_is()
{
	[[ $(metric "$1") == "$2" ]]
}

# Runs a tracked watcher that acknowledges nothing until its input ends.
hold_watcher()
{
	python3 -c '
import fcntl, os, sys
fd = os.open("/dev/sysgenid", os.O_RDWR)
fcntl.ioctl(fd, 0xE401, 1)
sys.stdin.read()'
}

as_user()
{
	setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all "$@"
}

is "$(metric module_loaded)" 0 "without the module the metrics say so"
is "$(metric generation)" '' "and nothing of a generation"
mkdir -p "$registry"/{'a"b',broken} && chmod 755 "${registry%/*}" "$registry" "$registry"/*
build/tests/cr/subject page "$registry/a\"b/counter" 77 >/dev/null
: >"$registry/broken/counter"
is "$(metrics | grep '^sysgenid_file_')" 'sysgenid_file_generation{container="a\"b"} 77' "the generation of a counter file, with its name escaped"
is "$(metric files_damaged)" 1 "a file that is no counter is damaged"
rm -r "$registry"

need_module
"$tool" trigger >/dev/null
"$tool" status --format prometheus >/tmp/out 2>/tmp/err
is "$? $(</tmp/err)" "0 " "with the module metrics are printed"
ok "in Prometheus' format" tests/unit/exposition </tmp/out
is "$(metric module_loaded) $(metric kernel_rng_reseeded) $(metric generation)" "1 1 $(<"$SYSFS/generation")" "they say what sysfs says"
is "$(metric 'last_cause{cause="admin"}') $(metric 'last_cause{cause="restore"}')" "1 0" "and the last cause"
before=$(metric 'events_total{cause="admin"}') tried=$(metric reseeds_total)
"$tool" trigger >/dev/null && "$tool" trigger >/dev/null
is "$(metric 'events_total{cause="admin"}')" $((before + 2)) "each event counts, with its cause"
is "$(metric 'events_total{cause="restore"}')" 0 "and with no other one"
ok "reseeds count" test "$(metric reseeds_total)" -gt "$tried"
is "$(metric reseed_failures_total)" 0 "none has failed"
like "$(metric reseed_seconds_total)" '^0\.[0-9]*[1-9]' "they have taken time"
is "$(unshare --pid --fork --mount-proc "$tool" status --format prometheus | grep -cE '^sysgenid_(events|reseed|domains)')" 0 \
	"a container is told of none of these"
is "$(metric 'source_loaded{source="vmgenid"}')" 0 "and which drivers of hypervisors are loaded"
exec {watcher}> >(hold_watcher >/dev/null)
ok "a watcher counts" wait_for 20 metric_is watchers 1
is "$(metric watchers_outdated)" 0 "which is not late"
"$tool" trigger >/dev/null
is "$(metric watchers_outdated)" 1 "after a change it is, until it acknowledges"
exec {watcher}>&-
ok "or goes" wait_for 20 metric_is watchers 0
is "$(metric domains)" "$(<"$SYSFS/domains")" "how many domains there are"
is "$(metrics as_user | grep -c .)" "$(metrics | grep -c .)" "it takes no privilege"

# The reseed fails, and is tried again.
mv /dev/urandom /dev/urandom.away
not_ok "a trigger whose reseed fails says so" "$tool" trigger
is "$(metric kernel_rng_reseeded)" 0 "and so do the metrics"
ok "and count it" test "$(metric reseed_failures_total)" -ge 1
mv /dev/urandom.away /dev/urandom
ok "until it is done" wait_for 60 metric_is kernel_rng_reseeded 1
ok "the module can be unloaded" unload_module
done_testing
