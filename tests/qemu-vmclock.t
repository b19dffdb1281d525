#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vmclock-gen as a guest sees its page: layout, loads, notification, and the faults it can play."""

import os
import struct
import sys

sys.dont_write_bytecode = True
os.environ["QEMU_VERSIONS"] = "10.0"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "qemu"))
# pylint: disable=wrong-import-position
from bench import equal, load, main, save

PAGE = 0xfeffa000
PATH = "/machine/peripheral/clock0"
GPE_STATUS = 0xafe0  # of machine type "pc"
GPE_BIT = 0x80


def clock(bench, *args, options="", **more):
    return bench.vm(*args, "-device", f"vmclock-gen,id=clock0{options}", **more)


def page(vm):
    """(magic, size, version, seq_count, disruption_marker, flags, generation)"""
    data = vm.read(PAGE, 0x70)
    magic, size, version = struct.unpack_from("<IIH", data)
    seq, marker, flags = struct.unpack_from("<IQQ", data, 0x0c)
    return magic, size, version, seq, marker, flags, struct.unpack_from("<Q", data, 0x68)[0]


def generation(vm):
    return page(vm)[-1]


def put(vm, name, value):
    vm.qmp("qom-set", path=PATH, property=name, value=value)


def notified(vm):
    """Whether there was a notification since the last call."""
    there = vm.get("inb", GPE_STATUS) & GPE_BIT
    vm.put("outb", GPE_STATUS, there)
    return there != 0


def test_layout(bench):
    "the page has the header, the flags and a generation"
    with clock(bench) as vm:
        equal(page(vm), (0x4b4c4356, 4096, 1, 0, 0, 0x300, 1), "page")
    with clock(bench, options=",notify=off") as vm:
        equal(page(vm)[5], 0x100, "flags without notification")


def test_move(bench):
    "a new number appears with the next even seq_count, another disruption marker and an event"
    with clock(bench) as vm:
        notified(vm)
        put(vm, "generation", 7)
        equal(page(vm)[3:], (2, 1, 0x300, 7), "page")
        equal(notified(vm), True, "notification")
        equal(notified(vm), False, "a second notification")
    with clock(bench, options=",notify=off") as vm:
        put(vm, "generation", 7)
        equal((generation(vm), notified(vm)), (7, False), "without notification")


def test_load(bench):
    "a load is a new generation before the machine runs, and loads without running are one"
    path = bench.file("vmclock")
    with clock(bench) as vm:
        save(vm, path)
        equal(generation(vm), 1, "the source's generation")
    for options, wanted in (("", 2), (",on-load=off", 1)):
        with load(bench, path, "-device", f"vmclock-gen,id=clock0{options}") as vm:
            equal(generation(vm), 1, "generation of a machine that has not run")
            vm.qmp("cont")
            equal(generation(vm), wanted, f"generation with '{options}'")
            equal(notified(vm), wanted == 2, f"notification with '{options}'")
    # The copy was saved before it ran, so two loads are still one generation.
    with load(bench, path, "-device", "vmclock-gen,id=clock0") as vm:
        save(vm, path)
    with load(bench, path, "-device", "vmclock-gen,id=clock0") as vm:
        vm.qmp("cont")
        equal(generation(vm), 2, "generation after two loads without running")


def test_faults(bench):
    "it plays a wrong magic, a short page, missing flags and a seq_count that stays odd"
    with clock(bench, options=",magic=1,size=64,flags=0") as vm:
        equal(page(vm)[:3] + page(vm)[5:6], (1, 64, 1, 0), "page")
    with clock(bench) as vm:
        put(vm, "frozen", True)
        put(vm, "generation", 9)
        equal(page(vm)[3] & 1, 1, "seq_count while frozen")
        put(vm, "frozen", False)
        equal((page(vm)[3] & 1, generation(vm)), (0, 9), "afterwards")


def test_one(bench):
    "a second one is refused, with a reason"
    try:
        with clock(bench, "-device", "vmclock-gen") as vm:
            vm.qmp("query-status")
    except (OSError, EOFError, RuntimeError):
        return
    raise AssertionError("a machine with two was started")


sys.exit(main(globals()))
