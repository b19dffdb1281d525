#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the uapi header says about generic netlink; and random messages (MESSAGES=N and SEED=N by --append).
# vm: smp=4 suites=bookworm,trixie,backports
set -uo pipefail
. tests/vm/payload.sh

TRIGGERS=20000
MESSAGES=${MESSAGES-2000}
SEED=${SEED-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
probes=/sys/kernel/tracing/kprobe_events
trace=/sys/kernel/tracing/trace

# How often the kernel's own reseed function has run.
reseeds()
{
	grep -c 'sysgenid_test_reseed:' "$trace"
}

reseeded_since()
{
	(($(reseeds) > $1))
}

need_module
run_payload netlink all

echo 'p:sysgenid_test_reseed crng_reseed' >"$probes"
echo 1 >/sys/kernel/tracing/events/kprobes/sysgenid_test_reseed/enable
before=$(reseeds)
run_payload netlink one-trigger
after=$(reseeds)
ok "the kernel's reseed function has run when TRIGGER is answered" test "$after" -gt "$before"
before=$(reseeds)
ok "a container triggers many times" unshare --pid --fork "$PAYLOAD/stress" trigger "$TRIGGERS"
ok "the kernel reseeds for it" wait_for 20 reseeded_since "$before"
ok "but not each time" test "$(($(reseeds) - before))" -lt "$((TRIGGERS / 2))"
diag "$(($(reseeds) - before)) reseeds for $TRIGGERS triggers"
echo 0 >/sys/kernel/tracing/events/kprobes/sysgenid_test_reseed/enable
echo '-:sysgenid_test_reseed' >>"$probes"

hide_urandom
run_payload netlink reseed-fails
like "$(dmesg | grep 'sysgenid: ' | tail -n 1)" \
	'cannot reseed .* /dev/urandom gives error -6; is devtmpfs' \
	"the kernel log says that the reseed failed, of what, and what to look for"
show_urandom
run_payload netlink tried-again
run_payload netlink one-trigger
run_payload netlink-random "$SEED" "$MESSAGES"
ok "the module can be unloaded after all this" unload_module
not_ok "the family is gone with the module" "$PAYLOAD/netlink" resolve
done_testing
