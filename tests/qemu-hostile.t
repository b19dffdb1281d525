#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""virtio-rng-leak-pci and hostile guests: QEMU lives on, nothing is written."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "qemu"))
# pylint: disable=wrong-import-position
from bench import (arm, attach, driver, DST, dst, equal, get, load, main, OLD, save, SRC,
                   trigger, word)
from virtio import INDIRECT, INDIRECT_DESC, LATCH, LEAK, NEEDS_RESET, NEXT, WRITE

RAM_END = 16 << 20


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


sys.exit(main(globals()))
