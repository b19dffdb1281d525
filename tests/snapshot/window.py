# SPDX-License-Identifier: GPL-2.0-only
"""Counts who sees the old generation in a restored machine; see observer.c."""

import os
import struct
import time

import vm as machine
from vmclock import clock_device

RESTORES = int(os.environ.get("RESTORES", "100"))
CONTROLS = 5
# Much more than a new process needs for the first look, which is 11 ms on an idle machine.
DELAY_MS = 200
PROMPT = 0.005  # seconds
TRIES = 50
LOG_SIZE, ENTRIES, ENTRY = 4096, 100, struct.Struct("<QQQQQ")
ENOUGH = 1000  # observations that each observer must make in a copy
MACHINE = {"smp": 2, "mem": 256}
VMGENID = ("-device", "vmgenid,guid=auto")


def leak_device(options=""):
    return ("-device", f"virtio-rng-leak-pci,id=leak0{options}")


class Log:
    """One observer's log; see observer.c."""

    def __init__(self, page):
        self.begun, self.done, entries = struct.unpack_from("<QQQ", page)
        used = min(entries, ENTRIES)
        # value, number of the last observation, time before and after the first, after the last
        self.entries = [ENTRY.unpack_from(page, 64 + ENTRY.size * i) for i in range(used)]
        self.value, self.last, _, _, self.end = self.entries[(entries - 1) % ENTRIES]

    def of(self, value):
        """(number, end) of the last observation that had the value."""
        return max((entry[1], entry[4]) for entry in self.entries if entry[0] == value)

    def first_after(self, old):
        """When the first observation was over that was not over in the frozen log."""
        later = [entry[3] for entry in self.entries if entry[2] > old.end]
        # None: the observation belongs to a run whose beginning is in the frozen log.
        return min(later) if later else None


class Result:
    """What the observers saw in restored copies, added up."""

    def __init__(self):
        self.stale = self.longest = self.made = self.restores = 0
        self.looks = []  # seconds from the freeze to the first look at a new value

    def add(self, logs, frozen, hz):
        self.restores += 1
        for log, old in zip(logs, frozen):
            number, end = log.of(old.value)
            if number > old.begun:
                self.stale += number - old.begun
                self.longest = max(self.longest, (end - old.end) / hz)
            first = log.first_after(old)
            if first is not None:
                self.looks.append((first - old.end) / hz)
            self.made += log.done - old.done

    def __str__(self):
        seen = f", for up to {self.longest * 1e6:.0f} us" if self.stale else ""
        return (f"{self.stale} stale of {self.made} observations in {self.restores} restores{seen}")


class Observers:
    """The observers of a machine that is frozen, and of copies of it."""

    def __init__(self, vm, count, state="mapped", how=""):
        """@how: "read" for a read() of the device in place of a look at the mapped word, "library" for
        a call of sysgenid_generation()."""
        self.state = state
        self.how = how
        out = vm.run("build/tests/snapshot/observer %d %s >/tmp/log 2>&1 & for i in {1..500}; do "
                     "(($(grep -c log /tmp/log) == %d)) && break; sleep 0.02; done; cat /tmp/log"
                     % (count, how, count)).split()
        self.hz = int(out[out.index("hz") + 1])
        self.addresses = [int(out[i + 1]) for i, word in enumerate(out) if word == "log"]
        assert len(self.addresses) == count, out

    def read(self, vm):
        return [Log(vm.memory(address, LOG_SIZE)) for address in self.addresses]

    def freeze(self, vm):
        """Freezes the machine at a moment from which its copies go on observing at once.

        Each vCPU stands in the observers' loop, and a copy that runs for PROMPT seconds has looked
        at the word. (At most moments a timer's interrupt is due on a vCPU, and that comes first.)
        """
        for _ in range(TRIES):
            self.stop_in_loop(vm)
            vm.hmp(f"savevm {self.state}")
            # Without the mapped word no moment is prompt: a new copy has to translate more code anew.
            if self.how or all(self.is_prompt(vm) for _ in range(2)):
                return
            vm.cont()
        raise TimeoutError("no moment was found from which observers go on at once")

    def stop_in_loop(self, vm):
        deadline = time.monotonic() + 60
        while True:
            vm.stop()
            self.frozen = self.read(vm)
            # Are all CPUs in one page of code, in user mode? That is the observers' loop. Observers that
            # read are in the kernel most of the time, and the library is in another page.
            places = {(level, rip // 4096) for level, rip in vm.positions()}
            ready = bool(self.how) or (len(places) == 1 and places.pop()[0] == 3)
            if ready and all(log.done > ENOUGH for log in self.frozen):
                return
            if time.monotonic() > deadline:
                raise TimeoutError("the observers do not run")
            vm.cont()
            time.sleep(0.02)

    def is_prompt(self, vm):
        vm.hmp(f"loadvm {self.state}")
        vm.cont()
        time.sleep(PROMPT)
        vm.stop()
        return any(log.done > old.begun for log, old in zip(self.read(vm), self.frozen))

    def run_copy(self, vm, until_moved):
        """Lets a copy, which is stopped, run until all have observed enough; stops it."""
        deadline = time.monotonic() + 30
        moment = PROMPT
        while True:
            vm.cont()
            time.sleep(moment)
            vm.stop()
            # Wait longer the next time, since stopping starts a delayed leak's time anew.
            moment *= 2
            logs = self.read(vm)
            if all(log.done > old.begun + ENOUGH and
                   (not until_moved or log.value != old.value)
                   for log, old in zip(logs, self.frozen)):
                return logs
            if time.monotonic() > deadline:
                raise TimeoutError("the observers of a copy saw nothing new")


def measure(vm, observers, result, restores):
    """Restores the machine again and again in one process. Times are right for the first only."""
    for _ in range(restores):
        vm.hmp(f"loadvm {observers.state}")
        logs = observers.run_copy(vm, until_moved=True)
        result.add(logs, observers.frozen, observers.hz)
    return result


def in_new_process(suite, folder, disks, observers, devices, result, restores=1):
    with machine.VM(suite, folder, *devices, "-S", disks=disks, **MACHINE) as vm:
        measure(vm, observers, result, restores)


def leaking(options=""):
    """The devices of a machine whose word a virtio-rng device moves, with VMGENID beside it."""
    return leak_device(options) + VMGENID


def freeze_observed(suite, folder, devices, module, *observers):
    """A machine with an observer a vCPU, frozen. Returns it and the observers."""
    vm = machine.start(suite, folder, *devices, **MACHINE)
    try:
        vm.run(f"insmod build/kernel/{module}.ko; echo 3 >/proc/sys/vm/drop_caches")
        found = Observers(vm, MACHINE["smp"], *observers)
        found.freeze(vm)
    except BaseException:
        vm.explain()
        vm.kill()
        raise
    return vm, found


def freeze_others(vm, *observers, prepare=":"):
    """In the same machine: other observers."""
    vm.cont()
    vm.run(f"pkill -x observer; {prepare}")
    found = Observers(vm, MACHINE["smp"], *observers)
    found.freeze(vm)
    return found


def freeze_reading(vm, look):
    """In the same machine: observers that read the device, which looks at the VMGENID itself or not."""
    switch = "/sys/module/sysgenid_vmgenid/parameters/sync_source"
    return freeze_others(vm, f"read-{look}", "read", prepare=f"echo {look} >{switch}")


def measure_vmclock(suite, folder, restores):
    """Restores a machine with a VMClock. Returns what the library saw, and the mapped word alone."""
    devices = clock_device(folder)
    library, word = Result(), Result()
    vm, calling = freeze_observed(suite, folder, devices, "sysgenid_vmclock", "library", "library")
    with vm:
        looking = freeze_others(vm, "word")
    in_new_process(suite, folder, vm.disks, calling, devices, library, restores)
    for _ in range(CONTROLS):
        in_new_process(suite, folder, vm.disks, calling, devices, library)
        in_new_process(suite, folder, vm.disks, looking, devices, word)
    return library, word
