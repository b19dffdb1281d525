#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""virtio-rng-leak-pci with a guest made by hand: requests, queues and life cycle."""

import os
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "qemu"))
# pylint: disable=wrong-import-position
from bench import (arm, arm_fill, driver, DST, dst, equal, FILL, get, main, OLD, SRC,
                   trigger, word)
from virtio import Device, INDIRECT, INDIRECT_DESC, LATCH, LEAK, NEXT, VERSION_1, WRITE


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
            entropy.sendall(bytes(64))  # too late for the device that asked, which is gone
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


sys.exit(main(globals()))
