#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A session number that no clone has: see ../bindings.md."""
import ctypes
import mmap
import os
import secrets
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int,
                      ctypes.c_int, ctypes.c_int, ctypes.c_long)


def open_counter():
    """The word, or None where there is no counter and nothing can be noticed."""
    try:
        fd = os.open(os.environ.get("SYSGENID_PATH", "/dev/sysgenid"), os.O_RDONLY)
    except OSError:
        return None
    # Not the module mmap's: a ctypes object on it needs a mapping that can be written.
    address = libc.mmap(None, 4, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
    os.close(fd)
    return None if address == ctypes.c_void_p(-1).value else ctypes.c_uint32.from_address(address)


word = open_counter()
seen = word.value if word is not None else 0
session = None


def session_number():
    global seen, session
    now = word.value if word is not None else seen
    if now != seen:
        session = None  # made by somebody we were once
    seen = now
    if session is None:
        session = secrets.token_hex(8)
    return session


for _ in sys.stdin:
    print(session_number(), flush=True)
