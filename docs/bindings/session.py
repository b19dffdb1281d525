#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A session number that no clone has: see ../bindings.md."""
import ctypes
import mmap
import os
import secrets
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int,
                      ctypes.c_int, ctypes.c_int, ctypes.c_long)
libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def map_page(fd, offset):
    # Not the module mmap's: a ctypes object on it needs a mapping that can be written.
    address = libc.mmap(None, mmap.PAGESIZE, mmap.PROT_READ, mmap.MAP_SHARED, fd, offset)
    return None if address == ctypes.c_void_p(-1).value else address


def open_counter():
    """The counter's page and the hypervisor's, each None where there is none."""
    try:
        fd = os.open(os.environ.get("SYSGENID_PATH", "/dev/sysgenid"), os.O_RDONLY)
    except OSError:
        return None, None
    try:
        # A file in the counter's place has one page, and an older module as well.
        one_page = os.fstat(fd).st_size == mmap.PAGESIZE
        return map_page(fd, 0), None if one_page else map_page(fd, mmap.PAGESIZE)
    finally:
        os.close(fd)


page, vmclock = open_counter()
word = ctypes.c_uint32.from_address(page) if page else None  # None: nothing can be noticed
seen = word.value if page else 0
session = None


def is_behind():
    """Has the hypervisor restored this machine, and the kernel not moved the generation yet?"""
    return vmclock and (ctypes.c_uint64.from_address(vmclock + 0x68).value
                        != ctypes.c_uint64.from_address(page + 80).value)


def catch_up():
    """Has the kernel move it. False if it does not do so within a second."""
    for _ in range(1000):
        if not is_behind():
            return True
        # With the next load of that page the kernel looks.
        libc.madvise(vmclock, mmap.PAGESIZE, mmap.MADV_DONTNEED)
        if is_behind():
            time.sleep(0.001)
    return False


def session_number():
    global seen, session
    sure = not page or catch_up()
    now = word.value if page else seen
    if not sure or now != seen:
        session = None  # made by somebody we were once
    seen = now
    if session is None:
        session = secrets.token_hex(8)
    return session


for _ in sys.stdin:
    print(session_number(), flush=True)
