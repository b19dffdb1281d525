#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Nobody in a restored machine sees the old generation, not even in the first microsecond.

One observer a vCPU spins on the mapped word. Its log in the frozen original tells which observation
was under way; every later one of a restored copy that has the old value is stale. The device must
show none. The same device with its leak delayed, and VMGENID, must show some: the measurement
works. With VMGENID a read() of the device must show none all the same. With a VMClock the library
must show none by loads alone, and the mapped word without the library some.
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "snapshot"))
# pylint: disable=wrong-import-position
from tap import each_suite  # noqa: E402
from vm import Suite  # noqa: E402
from window import (CONTROLS, DELAY_MS, RESTORES, Result, freeze_observed,  # noqa: E402
                    freeze_reading, in_new_process, leaking, measure, measure_vmclock)


def no_window(tap, suite, folder):
    "the observation of restored machines"
    vm, observers = freeze_observed(suite, folder, leaking(), "sysgenid_vmgenid")
    with vm:
        started = time.monotonic()
        leak = measure(vm, observers, Result(), RESTORES)
        seconds = time.monotonic() - started
        reading = {look: freeze_reading(vm, look) for look in "YN"}
        disks = vm.disks
    # Each measurement has a new process: only there does the time stamp counter go on where it stopped.
    fresh, late, vmgenid = Result(), Result(), Result()
    for options, result in (("", fresh), (f",leak-delay-ms={DELAY_MS}", late),
                            (",leak-on-load=off", vmgenid)):
        for _ in range(CONTROLS):
            in_new_process(suite, folder, disks, observers, leaking(options), result)
    looking, waiting = Result(), Result()
    for look, result in (("Y", looking), ("N", waiting)):
        for _ in range(CONTROLS):
            in_new_process(suite, folder, disks, reading[look], leaking(",leak-on-load=off"), result)
    tap.equal(leak.stale, 0, f"leak queues, in one process: {leak}")
    tap.equal(fresh.stale, 0, f"leak queues, each in a new process: {fresh}")
    tap.ok(late.stale > 0, f"control, the leak {DELAY_MS} ms late: {late}")
    tap.ok(vmgenid.stale > 0, f"VMGENID: {vmgenid}")
    tap.equal(looking.stale, 0, f"VMGENID, read() that looks at the ID itself: {looking}")
    tap.ok(waiting.stale > 0, f"control, read() that does not: {waiting}")
    tap.say(f"shortest time from freeze to the first look at the word: "
            f"{min(fresh.looks) * 1e6:.0f} us; {seconds / RESTORES * 1000:.0f} ms a restore")
    print(f"# stale suite={suite.name} leakq={leak.stale} delayed={late.stale} "
          f"vmgenid={vmgenid.stale} vmgenid_us={vmgenid.longest * 1e6:.0f} "
          f"read={looking.stale} read_no_look={waiting.stale} "
          f"restores={RESTORES + CONTROLS}", flush=True)


def no_window_by_vmclock(tap, suite, folder):
    "the observation of restored machines with a VMClock"
    if suite.name not in os.environ.get("VMCLOCK_SUITES", "trixie").split():
        return
    library, word = measure_vmclock(Suite(suite.name, "10.0"), folder, RESTORES)
    tap.equal(library.stale, 0, f"VMClock, sysgenid_generation(): {library}")
    tap.ok(word.stale > 0, f"control, VMClock and the mapped word alone: {word}")
    print(f"# stale suite={suite.name} vmclock={library.stale} vmclock_word={word.stale} "
          f"vmclock_word_us={word.longest * 1e6:.0f} restores={RESTORES + CONTROLS}", flush=True)


each_suite(no_window, no_window_by_vmclock, suites="trixie", more="bookworm")
