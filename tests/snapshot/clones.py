# SPDX-License-Identifier: GPL-2.0-only
"""A machine is snapshotted to a file and restored twice, with programs that draw random bytes."""

import os

import vm as machine

DRAWER = "build/tests/snapshot/drawer"
LEAK = ("-device", "virtio-rng-leak-pci,id=leak0")
STOCK = ("-device", "virtio-rng-pci")
UPTIME = 24  # seconds: from then on the kernel leaves its generator alone for ten


def start_drawer(vm, kind):
    vm.run(f"{DRAWER} {kind} >/tmp/{kind} 2>/tmp/{kind}.error & echo $! >/tmp/{kind}.pid; "
           f"for i in {{1..500}}; do [[ -s /tmp/{kind} ]] && exit; sleep 0.02; done; exit 1")


INNER = "tests/snapshot/inner"


def drawn(vm, kind):
    """What a drawer drew, as (generation, bytes, time). Also of the containers of INNER."""
    command = f"cat /tmp/{kind}.error; cat /tmp/{kind}"
    if kind in ("inner", "clone"):
        command = f"{INNER} drawn {kind}"
    lines = vm.run(command).splitlines()
    # The last line may be half written.
    return [(int(line.split()[0]), *line.split()[1:]) for line in lines[:-1]]


def clone(suite, folder, original, snapshot, devices):
    disks = [machine.overlay(folder, disk) for disk in original.disks]
    copy = machine.VM(suite, folder, *devices, "-incoming", f"exec:cat {snapshot}", disks=disks)
    copy.wait_loaded()
    return copy


def snapshot_and_restore(suite, folder, devices, kinds, prepare=""):
    """Two copies, not running yet, and what the drawers had drawn when the machine was frozen.

    @prepare: a command to run in the original first."""
    snapshot = os.path.join(folder, "snapshot")
    with machine.start(suite, folder, *devices) as original:
        original.run(f"while read -r up _ </proc/uptime; ((${{up%.*}} < {UPTIME})); "
                     "do sleep 0.05; done")
        if prepare:
            original.run(prepare)
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
    for copy in copies:
        for kind in kinds:
            # Stop the drawers then: they would write more than can be read in reasonable time.
            copy.run(f"n=$(wc -l </tmp/{kind}); while (($(wc -l </tmp/{kind}) < n + {more})); "
                     f"do sleep 0.02; done; kill -STOP $(cat /tmp/{kind}.pid)")
    return [{kind: drawn(copy, kind) for kind in kinds} for copy in copies]


def own_draws(copies_drawn, kind):
    """Of each copy what it drew itself: at the same moment in both is what the original drew."""
    inherited = set(copies_drawn[0][kind]) & set(copies_drawn[1][kind])
    return [[draw for draw in copy[kind] if draw not in inherited] for copy in copies_drawn]


def both_drew(copies_drawn, kind):
    """Bytes that both copies drew themselves. One draw may have been under way in the original."""
    first, second = ({text for _, text, _ in draws} for draws in own_draws(copies_drawn, kind))
    return first & second
