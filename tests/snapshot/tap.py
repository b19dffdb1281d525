# SPDX-License-Identifier: GPL-2.0-only
"""TAP for tests that run on the host, once for every suite in SUITES."""

import os
import sys
import tempfile
import traceback


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0
        self.prefix = ""

    def ok(self, good, name):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {self.prefix}{name}", flush=True)
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

    @staticmethod
    def say(text):
        print("#", text.replace("\n", "\n# "), flush=True)


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
            with tempfile.TemporaryDirectory() as folder:
                try:
                    test(tap, suite, folder)
                except Exception:  # pylint: disable=broad-except
                    tap.ok(False, f"{test.__doc__} runs to its end")
                    for line in traceback.format_exc().splitlines():
                        tap.say(line)
    print(f"1..{tap.count}")
    sys.exit(tap.failed != 0)
