# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of virtio-rng-leak-pci share: machines, requests, snapshots, TAP.

They run for QEMU 10.0, with CHECK_ALL for 7.2 as well, or for those in QEMU_VERSIONS.
"""

import os
import subprocess
import tempfile
import traceback

from machine import Machine
from virtio import Device, LATCH, LEAK, WRITE

HERE = os.path.dirname(os.path.abspath(__file__))
SRC, DST, FILL = 0x400000, 0x480000, 0x500000  # guest addresses tests use for data
OLD = b"old!" * 64
PATH = "/machine/peripheral/leak0"


class Bench:
    """Makes machines for one QEMU version."""

    def __init__(self, version, folder):
        self.version = version
        self.folder = folder
        self.binary = subprocess.run([os.path.join(HERE, "../../qemu/build"), version], check=True,
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


def main(names):
    """Runs the test_ functions among names, in order, for each QEMU version; prints TAP."""
    tests = [value for name, value in names.items() if name.startswith("test_")]
    default = "7.2 10.0" if os.environ.get("CHECK_ALL") else "10.0"
    versions = os.environ.get("QEMU_VERSIONS", default).split()
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
