#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What /dev/sysgenid-vmclock does: a line "WHAT: ANSWER" for each question."""
import ctypes
import errno
import fcntl
import mmap
import os
import select
import struct
import sys

NODE = "/dev/sysgenid-vmclock"
PAGE = mmap.PAGESIZE
TRACK, TRIGGER, MARK = 0xE401, 0xE403, 0xE404
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]


def say(what, answer):
    print(f"{what}: {answer}")


def mapped(fd, size, protection, offset=0, how=mmap.MAP_SHARED):
    at = LIBC.mmap(None, size, protection, how, fd, offset)
    if at != ctypes.c_void_p(-1).value:
        return "mapped"
    return errno.errorcode[ctypes.get_errno()]


def fields(page):
    names = ("magic", "size", "version", "counter_id", "time_type", "seq", "marker", "flags")
    found = dict(zip(names, struct.unpack_from("<IIHBBIQQ", page)))
    found["counter"], = struct.unpack_from("<Q", page, 0x68)
    return found


def readable(fd):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return {select.POLLIN: "in"}.get(poll.poll(0)[0][1], "other") if poll.poll(0) else "quiet"


def attribute(name):
    with open(f"/sys/class/misc/sysgenid/{name}", encoding="ascii") as file:
        return int(file.read())


def generation():
    return attribute("generation")


def main():
    device = os.open("/dev/sysgenid", os.O_RDWR)
    fd = os.open(NODE, os.O_RDONLY)
    say("poll before any event", readable(fd))
    page = mmap.mmap(fd, PAGE, mmap.MAP_SHARED, mmap.PROT_READ)
    first = fields(page)
    say("magic, version, clock", f"{first['magic']:#x} {first['version']} {first['counter_id']:#x} {first['time_type']}")
    say("size is a page", first["size"] == PAGE)
    say("flags", f"{first['flags']:#x}")
    say("all fields of time are 0", not any(page[0x20:0x68]) and not any(page[0x70:]))
    say("writable", mapped(fd, PAGE, mmap.PROT_READ | mmap.PROT_WRITE, how=mmap.MAP_PRIVATE))
    say("two pages", mapped(fd, 2 * PAGE, mmap.PROT_READ))
    say("offset", mapped(fd, PAGE, mmap.PROT_READ, PAGE))
    fcntl.ioctl(device, TRIGGER, 1000)
    now = fields(page)
    say("counter is the generation", now["counter"] == generation() and now["counter"] >= 1000)
    say("counter, marker and seq_count have changed", all(now[key] != first[key] for key in ("counter", "marker", "seq")))
    say("seq_count is even", now["seq"] % 2 == 0)
    say("poll after an event", readable(fd))
    say("pread of the counter alone", struct.unpack("<Q", os.pread(fd, 8, 0x68))[0] == now["counter"])
    say("poll after a read", readable(fd))
    say("a read gives the page", os.read(fd, 2 * PAGE) == page[:])
    say("at the end", len(os.read(fd, 10)))
    say("poll of a file opened after an event", readable(os.open(NODE, os.O_RDONLY)))
    if os.fork() == 0:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        os._exit(0 if poll.poll(20000) == [(fd, select.POLLIN)] else 1)
    fcntl.ioctl(device, TRIGGER, 0)
    say("a sleeper is woken", os.waitstatus_to_exitcode(os.wait()[1]))
    os.read(fd, 10)
    say("poll after an event and a read at the end", readable(fd))

    # Half of all numbers further, twice the generation is the same 32-bit number.
    os.pread(fd, 8, 0x68)
    before = fields(page)
    LIBC.ioctl(device, TRIGGER, ctypes.c_ulong(generation() + (1 << 31)))
    say("half of all numbers further seq_count is another", fields(page)["seq"] != before["seq"])
    say("and poll says so", readable(fd))
    say("a read has the page's seq_count", os.pread(fd, PAGE, 0) == page[:])
    say("poll is quiet then", readable(fd))

    fcntl.ioctl(fd, TRACK, 1)
    fcntl.ioctl(device, TRIGGER, 0)
    say("a tracked view is outdated after an event", attribute("outdated"))
    os.pread(fd, 8, 0x68)
    say("outdated after a read", attribute("outdated"))
    fcntl.ioctl(fd, MARK, 0)
    say("poll of a view that is marked outdated", readable(fd))
    fcntl.ioctl(fd, TRACK, 0)


sys.exit(main())
