# SPDX-License-Identifier: GPL-2.0-only
"""TAP for tests that run on the host, once for every suite in SUITES."""

import os
import sys
import tempfile
import traceback


ATTEMPTS = 3


class Tap:
    def __init__(self, prefix="", count=0, held=None):
        """@held: a list that takes the lines, instead of their being printed"""
        self.prefix = prefix
        self.count = count
        self.failed = 0
        self.held = held

    def ok(self, good, name):
        self.count += 1
        self.failed += not good
        self.put(f"{'ok' if good else 'not ok'} {self.count} - {self.prefix}{name}")
        return good

    def equal(self, got, wanted, name):
        good = self.ok(got == wanted, name)
        if not good:
            self.say(f"got {got!r}, wanted {wanted!r}")
        return good

    def log_is_clean(self, vm, what):
        found = vm.run("tests/vm/kernel-trouble")
        if not self.ok(not found, f"{what}: the kernel log is clean"):
            self.say(found)

    def say(self, text):
        self.put("# " + text.replace("\n", "\n# "))

    def put(self, line):
        if self.held is None:
            print(line, flush=True)
        else:
            self.held.append(line)

    def take_over(self, other):
        """What another one was told, which has counted on from here."""
        self.count = other.count
        self.failed += other.failed
        for line in other.held:
            self.put(line)


def run_test(tap, test, suite):
    """Again from the start, if a fault of the emulator's spoilt it (tests/vm/run, emulator_fault())."""
    for attempt in range(1, ATTEMPTS + 1):
        trial = Tap(tap.prefix, tap.count, held=[])
        suite.machines = []
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(trial, suite, folder)
            except Exception:  # pylint: disable=broad-except
                trial.ok(False, f"{test.__doc__} runs to its end")
                trial.say(traceback.format_exc().rstrip())
            faults = [fault for vm in suite.machines if (fault := vm.fault())]
        if not trial.failed or not faults or attempt == ATTEMPTS:
            tap.take_over(trial)
            return
        tap.say(f"{faults[0]}; once more from the start")


def each_suite(*tests, qemu=None, suites="bookworm trixie", more=""):
    """Runs the tests for every suite, each with (tap, suite, folder); then the plan. @qemu: see Suite;
    default: 10.0, which "make check" has, and in "make check-all", which sets CHECK_ALL, the suite's
    own. The suites in @more are for "make check-all" only."""
    from vm import Suite  # pylint: disable=import-outside-toplevel

    tap = Tap()
    if os.environ.get("CHECK_ALL"):
        suites += f" {more}"
    else:
        qemu = qemu or "10.0"
    for name in os.environ.get("SUITES", suites).split():
        suite = Suite(name, qemu)
        tap.prefix = f"{name}: "
        for test in tests:
            run_test(tap, test, suite)
    print(f"1..{tap.count}")
    sys.exit(tap.failed != 0)
