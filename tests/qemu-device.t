#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""virtio-rng-leak-pci with a guest made by hand: good, unlucky and hostile.

Most tests run without vCPUs (-accel qtest). Runs for both QEMUs, or those in QEMU_VERSIONS.
"""

import os
import socket
import subprocess
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "qemu"))
# pylint: disable=wrong-import-position
from machine import Machine  # noqa: E402
from virtio import (Device, INDIRECT, INDIRECT_DESC, LATCH, LEAK, NEEDS_RESET, NEXT,  # noqa: E402
                    VERSION_1, WRITE)

SRC, DST, FILL = 0x400000, 0x480000, 0x500000  # guest addresses tests use for data
RAM_END = 16 << 20
OLD = b"old!" * 64
PATH = "/machine/peripheral/leak0"


class Bench:
    """Makes machines for one QEMU version."""

    def __init__(self, version, folder):
        self.version = version
        self.folder = folder
        self.binary = subprocess.run([os.path.join(HERE, "../qemu/build"), version], check=True,
                                     stdout=subprocess.PIPE, text=True).stdout.strip()

    def file(self, name):
        return os.path.join(self.folder, f"{name}-{self.version}")

    def vm(self, *args, device="", **options):
        # Without ioeventfd a bell has been answered when the register write returns.
        return Machine(self.binary, self.folder, *args, "-device",
                       f"virtio-rng-leak-pci,id=leak0,addr=4,ioeventfd=off{device}", **options)

    def disk(self, name):
        """Arguments for a disk that can hold snapshots."""
        path = self.file(name) + ".qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "1M"], check=True)
        return ["-drive", f"if=none,format=qcow2,file={path}"]


def get(vm, name):
    return vm.qmp("qom-get", path=PATH, property=name)


def trigger(vm, count=1):
    vm.qmp("qom-set", path=PATH, property="trigger-leak", value=count)


def equal(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")


def word(number):
    return number.to_bytes(4, "little")


def driver(vm, features=LEAK | LATCH):
    """A started device with recognisable data in memory."""
    device = Device(vm, 4)
    device.start(features)
    vm.write(DST, OLD)
    vm.write(FILL, OLD)
    return device


def arm(device, queue, value):
    """A copy-on-leak request that writes value to DST; each value has a source of its own."""
    source = SRC + value * 4
    device.m.write(source, word(value))
    device.add(queue, [(source, 4, 0), (DST, 4, WRITE)])


def arm_fill(device, queue, size=32):
    device.add(queue, [(FILL, size, WRITE)])


def dst(vm):
    return vm.read(DST, 4)


# -- offer and properties ---------------------------------------------------------------------


def test_features(bench):
    "feature bits 0 and 1 are offered and switched off by leak=off and latch=off"
    for options, bits, queues in (("", LEAK | LATCH, 3), (",latch=off", LEAK, 3),
                                  (",leak=off", 0, 1), (",leak=off,latch=on", 0, 1)):
        with bench.vm(device=options) as vm:
            device = Device(vm, 4)
            equal(device.offered() & 3, bits, f"features with '{options}'")
            equal(device.queues(), queues, f"queues with '{options}'")


def test_refuse_latch_alone(bench):
    "a driver that takes the latch without leak reporting is refused FEATURES_OK"
    with bench.vm() as vm:
        device = Device(vm, 4)
        equal(device.negotiate(VERSION_1 | LATCH), False, "FEATURES_OK")
        equal(device.negotiate(VERSION_1 | LATCH | LEAK), True, "FEATURES_OK with both")


def test_trigger_limits(bench):
    "trigger-leak refuses 0, more than 1024 and a device without leak queues, and says why"
    with bench.vm() as vm, bench.vm(device=",leak=off") as without:
        for machine, count, message in ((vm, 0, "from 1 to 1024"), (vm, 1025, "from 1 to 1024"),
                                        (without, 1, "leak=on")):
            try:
                trigger(machine, count)
            except RuntimeError as error:
                if message not in str(error):
                    raise
            else:
                raise AssertionError(f"trigger-leak={count} was accepted")
        equal(get(vm, "leaks"), 0, "leaks")


def test_request_queue(bench):
    "the request queue delivers entropy with and without leak reporting negotiated"
    for features in (0, LEAK | LATCH):
        with bench.vm() as vm:
            device = driver(vm, features)
            arm_fill(device, 0, 64)
            for _ in range(100):
                if device.used(0):
                    break
                vm.qmp("query-status")  # the backend answers from the main loop
            equal(device.used(0), [64], "used")
            assert vm.read(FILL, 64) != OLD[:64], "no entropy arrived"


# -- requests ---------------------------------------------------------------------------------


def test_copy(bench):
    "a leak copies, returns the buffer with the length written, and raises the interrupt"
    with bench.vm() as vm:
        device = driver(vm)
        arm(device, 1, 7)
        equal((dst(vm), device.used(1)), (OLD[:4], []), "before the leak")
        equal(vm.get("readb", device.isr), 0, "interrupt before the leak")
        trigger(vm)
        equal((dst(vm), device.used(1)), (word(7), [4]), "after the leak")
        equal(vm.get("readb", device.isr), 1, "interrupt")
        equal((get(vm, "leaks"), get(vm, "executed"), get(vm, "requests")), (1, 1, 1), "counters")


def test_fill(bench):
    "a leak fills exactly the buffer with bytes that differ each time"
    with bench.vm() as vm:
        device = driver(vm)
        seen = set()
        for queue in (1, 2, 1):
            arm_fill(device, queue)
            trigger(vm)
            seen.add(vm.read(FILL, 32))
        equal(len(seen | {OLD[:32]}), 4, "different fills")
        equal(vm.read(FILL + 32, 32), OLD[:32], "bytes behind the buffer")


def test_segments(bench):
    "sources and destinations may be cut differently, unaligned and indirect"
    data = bytes(range(1, 30))
    with bench.vm() as vm:
        device = driver(vm, LEAK | LATCH | INDIRECT_DESC)
        vm.write(SRC + 1, data)
        chain = [(SRC + 1, 5, 0), (SRC + 6, 24, 0), (DST + 2, 1, WRITE), (DST + 0x103, 20, WRITE),
                 (DST + 0x200, 8, WRITE)]
        device.add(1, chain)
        table = b"".join(bytes(int(a).to_bytes(8, "little") + word(n)
                               + (f | (NEXT if i < 4 else 0)).to_bytes(2, "little")
                               + (i + 1).to_bytes(2, "little"))
                         for i, (a, n, f) in enumerate(chain))
        vm.write(0x600000, table)
        device.add(2, [(0x600000, len(table), INDIRECT)])
        for queue in (1, 2):
            vm.write(DST, bytes(0x220))
            trigger(vm)
            got = vm.read(DST + 2, 1) + vm.read(DST + 0x103, 20) + vm.read(DST + 0x200, 8)
            equal((got, device.used(queue)), (data, [29]), f"queue {queue}")


def test_all_requests(bench):
    "one leak executes every buffer of the active queue and none of the other"
    with bench.vm() as vm:
        device = driver(vm)
        for value in range(1, 21):
            arm(device, 1, value)
        arm_fill(device, 1)
        arm(device, 2, 99)
        trigger(vm)
        equal(dst(vm), word(20), "the last request's word")
        equal((device.used(1), device.used(2)), ([4] * 20 + [32], []), "used")
        equal((get(vm, "executed"), get(vm, "active-queue")), (1, 2), "one leak, queue 2 next")


# -- latch and signalled queue ----------------------------------------------------------------


def test_latch(bench):
    "with latch a leak that finds its queue empty is executed when a buffer arrives, none is lost"
    with bench.vm() as vm:
        device = driver(vm)
        arm(device, 1, 1)
        arm(device, 2, 2)
        trigger(vm)
        equal((dst(vm), get(vm, "active-queue")), (word(1), 2), "first leak")
        arm(device, 1, 3)
        equal((dst(vm), device.used(1)), (word(1), [4]), "re-armed on the signalled queue: waits")
        for expected in (2, 3):
            trigger(vm)
            equal(dst(vm), word(expected), "next leak")
        trigger(vm, 2)
        equal((get(vm, "latched"), get(vm, "active-queue")), (2, 2), "two leaks, queues empty")
        arm(device, 1, 4)
        equal((dst(vm), get(vm, "latched")), (word(3), 2), "a buffer on the other queue")
        arm(device, 2, 5)
        # Queue 2 executes for the first latched leak, and then queue 1 for the second.
        equal((dst(vm), get(vm, "latched")), (word(4), 0), "both latched leaks")
        equal((get(vm, "leaks"), get(vm, "executed")), (5, 5), "counters")
        arm(device, 2, 6)
        equal((dst(vm), device.used(2)), (word(4), [4, 4]), "the latch is empty: waits")


def test_latch_bound(bench):
    "latched leaks are counted up to 65535 and coalesce beyond"
    with bench.vm() as vm:
        device = driver(vm)
        for _ in range(66):
            trigger(vm, 1024)
        equal(get(vm, "latched"), 65535, "latched")
        arm(device, 1, 1)
        equal((dst(vm), get(vm, "latched")), (word(1), 65534), "one buffer, one leak")


def test_latch_before_driver_ok(bench):
    "with latch a leak between feature negotiation and DRIVER_OK is kept for the driver"
    with bench.vm() as vm:
        device = Device(vm, 4)
        device.negotiate(VERSION_1 | LEAK | LATCH)
        trigger(vm)
        for queue in range(3):
            device.set_up_queue(queue)
        device.status = device.status | 4
        arm(device, 1, 5)
        equal((dst(vm), get(vm, "latched")), (word(5), 0), "first buffer")


def test_plain(bench):
    "without latch a buffer for the queue just signalled is executed at once, for the other waits"
    with bench.vm(device=",latch=off") as vm:
        device = driver(vm, LEAK)
        arm(device, 2, 1)
        equal(dst(vm), OLD[:4], "nothing was signalled yet")
        arm(device, 1, 2)
        trigger(vm)
        equal((dst(vm), get(vm, "active-queue")), (word(2), 2), "leak")
        arm(device, 1, 3)
        equal(dst(vm), word(3), "re-armed on the queue just signalled")
        trigger(vm)
        equal((dst(vm), get(vm, "active-queue")), (word(1), 1), "the other queue's leak")
        trigger(vm)
        equal((device.used(1), get(vm, "active-queue")), ([4, 4], 2), "a leak on an empty queue")
        arm(device, 1, 4)
        equal(dst(vm), word(4), "is learnt of by whoever re-arms")


def test_no_driver(bench):
    "leaks without a driver, or with one that did not take the feature, touch nothing"
    with bench.vm() as vm:
        trigger(vm, 3)
        device = driver(vm, 0)
        arm(device, 1, 1)
        trigger(vm)
        equal((dst(vm), device.used(1), get(vm, "latched")), (OLD[:4], [], 0), "memory")
        equal((get(vm, "leaks"), get(vm, "executed")), (4, 0), "counters")


def test_reset(bench):
    "a device reset forgets latched leaks and starts with queue 1"
    with bench.vm() as vm:
        device = driver(vm)
        arm(device, 1, 1)
        trigger(vm, 3)
        equal((get(vm, "active-queue"), get(vm, "latched")), (2, 2), "before")
        device = driver(vm)
        equal((get(vm, "active-queue"), get(vm, "latched")), (1, 0), "after")
        arm(device, 1, 2)
        arm(device, 2, 3)
        equal(dst(vm), OLD[:4], "nothing is executed on arrival")


def test_stopped(bench):
    "a trigger while the VM is stopped is executed when it continues, not before"
    with bench.vm() as vm:
        device = driver(vm)
        arm(device, 1, 1)
        arm(device, 2, 2)
        vm.qmp("stop")
        trigger(vm, 2)
        trigger(vm)
        equal((dst(vm), get(vm, "pending")), (OLD[:4], 3), "stopped")
        vm.qmp("cont")
        equal((dst(vm), get(vm, "pending"), get(vm, "latched")), (word(2), 0, 1), "continued")
        vm.qmp("stop")
        vm.qmp("cont")
        equal(get(vm, "leaks"), 3, "stop and cont alone are no leak")


def test_stopped_arrival(bench):
    "a buffer that arrives while the VM is stopped is executed for a latched leak on continuing"
    with bench.vm() as vm:
        device = driver(vm)
        trigger(vm)
        vm.qmp("stop")
        arm(device, 1, 1)
        equal(dst(vm), OLD[:4], "stopped")
        vm.qmp("cont")
        equal((dst(vm), get(vm, "latched")), (word(1), 0), "continued")


# -- snapshots and migration ------------------------------------------------------------------


def save(vm, path):
    """Migration to a file; the source is left stopped."""
    vm.qmp("migrate", uri=f"exec:cat > {path}")
    for _ in range(10000):
        status = vm.qmp("query-migrate").get("status")
        if status == "completed":
            return
        if status == "failed":
            raise AssertionError("migration failed: " + vm.error_text())
    raise AssertionError(f"migration did not end: {status}")


def load(bench, path, *args, **options):
    """A machine that has loaded the file and is stopped."""
    vm = bench.vm("-incoming", f"exec:cat {path}", *args, stopped=True, **options)
    for _ in range(10000):
        if vm.qmp("query-status")["status"] not in ("inmigrate",):
            return vm
    vm.kill()
    raise AssertionError("the image was not loaded")


def attach(vm, device):
    """The driver in a clone: the same guest state, another machine."""
    clone = object.__new__(Device)
    clone.__dict__.update(device.__dict__, m=vm, heads=dict(device.heads))
    return clone


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


# -- hostile guests ---------------------------------------------------------------------------


def long_ring(device):
    """More buffers on the avail ring than it has entries."""
    device.m.put("writew", RING_1 + 0x1000 + 2, 0x7FFF)
    device.kick(1)


def bad_head(device):
    device.offer(1, 0x4000)


def loop(device):
    for index in (0, 1):
        device.set_descriptor(1, index, SRC, 4, NEXT, 1 - index)
    device.offer(1, 0)


def wild_next(device):
    device.set_descriptor(1, 0, SRC, 4, NEXT, 0x4000)
    device.offer(1, 0)


def indirect_loop(device):
    device.m.write(0x600000, (0x600000).to_bytes(8, "little") + word(16) + b"\x01\x00\x00\x00")
    device.add(1, [(0x600000, 16, INDIRECT)])


def indirect_nested(device):
    device.m.write(0x600000, (0x600000).to_bytes(8, "little") + word(16) + b"\x04\x00\x00\x00")
    device.add(1, [(0x600000, 16, INDIRECT)])


def indirect_odd(device):
    device.add(1, [(0x600000, 17, INDIRECT)])


def own_bell(device):
    """The device asked to ring its own bell, with the queue's number as data."""
    device.m.write(SRC, word(1))
    device.add(1, [(SRC, 4, 0), (device.bell(1), 4, WRITE)])


RING_1 = 0x104000
HOSTILE = {
    "unequal lengths, longer source": [(SRC, 8, 0), (DST, 4, WRITE)],
    "unequal lengths, longer destination": [(SRC, 4, 0), (DST, 8, WRITE)],
    "only a source": [(SRC, 4, 0)],
    "zero length fill": [(DST, 0, WRITE)],
    "zero length copy": [(SRC, 0, 0), (DST, 0, WRITE)],
    "zero length among others": [(SRC, 4, 0), (DST, 4, WRITE), (DST + 64, 0, WRITE)],
    "destination before source": [(DST, 4, WRITE), (SRC, 4, 0)],
    "more than 65536 bytes to fill": [(DST, 65537, WRITE)],
    "more than 65536 bytes to copy": [(SRC, 65537, 0), (DST, 65537, WRITE)],
    "4 GiB segments": [(SRC, 0xFFFFFFFF, 0), (DST, 0xFFFFFFFF, WRITE)],
    "source behind the end of RAM": [(RAM_END, 4, 0), (DST, 4, WRITE)],
    "destination behind the end of RAM": [(SRC, 4, 0), (RAM_END, 4, WRITE)],
    "fill across the end of RAM": [(RAM_END - 8, 16, WRITE)],
    "destination at the end of the address space": [(SRC, 4, 0), ((1 << 64) - 4, 4, WRITE)],
    "segment that wraps around": [(SRC, 16, 0), ((1 << 64) - 8, 16, WRITE)],
    "source in ROM space without memory": [(0xFEE00000, 4, 0), (DST, 4, WRITE)],
    "destination in the BIOS": [(SRC, 4, 0), (0xFFFFFF00, 4, WRITE)],
    "source in the device's registers": [(0xE0000000, 4, 0), (DST, 4, WRITE)],
    "destination is the device's own bell": own_bell,
    "descriptor loop": loop,
    "next outside the table": wild_next,
    "head outside the table": bad_head,
    "avail index ahead of the ring": long_ring,
    "loop in an indirect table": indirect_loop,
    "indirect table in an indirect table": indirect_nested,
    "indirect table with an odd length": indirect_odd,
}


def attack(vm, name, request):
    """One hostile request, armed and leaked; what must hold afterwards."""
    device = driver(vm, LEAK | LATCH | INDIRECT_DESC)
    requests = get(vm, "requests")
    if callable(request):
        request(device)
    else:
        device.add(1, request)
    trigger(vm)
    vm.qmp("query-status")
    assert device.status & NEEDS_RESET, f"{name}: DEVICE_NEEDS_RESET is not set"
    equal((device.used(1), get(vm, "requests")), ([], requests), f"{name}: requests executed")
    equal(dst(vm), OLD[:4], f"{name}: destination")
    # A broken device stays quiet, also for leaks and bells.
    arm(device, 2, 1)
    trigger(vm, 2)
    equal(dst(vm), OLD[:4], f"{name}: destination while broken")
    device = driver(vm)
    assert not device.status & NEEDS_RESET, f"{name}: reset does not help"
    arm(device, 1, 3)
    trigger(vm)
    equal(dst(vm), word(3), f"{name}: after a reset")


def test_hostile(bench):
    "every malformed request: DEVICE_NEEDS_RESET, nothing written, QEMU alive, fine after a reset"
    with bench.vm() as vm:
        for name, request in HOSTILE.items():
            try:
                attack(vm, name, request)
            except EOFError as error:
                raise AssertionError(f"{name}: QEMU died: {vm.error_text()[-300:]}") from error
            print(f"#   {name}")


def test_hostile_after_good(bench):
    "a malformed request does not take back the good one before it and stops those behind it"
    with bench.vm() as vm:
        device = driver(vm)
        arm(device, 1, 1)
        device.add(1, [(SRC, 4, 0)])
        arm(device, 1, 2)
        trigger(vm)
        equal((dst(vm), device.used(1)), (word(1), [4]), "good request")
        assert device.status & NEEDS_RESET, "DEVICE_NEEDS_RESET is not set"


def test_hostile_arrival(bench):
    "a malformed request for a latched leak breaks the device when it arrives"
    with bench.vm() as vm:
        device = driver(vm)
        trigger(vm)
        device.add(1, [(SRC, 4, 0), (DST, 8, WRITE)])
        assert device.status & NEEDS_RESET, "DEVICE_NEEDS_RESET is not set"
        equal((dst(vm), get(vm, "executed")), (OLD[:4], 0), "destination")


def test_hostile_saved(bench):
    "a malformed request waiting in an image breaks the clone's device and not the clone"
    path = bench.file("hostile")
    with bench.vm() as vm:
        device = driver(vm)
        own_bell(device)
        save(vm, path)
    with load(bench, path) as vm:
        vm.qmp("cont")
        assert attach(vm, device).status & NEEDS_RESET, "DEVICE_NEEDS_RESET is not set"


# -- life cycle -------------------------------------------------------------------------------


def unplug(vm):
    vm.qmp("device_del", id="leak0")
    vm.put("outl", 0xAE10, 0)  # ACPI hotplug: bus 0
    vm.put("outl", 0xAE08, 1 << 4)  # eject slot 4
    vm.wait_event("DEVICE_DELETED")


def test_unplug(bench):
    "hot-unplug with armed queues, a latched leak and entropy on its way, and plugging in again"
    path = bench.file("egd") + ".sock"
    source = ["-chardev", f"socket,id=egd,path={path},server=on,wait=off",
              "-object", "rng-egd,id=rng0,chardev=egd"]
    with bench.vm(*source, device=",rng=rng0") as vm, socket.socket(socket.AF_UNIX) as entropy:
        entropy.connect(path)
        for value in range(1, 4):
            device = driver(vm)
            arm(device, 1, value)
            trigger(vm, 2)
            equal((dst(vm), get(vm, "latched")), (word(value), 1), "leak")
            arm(device, 1, value)
            arm_fill(device, 0)
            unplug(vm)
            entropy.sendall(bytes(64))  # too late for the device that asked
            vm.qmp("stop")
            vm.qmp("cont")
            vm.qmp("device_add", driver="virtio-rng-leak-pci", id="leak0", addr="4", rng="rng0",
                   ioeventfd=False)


def test_ioeventfd(bench):
    "with ioeventfd, the default, a latched leak's buffer is executed from the main loop"
    with bench.vm() as vm:
        unplug(vm)
        vm.qmp("device_add", driver="virtio-rng-leak-pci", id="leak0", addr="4")
        device = driver(vm)
        trigger(vm)
        arm(device, 1, 1)
        for _ in range(1000):
            if get(vm, "latched") == 0:
                break
        equal((dst(vm), get(vm, "latched")), (word(1), 0), "executed")


def test_machine_reset(bench):
    "system_reset resets the device"
    with bench.vm() as vm:
        driver(vm)
        trigger(vm)
        vm.qmp("system_reset")
        vm.wait_event("RESET")
        equal((get(vm, "latched"), get(vm, "active-queue")), (0, 1), "after the reset")


def main():
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    versions = os.environ.get("QEMU_VERSIONS", "7.2 10.0").split()
    print(f"1..{len(tests) * len(versions)}")
    failed = number = 0
    with tempfile.TemporaryDirectory() as folder:
        for version in versions:
            bench = Bench(version, folder)
            for test in tests:
                number += 1
                result = "ok"
                try:
                    test(bench)
                except Exception:  # pylint: disable=broad-except
                    result = "not ok"
                    failed += 1
                    print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()),
                          end="")
                print(f"{result} {number} - QEMU {version}: {test.__doc__}", flush=True)
    return 1 if failed else 0


sys.exit(main())
