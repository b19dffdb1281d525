#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A leak of a virtual machine reaches the counters of its containers before any CPU runs."""

import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "snapshot"))
# pylint: disable=wrong-import-position
import vm as machine  # noqa: E402
from tap import each_suite  # noqa: E402

SYSFS = "/sys/virtio-rng/virtio_rng.0"
CLASS = "/sys/class/misc/sysgenid"
PROGRAM = "build/tests/payload/domains"
DRIVER = "/sys/bus/virtio/drivers/virtio_rng"
ROOM = 64
BEYOND = 6
SMALL = 16
ROUNDS = 30
LEAKS = 200


class Domains:
    """Domains that a process in the guest holds, in the order in which they came."""

    def __init__(self, vm, number, how="hold"):
        self.vm = vm
        self.said = f"/tmp/{how}"
        vm.run(f"{PROGRAM} {how} {number} >{self.said} 2>&1 & echo $! >{self.said}.pid")
        vm.wait_until(f"grep -q holding {self.said}")
        lines = [line.split() for line in vm.run(f"head -n {number} {self.said}").splitlines()]
        self.addresses = [int(line[0]) for line in lines]
        self.first = [int(line[1]) for line in lines]

    def words(self):
        """The host looks into the memory: what the guest does does not matter."""
        return [struct.unpack("<I", self.vm.memory(address, 4))[0] for address in self.addresses]

    def end(self):
        self.vm.run(f"kill $(cat {self.said}.pid)")
        self.vm.wait_until(f"! kill -0 $(cat {self.said}.pid)")
        self.vm.wait_until(f"[[ $(cat {CLASS}/domains) == 0 ]]")
        return self.vm.run(f"tail -n 1 {self.said}").split()


def moved(before, after):
    return sum(old != new for old, new in zip(before, after))


def all_moved(words, before, seconds=20):
    deadline = time.monotonic() + seconds
    while moved(before, words()) < len(before):
        if time.monotonic() > deadline:
            return False
    return True


def at_once(tap, vm, within, beyond, name):
    """
    The stopped machine goes on and is stopped again. Its handler may have run or not: where it has not, the words beyond
    the limit are what they were, and those within have moved all the same.
    """
    late, good, rounds = 0, 0, 0
    while rounds < ROUNDS and not late:
        rounds += 1
        vm.stop()
        before, others = within(), beyond()
        vm.leak()
        vm.cont()
        vm.stop()
        good += moved(before, within()) == len(before)
        late += moved(others, beyond()) == 0
        vm.cont()
        if not all_moved(beyond, others):
            break
    tap.ok(late and good == rounds,
           f"{name}: a leak has moved {len(before)} domains before the interrupt was handled")
    tap.say(f"after {rounds} rounds")
    tap.ok(all_moved(beyond, others), f"{name}: those beyond the limit move when it is handled")


def pool(tap, vm, old, name):
    """Pages that the device still knows serve the next domains, and nobody else."""
    tap.equal(vm.run(f"cat {SYSFS}/domains"), f"{ROOM} of {ROOM}",
              f"{name}: the device keeps the words of domains that have gone")
    vm.leak()
    new = Domains(vm, ROOM)
    tap.equal(sorted(new.addresses), sorted(old[:ROOM]), f"{name}: the next domains get them")
    system = int(vm.run(f"cat {CLASS}/generation"))
    tap.ok(all(value > system - 3 for value in new.first),
           f"{name}: and begin above the system's number")
    before = new.words()
    vm.leak()
    tap.ok(all_moved(new.words, before), f"{name}: a leak reaches them")
    new.end()


def foreign(tap, vm, name):
    """Whoever may make user namespaces may make as many as he likes: they get half of the room only."""
    room = int(vm.run(f"cat {SYSFS}/domains").split()[-1])
    places = room // 2
    held = Domains(vm, places + BEYOND, "foreign")
    tap.equal(vm.run(f"cat {SYSFS}/domains"), f"{places} of {room}",
              f"{name}: domains of other user namespaces leave half of the room for the host's")
    own = Domains(vm, room - places)
    at_once(tap, vm, lambda: own.words() + held.words()[:places], lambda: held.words()[places:],
            f"{name}: host's and others")
    vm.run(f"kill $(cat {own.said}.pid)")
    held.end()


def small(tap, vm):
    """A device that has room for few domains, after one that had room for many."""
    vm.qmp("device_del", id="leak0")
    deadline = time.monotonic() + 20
    while "DEVICE_DELETED" not in vm.events and time.monotonic() < deadline:
        vm.run("true")
    vm.qmp("device_add", driver="virtio-rng-leak-pci", id="leak0",
           **{"leak-queue-size": SMALL})
    vm.wait_until(f"[[ -e {SYSFS}/leak && $(cat {SYSFS}/leak) == latch ]]")
    foreign(tap, vm, "a small device")


def rebind(tap, vm, name):
    bound = vm.run(f"ls {DRIVER} | grep virtio")
    held = Domains(vm, 10)
    before = held.words()
    vm.run(f"echo {bound} >{DRIVER}/unbind")
    tap.ok(all_moved(held.words, before), f"{name}: unbinding the driver moves all domains")
    vm.run(f"echo {bound} >{DRIVER}/bind")
    tap.equal(vm.run(f"cat {SYSFS}/domains"), f"10 of {ROOM}",
              f"{name}: bound again it has those that are there, and none of the pool")
    before = held.words()
    vm.leak()
    tap.ok(all_moved(held.words, before), f"{name}: and a leak reaches them")
    held.end()


def busy(tap, vm, name):
    held = Domains(vm, 20, "busy")
    for _ in range(LEAKS):
        vm.leak()
    result = held.end()
    tap.ok(result[0] == "changes" and int(result[1]) > 20 and result[3] == "0",
           f"{name}: {LEAKS} leaks while containers move their own: no number came twice")
    tap.say(" ".join(result))


def metrics(vm):
    """What the command has for Prometheus of the one leak device."""
    lines = vm.run("/sysgenid/build/tools/sysgenid status --format prometheus | grep ^sysgenid_leak_")
    return {line.split("{")[0]: int(line.split()[-1]) for line in lines.splitlines()}


def covered(tap, suite, folder, name, options):
    with machine.start(suite, folder, "-device",
                       f"virtio-rng-leak-pci,id=leak0{options}") as vm:
        tap.equal(vm.run(f"cat {SYSFS}/domains"), f"0 of {ROOM}", f"{name}: sysfs says the limit")
        foreign(tap, vm, name)
        held = Domains(vm, ROOM + BEYOND)
        tap.equal(vm.run(f"cat {SYSFS}/domains"), f"{ROOM} of {ROOM}",
                  f"{name}: as many domains are covered as there is room for")
        before = metrics(vm)
        at_once(tap, vm, lambda: held.words()[:ROOM], lambda: held.words()[ROOM:], name)
        after = metrics(vm)
        tap.equal([after["sysgenid_leak_covered_domains"], after["sysgenid_leak_room"]], [ROOM, ROOM],
                  f"{name}: the metrics have these numbers, too")
        tap.ok(after["sysgenid_leak_reports_total"] > before["sysgenid_leak_reports_total"],
               f"{name}: and count leaks")
        held.end()
        pool(tap, vm, held.addresses, name)
        rebind(tap, vm, name)
        busy(tap, vm, name)
        if name == "latch":
            small(tap, vm)
        tap.log_is_clean(vm, name)
        vm.run("rmmod virtio_rng && rmmod sysgenid")
        tap.log_is_clean(vm, f"{name}, unloaded")


def latch(tap, suite, folder):
    "the latch device"
    covered(tap, suite, folder, "latch", "")


def plain(tap, suite, folder):
    "the plain RFC device"
    covered(tap, suite, folder, "plain", ",latch=off")


# The driver is under test, so the machine is the QEMU that emulates fastest. In "make check-all" the device of QEMU 7.2 has
# tests of its own (qemu-*.t), and vm-snapshot.t and vm-window.t use it for Debian 12's machines.
each_suite(latch, plain, qemu="10.0", suites="trixie", more="bookworm")
