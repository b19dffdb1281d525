#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""virtio-rng-leak-pci and saved machines: when a leak happens, and what is in the image."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "qemu"))
# pylint: disable=wrong-import-position
from bench import (arm, arm_fill, attach, driver, DST, dst, equal, FILL, get, load, main,
                   OLD, save, SRC, trigger, word)
from machine import Machine
from virtio import Device, LATCH, LEAK, WRITE



def test_savevm_source(bench):
    "savevm: the source that goes on has its leak executed when the command returns"
    with bench.vm(*bench.disk("source")) as vm:
        device = driver(vm)
        arm(device, 1, 1)
        vm.hmp("savevm one")
        equal((dst(vm), device.used(1), get(vm, "leaks")), (word(1), [4], 1), "source")


def test_savevm_source_off(bench):
    "leak-on-save=off: the source goes on undisturbed"
    with bench.vm(*bench.disk("source-off"), device=",leak-on-save=off") as vm:
        device = driver(vm)
        arm(device, 1, 1)
        vm.hmp("savevm one")
        equal((dst(vm), device.used(1), get(vm, "leaks")), (OLD[:4], [], 0), "source")


def test_loadvm(bench):
    "loadvm: guest memory is the snapshot's until cont, and the leak's when cont returns"
    with bench.vm(*bench.disk("load")) as vm:
        device = driver(vm)
        arm(device, 1, 1)
        vm.qmp("stop")
        vm.hmp("savevm one")
        vm.hmp("loadvm one")
        vm.hmp("loadvm one")
        equal((dst(vm), get(vm, "pending"), get(vm, "leaks")), (OLD[:4], 1, 0), "loaded twice")
        vm.qmp("cont")
        equal((dst(vm), device.used(1), get(vm, "leaks")), (word(1), [4], 1), "continued")
        vm.hmp("loadvm one")
        equal((dst(vm), device.used(1), get(vm, "leaks")), (word(1), [4], 2), "loaded running")


def test_loadvm_option(bench):
    "-loadvm: the leak is executed before a machine starts from a snapshot"
    disk = bench.disk("option")
    with bench.vm(*disk) as vm:
        device = driver(vm)
        arm(device, 1, 1)
        vm.hmp("savevm one")
        vm.qmp("quit")
        vm.process.wait(20)
    with bench.vm(*disk, "-loadvm", "one") as vm:
        equal((dst(vm), get(vm, "leaks")), (word(1), 1), "started")


def test_clones(bench):
    "two clones of one file: memory as saved until cont, then copied and filled, each differently"
    path = bench.file("clones")
    with bench.vm() as vm:
        device = driver(vm)
        arm(device, 1, 1)
        arm_fill(device, 1)
        save(vm, path)
        equal(dst(vm), OLD[:4], "stopped source")
        vm.qmp("cont")
        equal(dst(vm), word(1), "source that goes on")
        fills = {vm.read(FILL, 32)}
    with load(bench, path) as one, load(bench, path) as two:
        for vm in (one, two):
            equal((dst(vm), vm.read(FILL, 32), get(vm, "leaks")), (OLD[:4], OLD[:32], 0), "loaded")
            vm.qmp("cont")
            equal((dst(vm), get(vm, "leaks")), (word(1), 1), "continued")
            equal(attach(vm, device).used(1), [4, 32], "used")
            fills.add(vm.read(FILL, 32))
    equal(len(fills | {OLD[:32]}), 4, "different fills of source and clones")


def test_order(bench):
    "a leak is executed within 'cont': after the run state has changed, before the command returns"
    path = bench.file("order")
    with bench.vm() as vm:
        arm(driver(vm), 1, 1)
        save(vm, path)
    events = ("vm_state_notify", "virtqueue_fill", "qmp_exit_cont")
    with load(bench, path, *(word for event in events for word in ("-trace", event))) as vm:
        vm.qmp("cont")
        lines = [event for line in vm.error_text().splitlines() for event in events
                 if event in line]
        equal(lines, list(events), "QEMU's trace")


# Real mode code that counts what it reads: forever, counters[word]++.
WORD, COUNTERS = 0x8000, 0x9000
SPIN = bytes.fromhex("fa 31c0 8ed8"      # cli; ds = 0
                     "8b1e0080 c1e302"   # bx = word * 4
                     "66ff870090 ebf2")  # counters[bx]++; again


def seen(vm, value):
    return int.from_bytes(vm.read(COUNTERS + 4 * value, 4), "little")


def wait_seen(vm, value):
    for _ in range(100000):
        if seen(vm, value) > 1000:
            return
    raise AssertionError(f"the vCPU does not see {value}")


def test_vcpu(bench):
    "a vCPU that reads the word all the time never sees the old value after a load; late leaks show"
    path, bios = bench.file("vcpu"), bench.file("bios")
    with open(bios, "wb") as rom:
        rom.write(SPIN.ljust(0xFFF0, b"\0") + bytes.fromhex("ea000000f0").ljust(16, b"\0"))
    vcpu = {"accel": "tcg"}
    with bench.vm("-bios", bios, **vcpu) as vm:
        device = Device(vm, 4)
        device.start(LEAK | LATCH)
        vm.write(SRC, word(1))
        device.add(1, [(SRC, 4, 0), (WORD, 4, WRITE)])
        wait_seen(vm, 0)
        save(vm, path)
    for clone in range(10):
        with load(bench, path, "-bios", bios, **vcpu) as vm:
            vm.write(COUNTERS, bytes(8))
            vm.qmp("cont")
            wait_seen(vm, 1)
            # One observation may have been between its load and its count when it was saved.
            assert seen(vm, 0) <= 1, f"clone {clone}: {seen(vm, 0)} observations of the old value"
    with load(bench, path, "-bios", bios, device=",leak-delay-ms=20", **vcpu) as vm:
        vm.write(COUNTERS, bytes(8))
        vm.qmp("cont")
        wait_seen(vm, 1)
        assert seen(vm, 0) > 1000, f"control: {seen(vm, 0)} observations of the old value"


def test_state(bench):
    "active queue, latched and pending leaks are part of the saved state"
    path = bench.file("state")
    with bench.vm() as vm:
        device = driver(vm)
        arm(device, 1, 1)
        trigger(vm, 6)
        vm.qmp("stop")
        trigger(vm, 3)
        save(vm, path)
    with load(bench, path, device=",leak-on-load=off") as vm:
        got = tuple(get(vm, name) for name in ("active-queue", "latched", "pending", "leaks"))
        equal(got, (2, 5, 3, 0), "loaded")
        vm.qmp("cont")
        equal((get(vm, "latched"), get(vm, "pending"), get(vm, "leaks")), (8, 0, 3), "continued")
        device = attach(vm, device)
        arm(device, 2, 9)
        equal((dst(vm), get(vm, "latched"), get(vm, "active-queue")), (word(9), 7, 1), "armed")


def test_state_plain(bench):
    "without latch the signalled queue is part of the saved state"
    path = bench.file("plain")
    with bench.vm(device=",latch=off") as vm:
        device = driver(vm, LEAK)
        trigger(vm)
        save(vm, path)
    with load(bench, path, device=",latch=off,leak-on-load=off") as vm:
        vm.qmp("cont")
        device = attach(vm, device)
        arm(device, 2, 1)
        equal(dst(vm), OLD[:4], "active queue waits")
        arm(device, 1, 2)
        equal(dst(vm), word(2), "signalled queue executes")


def test_coalesce(bench):
    "an image loaded, saved and loaded again without having run is one leak"
    first, second = bench.file("coalesce1"), bench.file("coalesce2")
    with bench.vm() as vm:
        device = driver(vm)
        arm(device, 1, 1)
        arm(device, 2, 2)
        save(vm, first)
    with load(bench, first) as vm:
        save(vm, second)
    with load(bench, second) as vm:
        equal(get(vm, "pending"), 1, "pending")
        vm.qmp("cont")
        equal((dst(vm), get(vm, "leaks")), (word(1), 1), "continued")
    with load(bench, second, device=",leak-on-load=off") as vm:
        vm.qmp("cont")
        equal((dst(vm), get(vm, "leaks")), (word(1), 1), "pending leak with leak-on-load=off")


def test_load_off(bench):
    "leak-on-load=off: a plain migration is no leak"
    path = bench.file("load-off")
    with bench.vm() as vm:
        device = driver(vm)
        arm(device, 1, 1)
        save(vm, path)
    with load(bench, path, device=",leak-on-load=off") as vm:
        vm.qmp("cont")
        equal((dst(vm), get(vm, "leaks")), (OLD[:4], 0), "destination")


def test_live(bench):
    "live migration over a socket: the destination has its leak, a source that continues too"
    path = bench.file("live") + ".sock"
    with bench.vm() as source, bench.vm("-incoming", f"unix:{path}") as destination:
        device = driver(source)
        arm(device, 1, 1)
        source.qmp("migrate", uri=f"unix:{path}")
        destination.wait_event("RESUME")
        equal((dst(destination), get(destination, "leaks")), (word(1), 1), "destination")
        equal((dst(source), get(source, "leaks")), (OLD[:4], 0), "source, stopped")
        source.qmp("cont")
        equal((dst(source), get(source, "leaks")), (word(1), 1), "source, continued")


def test_delay(bench):
    "positive control: with leak-delay-ms the memory is still old after cont, and new N ms later"
    path = bench.file("delay")
    with bench.vm() as vm:
        device = driver(vm)
        arm(device, 1, 1)
        save(vm, path)
    with load(bench, path, device=",leak-delay-ms=50") as vm:
        vm.qmp("cont")
        vm.guest("clock_step", 49 * 1000000)
        equal((dst(vm), get(vm, "pending")), (OLD[:4], 1), "after 49 ms")
        vm.qmp("stop")
        vm.qmp("cont")
        vm.guest("clock_step", 51 * 1000000)
        equal((dst(vm), get(vm, "leaks")), (word(1), 1), "51 ms after it last continued")


def test_bad_image(bench):
    "an image with an impossible state is refused with a message"
    path = bench.file("bad")
    with bench.vm() as vm:
        driver(vm)
        save(vm, path)
    with open(path, "rb") as image:
        stream = image.read()
    name = stream.index(b"/virtio-rng-leak")
    start = stream.rindex(b"\x04", 0, name - 12)  # QEMU_VM_SECTION_FULL, then the section's id
    footer = stream.index(b"\x7e" + stream[start + 1:start + 5], name)
    # The last ten bytes: active, signalled, latched (4), pending (4).
    equal(stream[footer - 10:footer - 8], b"\x01\x00", "the device's state in the image")
    for at, byte in ((10, b"\x03"), (10, b"\x00"), (8, b"\xff"), (4, b"\xff")):
        with open(path, "wb") as image:
            image.write(stream[:footer - at] + byte + stream[footer - at + 1:])
        try:
            with load(bench, path):
                raise AssertionError("the image was accepted")
        except (EOFError, OSError):
            pass
        errors = os.path.join(bench.folder, f"{Machine.count}.err")
        with open(errors, encoding="utf-8") as text:
            assert "impossible state" in text.read(), "no message about the state"


sys.exit(main(globals()))
