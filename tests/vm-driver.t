#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The virtio-rng driver: stock devices, leak queues with and without latch, coming and going."""

import errno
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "snapshot"))
# pylint: disable=wrong-import-position
import vm as machine  # noqa: E402
from tap import each_suite  # noqa: E402

SYSFS = "/sys/virtio-rng/virtio_rng"
CLASS = "/sys/class/misc/sysgenid"
COMPAT = "tests/snapshot/compat-file"
DRIVER = "/sys/bus/virtio/drivers/virtio_rng"
OTHERS = "/sys/module/sysgenid_leak_test/parameters"
FULL = "/sys/module/sysgenid_full/parameters"
LEAKS, RESTORES = 1000, 10
# TRIGGERS=1000000 is the full measure; it takes four minutes in an emulated machine.
TRIGGERS = 100000


def device(name, options=""):
    return ("-device", f"virtio-rng-leak-pci,id={name}{options}")


def generation(vm):
    return int(vm.run(f"cat {CLASS}/generation"))


def reports(vm):
    return int(vm.run(f"cat {SYSFS}.0/reports"))


# -- one machine, four devices ------------------------------------------------------------------


def several_devices(tap, suite, folder):
    "a machine with four devices"
    with machine.start(suite, folder, *device("leak0"), *device("plain", ",latch=off"),
                       "-device", "virtio-rng-pci", *device("small", ",leak-queue-size=2")) as vm:
        # Newer kernels add the word "none".
        tap.equal(vm.run("cat /sys/class/misc/hw_random/rng_available").split()[:4],
                  [f"virtio_rng.{i}" for i in range(4)], "four devices, four hwrngs")
        tap.equal(vm.run(f"cat {SYSFS}.[0-3]/leak").split(), ["latch", "plain", "none", "none"],
                  "sysfs says what each can do")
        tap.equal(vm.run("dmesg | grep -c 'leak queues are too small'"), "1",
                  "leak queues that are too small are not used, and the log says so")
        for i in range(4):
            got = vm.run(f"echo virtio_rng.{i} >/sys/class/misc/hw_random/rng_current; "
                         "head -c 4096 /dev/hwrng | sha256sum; head -c 4096 /dev/hwrng | "
                         "sha256sum; head -c 4096 /dev/hwrng | wc -c").split()
            tap.ok(got[0] != got[2] and got[-1] == "4096", f"virtio_rng.{i} gives random bytes")
        compat_file(tap, vm)
        vmgenid_module(tap, vm)
        mapped_and_unloaded(tap, vm)
        tap.log_is_clean(vm, "several devices")


def compat_file(tap, vm):
    path = f"{SYSFS}.0/vm_gen_counter"
    tap.equal(vm.run(f"{COMPAT} check {path}"), "fine",
              "vm_gen_counter: 8 bytes at any position, one page to map, never writable")
    vm.run(f"{COMPAT} poll {path} >/tmp/poll 2>&1 &")
    vm.wait_until("grep -q waiting /tmp/poll")
    vm.leak()
    vm.wait_until("grep -q events /tmp/poll")
    words = vm.run("tail -n 1 /tmp/poll").split()
    tap.equal(words, ["events", "10", "value", str(generation(vm))],
              "vm_gen_counter: poll says POLLPRI and POLLERR when the generation has moved")


def vmgenid_module(tap, vm):
    numbers = [generation(vm)]
    for command in ("insmod build/kernel/sysgenid_vmgenid.ko", "rmmod sysgenid_vmgenid"):
        vm.run(command)
        numbers.append(generation(vm))
    tap.ok(numbers[0] < numbers[1] < numbers[2],
           "the VMGENID module moves the generation when it begins to watch and when it ends")


def mapped_and_unloaded(tap, vm):
    vm.run(f"{COMPAT} hold {SYSFS}.0/vm_gen_counter >/tmp/hold 2>&1 & echo $! >/tmp/hold.pid")
    vm.wait_until("grep -q mapped /tmp/hold")
    tap.ok("in use" in vm.run("rmmod sysgenid 2>&1", check=False),
           "sysgenid cannot be unloaded while the driver uses it")
    before = generation(vm)
    vm.run("rmmod virtio_rng")
    tap.ok(generation(vm) > before, "unloading the driver moves the generation")
    vm.run("kill -USR1 $(cat /tmp/hold.pid)")
    vm.wait_until("! kill -0 $(cat /tmp/hold.pid)")
    tap.ok("mapped" == vm.run("cat /tmp/hold"), "a mapping of vm_gen_counter ends with the driver")
    vm.run("insmod build/kernel/virtio-rng.ko")
    tap.equal(vm.run(f"cat {SYSFS}.[0-3]/leak").split(), ["latch", "plain", "none", "none"],
              "the driver can be loaded again")


# -- leaks --------------------------------------------------------------------------------------


def sleeper(vm):
    """Someone asleep in read() on the device."""
    vm.run("dd if=/dev/sysgenid of=/tmp/woken bs=4 count=1 2>/dev/null & "
           "for i in {1..500}; do [[ $(cat /proc/$!/stat) == *'(dd) S '* ]] && exit; "
           "sleep 0.02; done; exit 1")


def leaks_at_once(tap, vm, name, count, wanted):
    """The VM is stopped, the leaks happen, it goes on: before the handler of the first has run."""
    old, before = generation(vm), reports(vm)
    sleeper(vm)
    vm.stop()
    executed = vm.get("executed")
    vm.leak(count)
    vm.cont()
    vm.wait_until("! pidof dd")
    vm.wait_until(f"[[ $(cat {CLASS}/last_cause) == virtio-leak ]]")
    vm.wait_until(f"(($(cat {SYSFS}.0/reports) >= {before + wanted}))")
    tap.ok(generation(vm) > old, f"{name}, {count} leaks before the handler: the generation moved")
    tap.equal(reports(vm) - before, wanted,
              f"{name}, {count} leaks before the handler: {wanted} reported")
    tap.equal(vm.get("latched"), 0, f"{name}, {count} leaks: none is left waiting")
    return vm.get("executed") - executed


def all_leaks(tap, suite, folder, name, options, wanted):
    with machine.start(suite, folder, *device("leak0", options), mem=512) as vm:
        tap.equal(vm.run(f"cat {SYSFS}.0/leak"), name, f"the mode is {name}")
        for count, reported in wanted.items():
            leaks_at_once(tap, vm, name, count, reported)
        while_rearming(tap, vm, name)
        others(tap, vm, name)
        unbound(tap, vm, name)
        gave_up(tap, vm, name)
        full(tap, vm, name)
        if name == "latch":
            thousand(tap, vm)
        tap.log_is_clean(vm, name)


def latch(tap, suite, folder):
    "the latch device"
    all_leaks(tap, suite, folder, "latch", "", {1: 1, 2: 2, 3: 3, 7: 7})


def plain(tap, suite, folder):
    "the plain RFC device"
    # The first leak comes in time, the second late, and a third during the event that the handler makes.
    all_leaks(tap, suite, folder, "plain", ",latch=off", {1: 1, 2: 2, 3: 1})


def bounced(tap, suite, folder):
    "a device behind bounce buffers"
    with machine.start(suite, folder, *device("leak0", ",iommu_platform=on,disable-legacy=on"),
                       append="swiotlb=force") as vm:
        tap.equal(vm.run(f"cat {SYSFS}.0/leak"), "interrupt", "bounced DMA: sysfs says so")
        tap.equal(vm.run("dmesg | grep -c 'uses the DMA API'"), "1",
                  "bounced DMA: the log says so")
        leaks_at_once(tap, vm, "interrupt", 2, 2)
        vm.run("insmod build/tests/payload/kmod/sysgenid_leak_test.ko")
        first, _ = other_leak(tap, vm, "interrupt", "other kernel code's requests")
        second, _ = other_leak(tap, vm, "interrupt", "the next leak")
        rebind(vm)
        third, _ = other_leak(tap, vm, "interrupt", "the driver was unbound and bound")
        tap.equal(len({first, second, third}), 3, "interrupt: with other bytes each time")
        tap.log_is_clean(vm, "bounced DMA")


def while_rearming(tap, vm, name, count=5):
    """Leaks at the very moments at which the driver gives requests to the device."""
    old, leaks = generation(vm), vm.get("leaks")
    sleeper(vm)
    vm.set("leak-on-arrival", count)
    vm.leak()
    vm.wait_until("! pidof dd")
    deadline = time.monotonic() + 20
    while vm.get("leak-on-arrival") and time.monotonic() < deadline:
        time.sleep(0.01)
    tap.equal((vm.get("leaks") - leaks, vm.get("latched")), (count + 1, 0),
              f"{name}, {count} leaks while the driver is re-arming: none is left waiting")
    vm.wait_until(f"[[ $(cat {CLASS}/last_cause) == virtio-leak ]]")
    tap.ok(generation(vm) > old, f"{name}, leaks while re-arming: the generation moved")
    leaks_at_once(tap, vm, f"{name}, after leaks while re-arming", 1, 1)


def parameter(vm, name):
    return vm.run(f"cat {OTHERS}/{name}")


def other_leak(tap, vm, name, when):
    """A leak reaches the requests of other kernel code."""
    counts = [int(parameter(vm, what)) for what in ("fills", "copies")]
    vm.leak()
    vm.wait_until(f"(($(cat {OTHERS}/fills) > {counts[0]} && "
                   f"$(cat {OTHERS}/copies) > {counts[1]}))")
    fill = parameter(vm, "filled")
    tap.ok(len(set(fill)) > 2, f"{name}, {when}: a leak fills, and tells")
    return fill, bytes.fromhex(parameter(vm, "copied"))


def at_once(tap, vm, old):
    """The host looks into the memory: what the guest does does not matter."""
    address = int(parameter(vm, "address"))
    vm.stop()
    vm.leak()
    before = vm.memory(address, len(old) // 2).hex()
    vm.cont()
    vm.stop()
    after = vm.memory(address, len(old) // 2).hex()
    vm.cont()
    tap.ok(old == before != after, "it has happened when the stopped machine goes on")


def others(tap, vm, name):
    """The requests of other kernel code."""
    vm.run("insmod build/tests/payload/kmod/sysgenid_leak_test.ko")
    tap.equal(parameter(vm, "filled") + parameter(vm, "copied"), "00" * 32,
              f"{name}: requests of other kernel code wait for a leak")
    first, copied = other_leak(tap, vm, name, "other kernel code's requests")
    tap.equal(copied, b"prepared before.", f"{name}: and copies what was prepared")
    vm.run(f"echo {0x64636261} >{OTHERS}/source")
    if name == "latch":
        at_once(tap, vm, first)
    else:
        vm.leak()
    vm.wait_until(f"[[ $(cat {OTHERS}/copied) == 61626364* ]]")
    tap.equal(bytes.fromhex(parameter(vm, "copied")), b"abcdared before.",
              f"{name}: what was prepared can be replaced while it is armed")
    vm.run(f"echo 1 >{OTHERS}/again")
    second, _ = other_leak(tap, vm, name, "after they were removed and added again")
    tap.ok(first != second, f"{name}: with other bytes each time")
    # The other queue returns the requests that were removed.
    other_leak(tap, vm, name, "one leak later")
    tap.equal(parameter(vm, "room"), f"28 {-errno.ENOSPC} {-errno.EINVAL} {-errno.EINVAL}",
              f"{name}: their number and their length are bounded")


def rebind(vm):
    bound = vm.run(f"ls {DRIVER} | grep virtio")
    vm.run(f"echo {bound} >{DRIVER}/unbind; echo {bound} >{DRIVER}/bind")


def gave_up(tap, vm, name):
    """A device that asks for a reset."""
    before = generation(vm)
    vm.run("dd if=/dev/hwrng of=/dev/null bs=64 >/tmp/reader 2>&1 &")
    vm.set("broken", True)
    vm.wait_until(f"[[ $(cat {SYSFS}.0/leak) == broken ]]")
    vm.wait_until(f"(($(cat {CLASS}/generation) > {before}))")
    tap.ok(vm.run("dmesg | grep -c 'leak queues are broken'") == "1",
           f"{name}, a device that gives up: sysfs and the log say so, and the generation moves")
    vm.run("for i in {1..400}; do [[ ! -s /tmp/reader ]] || exit; sleep 0.05; done", check=False)
    tap.ok("No such device" in vm.run("cat /tmp/reader"),
           f"{name}: a reader of /dev/hwrng does not wait for a device that has given up")
    rebind(vm)
    tap.equal(vm.run(f"cat {SYSFS}.0/leak"), name, f"{name}: to bind the driver anew mends it")
    other_leak(tap, vm, name, "a broken device was mended")
    tap.equal(vm.run("dd if=/dev/hwrng bs=64 count=16 2>/dev/null | wc -c"), "1024",
              f"{name}: /dev/hwrng gives bytes again")
    vm.run("rmmod sysgenid_leak_test")
    leaks_at_once(tap, vm, f"{name}, mended, without other requests", 1, 1)


def full(tap, vm, name):
    """Requests that cannot be added for a moment, and then for good."""
    vm.run("insmod build/tests/payload/kmod/sysgenid_full.ko")
    # Some of a reader's fail, and some of the leak's.
    vm.run(f"echo 8 >{FULL}/failures; dd if=/dev/hwrng of=/dev/null bs=64 count=4 2>/dev/null",
           check=False)
    before = generation(vm)
    vm.leak()
    vm.wait_until(f"(($(cat {CLASS}/generation) > {before} && $(cat {FULL}/failures) == 0)) && "
                  f"[[ $(cat {FULL}/added) -ge 2 || $(cat {SYSFS}.0/leak) == broken ]]")
    tap.equal(vm.run(f"cat {SYSFS}.0/leak"), name,
              f"{name}, a queue that was full for a moment: not broken")
    tap.equal(vm.run("dd if=/dev/hwrng bs=64 count=16 2>/dev/null | wc -c"), "1024",
              f"{name}, a queue that was full for a moment: /dev/hwrng gives bytes")
    leaks_at_once(tap, vm, f"{name}, a queue that was full for a moment", 1, 1)
    vm.run(f"echo 1000000 >{FULL}/failures")
    vm.leak()
    vm.wait_until(f"[[ $(cat {SYSFS}.0/leak) == broken ]]", seconds=30)
    tap.ok(True, f"{name}, a queue that stays full: broken, after some seconds")
    vm.run("rmmod sysgenid_full")
    rebind(vm)
    leaks_at_once(tap, vm, f"{name}, bound after it was full", 1, 1)


def unbound(tap, vm, name):
    """A leak while no driver is there."""
    bound = vm.run(f"ls {DRIVER} | grep virtio")
    before = generation(vm)
    vm.run(f"echo {bound} >{DRIVER}/unbind")
    between = generation(vm)
    sleeper(vm)
    vm.leak()
    vm.run(f"echo {bound} >{DRIVER}/bind")
    vm.wait_until("! pidof dd")
    tap.ok(before < between < generation(vm), f"{name}: unbind and bind move the generation")
    leaks_at_once(tap, vm, f"{name}, bound again", 1, 1)


def executed_all(vm, seconds):
    """Waits until no leak is latched: each one waits for the handler of the one before."""
    deadline = time.monotonic() + seconds
    while vm.get("latched"):
        if time.monotonic() > deadline:
            raise TimeoutError("a latched leak is not executed")


def thousand(tap, vm):
    """Leaks one after the other while CPUs move the generation and criu restores containers."""
    triggers = int(os.environ.get("TRIGGERS", TRIGGERS))
    leaks, executed = vm.get("leaks"), vm.get("executed")
    vm.run("tests/snapshot/restores /tmp/enough >/tmp/restores 2>&1 & echo $! >/tmp/restores.pid")
    vm.wait_until("grep -q restoring /tmp/restores", seconds=60)
    vm.run(f"build/tests/snapshot/order {triggers} >/tmp/order 2>&1 & echo $! >/tmp/order.pid")
    vm.wait_until("grep -q watching /tmp/order")
    started = time.monotonic()
    # The first half comes one by one, the second half as fast as the device is asked, spread over restores.
    for count in range(LEAKS):
        if count % (LEAKS // RESTORES) == 0:
            vm.wait_until(f"(($(grep -c clone /tmp/restores) > {count * RESTORES // LEAKS}))", 60)
        vm.leak()
        if count < LEAKS // 2:
            executed_all(vm, 20)
    executed_all(vm, 120)
    leaking = time.monotonic() - started
    vm.wait_until("grep -q triggered /tmp/order", seconds=900)
    seconds = time.monotonic() - started
    vm.run("touch /tmp/enough; kill $(cat /tmp/order.pid)")
    vm.wait_until("! kill -0 $(cat /tmp/order.pid) && ! kill -0 $(cat /tmp/restores.pid)",
               seconds=60)
    what = f"{LEAKS} leaks, {triggers} triggers and restored containers"
    restored = re.search(r"^restored (\d+)$", vm.run("cat /tmp/restores"), re.MULTILINE)
    match = re.search(r"^changes (\d+) again (\d+) asleep (\d+)$", vm.run("cat /tmp/order"),
                      re.MULTILINE)
    tap.equal((vm.get("leaks") - leaks, vm.get("executed") - executed), (LEAKS, LEAKS),
              f"{what}: no leak is lost")
    tap.equal(match and match[2], "0", f"{what}: no value came twice")
    if not tap.equal(match and match[3], "0", f"{what}: every sleeper is woken"):
        tap.say(vm.run("cat /tmp/order"))
    if not tap.ok(restored and int(restored[1]) > 0, f"{what}: criu restores all the time"):
        tap.say(vm.run("tail -n 20 /tmp/restores"))
    tap.say(f"a reader saw {match and match[1]} values; {restored and restored[1]} restores; "
            f"{leaking:.0f} s of leaks, {seconds:.0f} s of triggers, "
            f"{seconds / triggers * 1e6:.0f} us each")


# -- coming and going ---------------------------------------------------------------------------


def unplugged(tap, suite, folder):
    "a device that is unplugged under load, and suspend"
    with machine.start(suite, folder, *device("leak0")) as vm:
        # Linux 7.3 loses its virtio-serial ports over a suspend, also without a module of ours. The
        # agent could not be asked any more.
        if suite.name != "backports":
            suspended(tap, vm)
        vm.run("insmod build/tests/payload/kmod/sysgenid_leak_test.ko")
        vm.run("(while dd if=/dev/hwrng of=/dev/null bs=64 count=100; do :; done) "
               ">/dev/null 2>&1 &")
        vm.run("dd if=/dev/hwrng of=/dev/null bs=64 count=10 2>/dev/null")
        before = generation(vm)
        vm.qmp("device_del", id="leak0")
        for _ in range(200):
            vm.leak_if_there()
            if "DEVICE_DELETED" in vm.events:
                break
            time.sleep(0.02)
        tap.ok("DEVICE_DELETED" in vm.events, "the device can be unplugged under load")
        vm.wait_until("[[ ! -e /sys/virtio-rng/virtio_rng.0 ]]")
        tap.ok(generation(vm) > before, "unplugging moves the generation")
        vm.qmp("device_add", driver="virtio-rng-leak-pci", id="leak0")
        vm.wait_until(f"[[ -e {SYSFS}.0/leak && $(cat {SYSFS}.0/leak) == latch ]]")
        leaks_at_once(tap, vm, "plugged again", 2, 2)
        other_leak(tap, vm, "plugged again", "other kernel code's requests")
        tap.log_is_clean(vm, "unplug and suspend")


def suspended(tap, vm):
    before = generation(vm)
    # The hwrng stays registered: somebody reads all the time. Not dd, for which others wait.
    vm.run("cat /dev/hwrng >/dev/null 2>&1 & echo $! >/tmp/reader.pid")
    read = "$(sed -n 's/^rchar: //p' /proc/$(cat /tmp/reader.pid)/io)"
    vm.run("(sleep 0.2; echo mem >/sys/power/state) >/tmp/suspend 2>&1 & echo $! >/tmp/suspend.pid")
    for _ in range(1000):
        vm.qmp("query-status")
        if "SUSPEND" in vm.events:
            break
        time.sleep(0.02)
    vm.leak()
    vm.qmp("system_wakeup")
    # What is sent over a serial line before that is lost.
    vm.wait_console("PM: suspend exit")
    vm.wait_until("! kill -0 $(cat /tmp/suspend.pid)", seconds=40)
    tap.equal(vm.run("cat /tmp/suspend"), "", "the machine suspends and resumes")
    tap.ok(generation(vm) > before, "a leak while suspended moves the generation")
    leaks_at_once(tap, vm, "resumed", 2, 2)
    got = vm.run("dd if=/dev/hwrng bs=64 count=16 2>/dev/null | wc -c")
    tap.equal(got, "1024", "resumed: /dev/hwrng gives bytes")
    had = int(vm.run(f"echo {read}"))
    vm.run(f"for i in {{1..200}}; do (({read} > {had})) && exit; sleep 0.05; done", check=False)
    tap.ok(int(vm.run(f"echo {read}")) > had, "resumed: whoever was reading /dev/hwrng goes on")
    vm.run("kill $(cat /tmp/reader.pid)")


# The driver is under test, so the machine is the QEMU that emulates fastest. In "make check-all" the device of QEMU 7.2 has
# tests of its own (qemu-*.t), and vm-snapshot.t and vm-window.t use it for Debian 12's machines.
# On the oldest and the newest kernel: what 6.12 has of this is in one of the two.
each_suite(several_devices, latch, plain, bounced, unplugged, qemu="10.0",
           suites="bookworm backports", more="trixie")
