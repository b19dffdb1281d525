#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A machine is snapshotted to a file and restored twice side by side.

With the leak device both copies have a new generation and other random bytes. The control, a
stock virtio-rng and no VM generation ID, shows the problem: both draw the same bytes.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "snapshot"))
# pylint: disable=wrong-import-position
import vm as machine  # noqa: E402
from tap import each_suite  # noqa: E402

DRAWER = "build/tests/snapshot/drawer"
LEAK = ("-device", "virtio-rng-leak-pci,id=leak0")
STOCK = ("-device", "virtio-rng-pci")
UPTIME = 24  # seconds: from then on the kernel leaves its generator alone for ten


def start_drawer(vm, kind):
    vm.run(f"{DRAWER} {kind} >/tmp/{kind} 2>/tmp/{kind}.error & "
           f"for i in {{1..500}}; do [[ -s /tmp/{kind} ]] && exit; sleep 0.02; done; exit 1")


def drawn(vm, kind):
    """What a drawer drew, as (generation, bytes)."""
    lines = vm.run(f"cat /tmp/{kind}.error; cat /tmp/{kind}").splitlines()
    # The last line may be half written.
    return [(int(line.split()[0]), line.split()[1]) for line in lines[:-1]]


def clone(suite, folder, original, snapshot, devices):
    disks = [machine.overlay(folder, disk) for disk in original.disks]
    copy = machine.VM(suite, folder, *devices, "-incoming", f"exec:cat {snapshot}", disks=disks)
    copy.wait_loaded()
    return copy


def snapshot_and_restore(suite, folder, devices, kinds):
    """Two copies, not running yet, and what the drawers had drawn when the machine was frozen."""
    snapshot = os.path.join(folder, "snapshot")
    with machine.start(suite, folder, *devices) as original:
        original.run(f"while read -r up _ </proc/uptime; ((${{up%.*}} < {UPTIME})); "
                     "do sleep 0.05; done")
        for kind in kinds:
            start_drawer(original, kind)
        before = {kind: drawn(original, kind) for kind in kinds}
        original.stop()
        original.save(snapshot)
    copies = [clone(suite, folder, original, snapshot, devices) for _ in range(2)]
    return before, copies


def run_on(copies, kinds, more=100):
    """Lets both copies run until their drawers have drawn more. Returns what each drew, by kind."""
    for copy in copies:
        copy.cont()
    result = []
    for copy in copies:
        for kind in kinds:
            copy.run(f"n=$(wc -l </tmp/{kind}); while (($(wc -l </tmp/{kind}) < n + {more})); "
                     "do sleep 0.02; done")
        result.append({kind: drawn(copy, kind) for kind in kinds})
    return result


def common(first, second, kind, before):
    """Bytes that both copies drew and that the original had not."""
    old = set(before[kind])
    return ({text for _, text in first[kind] if (_, text) not in old} &
            {text for _, text in second[kind] if (_, text) not in old})


def after_freeze(before, copies_drawn, kind):
    """The number of draws that both copies inherited: the longest common beginning."""
    first, second = (copy[kind] for copy in copies_drawn)
    count = len(before[kind])
    while count < min(len(first), len(second)) and first[count] == second[count]:
        count += 1
    return count


def with_device(tap, suite, folder):
    "a machine with the leak device, restored twice,"
    kinds = ("safe", "plain")
    before, copies = snapshot_and_restore(suite, folder, LEAK, kinds)
    old = before["safe"][-1][0]
    try:
        got = run_on(copies, kinds)
        uuids = [copy.run("cat /proc/sys/kernel/random/uuid") for copy in copies]
        generations = [int(copy.run("cat /sys/class/misc/sysgenid/generation")) for copy in copies]
        causes = [copy.run("cat /sys/class/misc/sysgenid/last_cause") for copy in copies]
        # The machine ran on after the last look: those draws of the old generation are no clones'.
        new = [{text for generation, text in copy["safe"] if generation != old} for copy in got]
        late = [len({text for generation, text in copy["plain"] if generation != old})
                for copy in got]
        plain = len({t for g, t in got[0]["plain"] if g != old} &
                    {t for g, t in got[1]["plain"] if g != old})
    finally:
        for copy in copies:
            copy.kill()
    tap.ok(all(generation != old for generation in generations),
           "both copies have a new generation")
    tap.equal(causes, ["virtio-leak"] * 2, "its cause is the leak queue")
    tap.ok(min(len(values) for values in new) >= 50, "both copies went on drawing")
    tap.equal(len(new[0] & new[1]), 0, "no bytes of sysgenid_getrandom are in both copies")
    tap.ok(uuids[0] != uuids[1], "the copies' UUIDs differ")
    tap.say(f"{suite.name}: of {late} bytes drawn with plain getrandom in the new generation "
            f"{plain} are in both copies, from before the kernel's generator was reseeded")


def without_device(tap, suite, folder):
    "the control, with stock virtio-rng,"
    before, copies = snapshot_and_restore(suite, folder, STOCK, ("plain",))
    try:
        got = run_on(copies, ("plain",))
        old = before["plain"][-1][0]
        generations = [int(copy.run("cat /sys/class/misc/sysgenid/generation")) for copy in copies]
    finally:
        for copy in copies:
            copy.kill()
    frozen = after_freeze(before, got, "plain")
    both = {t for _, t in got[0]["plain"]} & {t for _, t in got[1]["plain"]}
    tap.equal(generations, [old, old], "control: without the device the generation does not move")
    collided = len(both) - len(before["plain"])
    tap.ok(collided >= 20, f"control: without it both copies drew the same bytes ({collided} times)")
    tap.say(f"{suite.name}: common draws {len(both)}, of these {frozen} in the same order")


each_suite(with_device, without_device)
