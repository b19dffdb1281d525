# SPDX-License-Identifier: GPL-2.0-only
"""A machine's VMClock: the device of qemu/vmclock-gen.c, and its page as the guest sees it."""

import contextlib
import os
import subprocess

from vm import TOP

CLASS = "/sys/class/misc/sysgenid"
PATH = "/machine/peripheral/clock0"
ASK = "build/tests/snapshot/ask"


def clock_device(folder, options=""):
    """Arguments for QEMU: the device, and the ACPI table that tells the guest about it."""
    table = os.path.join(folder, "vmclock-gen")
    if not os.path.exists(table + ".aml"):
        subprocess.run(["iasl", "-p", table, f"{TOP}/qemu/vmclock-gen.asl"], check=True,
                       stdout=subprocess.DEVNULL)
    return ("-acpitable", f"file={table}.aml", "-device", f"vmclock-gen,id=clock0{options}")


def generation(vm):
    return int(vm.run(f"cat {CLASS}/generation"))


class Clock:
    def __init__(self, vm):
        self.vm = vm

    def get(self, name):
        return self.vm.qmp("qom-get", path=PATH, property=name)

    def set(self, name, value):
        self.vm.qmp("qom-set", path=PATH, property=name, value=value)

    def move(self, number):
        """The hypervisor's counter, with a notification."""
        self.set("generation", number)

    @contextlib.contextmanager
    def poked(self, at, data):
        """Other bytes in the page, written by the guest's root: nobody is notified."""
        old = self.vm.run(f"{ASK} poke {at} {data.hex()}")
        yield
        self.vm.run(f"{ASK} poke {at} {old}")
