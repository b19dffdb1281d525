#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs a command where seccomp(2) refuses something with EPERM, as the profile of a container may:
refuse.py netlink|pidfd COMMAND... (on x86-64)"""
import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, UNLESS_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, EPERM = 0x7FFF0000, 0x00050001
SOCKET, PIDFD_OPEN, AF_NETLINK = 41, 434, 16


def step(code, value, skip=0):
    return struct.pack("=HBBI", code, 0, skip, value)


NUMBER, ARGUMENT = step(LOAD, 0), step(LOAD, 16)
FILTERS = {
    "netlink": (NUMBER, step(UNLESS_EQUAL, SOCKET, 3), ARGUMENT, step(UNLESS_EQUAL, AF_NETLINK, 1)),
    "pidfd": (NUMBER, step(UNLESS_EQUAL, PIDFD_OPEN, 1)),
}

steps = FILTERS[sys.argv[1]] + (step(RETURN, EPERM), step(RETURN, ALLOW))
program = ctypes.create_string_buffer(b"".join(steps))
filters = struct.pack("@HP", len(steps), ctypes.addressof(program))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filters, 0, 0):
    sys.exit("refuse.py: no filter: " + os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[2], sys.argv[2:])
