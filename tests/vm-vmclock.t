#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The hypervisor's VMClock counter moves the generation; on Linux 7.3 beside ptp_vmclock."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "snapshot"))
# pylint: disable=wrong-import-position
import vm as machine  # noqa: E402
from tap import each_suite  # noqa: E402
from vmclock import ASK, CLASS, Clock, clock_device, generation  # noqa: E402

LOAD = "insmod build/kernel/sysgenid_vmclock.ko 2>/dev/null"
# As a person loads it, with the modules where an installation has them.
INSTALL = ("install -t /lib/modules/$(uname -r)/updates -D build/kernel/sysgenid.ko "
           "build/kernel/sysgenid_vmclock.ko && depmod")
# What the test writes to the page, and what the module says about that.
WRONG = {
    "another magic number": (0x00, b"\0\0\0\0", "does not begin with VMClock's magic number"),
    "version 2": (0x08, b"\2\0", "the page's version is not 1"),
    "a size without the counter": (0x04, b"\x6f\0\0\0", "ends before the generation counter"),
    "no flag for the counter": (0x18, b"\0\2\0\0", "there is no generation counter"),
}


def log_says(vm, text):
    return text in vm.run("dmesg | grep sysgenid_vmclock | tail -n 1", check=False)


def last_cause(vm):
    return vm.run(f"cat {CLASS}/last_cause")


def refused(tap, vm, clock):
    for what, (at, data, text) in WRONG.items():
        with clock.poked(at, data):
            status = vm.run(f"{LOAD}; echo $?")
            said = log_says(vm, text)
        tap.ok(status != "0" and said, f"a page with {what} is refused, with a reason")


def counters(vm, before=":"):
    """vm_generation_counter of our view, asked first, and of the kernel's own node."""
    found = vm.run(f"{before} >/dev/null; for node in sysgenid-vmclock vmclock0; do "
                   "dd if=/dev/$node bs=8 skip=13 count=1 2>/dev/null; done | od -An -v -w8 -tu8")
    return [int(number) for number in found.split()]


def beside(tap, vm):
    """Both nodes are right at once: before the notification, and after a restore."""
    ours, kernels = counters(vm)
    moved = counters(vm, f"{ASK} poke 0x68 {'2a' + 7 * '00'}")
    tap.ok(moved[1] == 42 and moved[0] > ours,
           f"both nodes are new before the notification: {ours}, {kernels} -> {moved}")
    vm.stop()
    vm.hmp("savevm beside")
    seen = []
    for _ in range(2):
        vm.hmp("loadvm beside")
        vm.cont()
        seen.append(counters(vm))
        vm.stop()
    vm.cont()
    tap.ok(seen[0] == seen[1] and seen[0][0] > moved[0] and seen[0][1] != moved[1],
           f"and in two clones of one snapshot: {seen}")


def kernels_own(tap, vm, clock):
    """The kernel's driver, which binds the device; before our module and after it."""
    vm.run("modprobe ptp_vmclock")
    vm.wait_until("[[ -c /dev/vmclock0 ]]")
    before = generation(vm)
    vm.run(LOAD)
    clock.move(100)
    vm.wait_until(f"(($(cat {CLASS}/generation) > {before} + 1))")
    seen = vm.run("dd if=/dev/vmclock0 bs=1 skip=104 count=8 2>/dev/null | od -An -tu8").strip()
    tap.equal((seen, last_cause(vm)), ("100", "vmclock"),
              "beside ptp_vmclock: both have the hypervisor's new counter")
    vm.run("rmmod ptp_vmclock && modprobe ptp_vmclock")
    before = generation(vm)
    clock.move(101)
    vm.wait_until(f"(($(cat {CLASS}/generation) > {before}))")
    tap.ok(True, "and after ptp_vmclock was unloaded and loaded again")
    beside(tap, vm)
    vm.run("rmmod sysgenid_vmclock")
    clock.move(7)


def containers_with_the_kernels_own(tap, vm, clock):
    """Containers that have the hypervisor's node, on criu. The counter is higher than the module's."""
    clock.move(500)
    vm.wait_until("[[ -c /dev/vmclock0 ]]")
    printed = vm.run("tests/snapshot/clock 500", seconds=300, check=False)
    vm.run("rmmod ptp_vmclock")
    checks = re.findall(r"^(not )?ok \d+ - (.*)$", printed, re.MULTILINE)
    for failed, name in checks:
        tap.ok(not failed, f"the hypervisor's node: {name}")
    if not tap.ok(f"1..{len(checks)}" in printed.splitlines(), "the hypervisor's node: all of that"):
        tap.say(printed)
    elif any(failed for failed, _ in checks):
        tap.say(printed)
    clock.move(7)


def moved_by_notification(tap, vm, clock):
    old = generation(vm)
    clock.move(8)
    vm.wait_until(f"(($(cat {CLASS}/generation) > {old}))")
    tap.equal((generation(vm) - old, last_cause(vm)), (1, "vmclock"),
              "a new counter moves the generation by one, with cause vmclock")
    clock.move(3)
    vm.wait_until(f"(($(cat {CLASS}/generation) > {old} + 1))")
    tap.ok(log_says(vm, "went back from 8 to 3"), "a counter that goes back is a change, too")


def faults(tap, vm, clock):
    """What cannot be read is a change, once."""
    clock.set("frozen", True)
    old = generation(vm)
    clock.move(9)
    vm.wait_until(f"(($(cat {CLASS}/generation) > {old}))")
    tap.ok(log_says(vm, "and does not end"),
           "a page that is being changed for ever counts as a change, and the log says so")
    between = generation(vm)
    vm.run(f"for _ in . . . . . . . . . .; do {ASK} poll; done")
    tap.equal(generation(vm) - between, 0, "but only once, however often somebody asks")
    clock.set("frozen", False)
    vm.run(f"{ASK} poll")
    tap.ok(generation(vm) > between, "and is a change when it ends")
    between = generation(vm)
    with clock.poked(0, b"\0\0\0\0"):
        vm.run(f"{ASK} poll")
        tap.ok(generation(vm) > between and log_says(vm, "which is new"),
               "a page that is none any more counts as a change, and the log says so")
        between = generation(vm)
    vm.run(f"{ASK} poll")
    tap.ok(generation(vm) > between, "and so does its return")


def before_the_notification(tap, vm):
    """The counter moves and no notification comes: whoever asks is right all the same."""
    switch = "/sys/module/sysgenid_vmclock/parameters/sync_source"
    for sync in "YN":
        answers = vm.run(f"echo {sync} >{switch}; {ASK} all; echo Y >{switch}; {ASK} poll")
        for way, answer in (line.split() for line in answers.splitlines()):
            if sync == "Y" and way != "word":
                tap.equal(answer, "new", f"{way} is right before the notification")
            else:
                how = "the mapped word alone" if way == "word" else f"{way} without a look"
                tap.equal(answer, "old", f"control: {how} is not")


def examples_before_the_notification(tap, vm):
    """The same of the examples of docs/bindings.md that the machine can run."""
    for counter, program in enumerate(("python3 docs/bindings/session.py", "node docs/bindings/session.mjs"), 1):
        said = vm.run(f"tests/snapshot/example {program} {7000 + counter}000000000000", seconds=240).split()
        tap.ok(len(said) == 4 and said[0] == said[1] != said[2] == said[3],
               f"{program.split('/')[-1]} has another session number before the notification: {said}")


def answers(vm, program, counter):
    """What it answers twice before the hypervisor's counter moves, and twice after it."""
    said = vm.run(f"tests/snapshot/example {program} {counter:02x}00000000000000", seconds=240).split()
    return said[:2], said[2:]


def packages_before_the_notification(tap, vm):
    """The packages for Python and Node. Two runs from one seed stand for two clones."""
    counter = 0x80
    for program in ("python3 tests/snapshot/answer.py", "node --random-seed=1 tests/snapshot/answer.js"):
        name = program.split(" ", maxsplit=1)[0]
        before, after = answers(vm, f"{program} generation", counter)
        tap.ok(len(set(before)) == 1 and len(set(after)) == 1 and before != after,
               f"{name}'s package says another generation before the notification: {before} {after}")
        clones = [answers(vm, f"{program} plain", counter + 1 + n) for n in range(2)]
        tap.ok(clones[0] == clones[1] and len(clones[0][1]) == 2, f"control: {name}: clones draw the same")
        clones = [answers(vm, f"{program} draw", counter + 3 + n) for n in range(2)]
        tap.ok(clones[0][0] == clones[1][0] and len(set(clones[0][1] + clones[1][1])) == 4,
               f"{name}: with the switch the first draw differs before the notification: {clones}")
        counter += 5


def restored_twice(tap, vm, clock):
    """One snapshot, restored twice."""
    vm.stop()
    vm.hmp("savevm twice")
    old = clock.get("generation")
    vm.cont()
    before, seen, who = generation(vm), [], [vm.run(f"{ASK} incarnation")]
    for _ in range(2):
        vm.stop()
        vm.hmp("loadvm twice")
        vm.cont()
        vm.run(f"{ASK} reseeded")
        who.append(vm.run(f"{ASK} incarnation"))
        seen.append((generation(vm), last_cause(vm),
                     vm.run("cat /proc/sys/kernel/random/uuid"), clock.get("generation")))
    tap.equal([one[:2] for one in seen], [(before + 1, "vmclock")] * 2,
              "a snapshot is restored twice: both copies have a new generation")
    tap.equal([one[3] for one in seen], [old + 1] * 2, "by the same counter of the hypervisor's")
    tap.ok(seen[0][2] != seen[1][2], "and other random bytes")
    tap.ok(len(set(who)) == 3 and all(len(one) == 32 for one in who),
           "and incarnations that differ from each other and from the original's")
    tap.equal(vm.run(f"{ASK} incarnation"), who[-1], "which stays while the generation does")


def drawn_by_copies(vm):
    """What a client of the view draws in two copies of one snapshot: (counter, token) before, and in each."""
    vm.run("tests/snapshot/view start")
    before = vm.run("tests/snapshot/view draw").split()
    vm.stop()
    vm.hmp("savevm container")
    vm.cont()
    drawn = []
    for _ in range(2):
        vm.stop()
        vm.hmp("loadvm container")
        vm.cont()
        vm.run(f"{ASK} reseeded")
        drawn.append(vm.run("tests/snapshot/view draw").split())
    vm.run("tests/snapshot/view end")
    return before, *drawn


def container_without_source(tap, vm):
    before, *copies = drawn_by_copies(vm)
    tap.equal([copy[0] for copy in copies], [before[0]] * 2,
              "control: without the driver of VMClock the container sees no change")
    tap.equal(copies[0][1], copies[1][1], "control: and both copies draw the same token")


def container_restored_twice(tap, vm):
    """A container with the view as /dev/vmclock0, in a machine that is restored as a whole."""
    before, *copies = drawn_by_copies(vm)
    tap.ok(all(copy[0] != before[0] for copy in copies),
           "a container with the view: both copies of the machine see another counter")
    tap.ok(copies[0][1] != copies[1][1], "and draw other tokens")


def clones(tap, vm, count):
    """As many clones of one snapshot: each is somebody else."""
    vm.stop()
    vm.hmp("savevm clones")
    who = set()
    for _ in range(count):
        vm.hmp("loadvm clones")
        vm.cont()
        vm.run(f"{ASK} reseeded")
        who.add(vm.run(f"{ASK} incarnation"))
        vm.stop()
    vm.cont()
    tap.equal((len(who), {len(one) for one in who}), (count, {32}),
              f"{count} clones of one snapshot have {count} incarnations")


def vmclock(tap, suite, folder):
    "a machine with a VMClock"
    with machine.start(suite, folder, *clock_device(folder), mem=512) as vm:
        clock = Clock(vm)
        refused(tap, vm, clock)
        if suite.name == "backports":
            kernels_own(tap, vm, clock)
            if os.environ.get("CHECK_ALL"):
                containers_with_the_kernels_own(tap, vm, clock)
        before = generation(vm)
        vm.run(f"{INSTALL} && modprobe sysgenid_vmclock")
        tap.equal(generation(vm), before + 1, "the module moves the generation when it begins")
        moved_by_notification(tap, vm, clock)
        faults(tap, vm, clock)
        before_the_notification(tap, vm)
        examples_before_the_notification(tap, vm)
        packages_before_the_notification(tap, vm)
        restored_twice(tap, vm, clock)
        clones(tap, vm, int(os.environ.get("CLONES", "100" if os.environ.get("CHECK_ALL") else "10")))
        before = generation(vm)
        vm.run("rmmod sysgenid_vmclock")
        tap.equal(generation(vm), before + 1, "and when it ends")
        container_without_source(tap, vm)
        vm.run(LOAD)
        container_restored_twice(tap, vm)
        tap.log_is_clean(vm, "VMClock")


each_suite(vmclock, qemu="10.0", suites="trixie backports", more="bookworm")
