# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bytes that no clone of this process has, to renew a generator with. What renew/ is for programs in C."""
import errno
import os
import time
from _collections import deque
from _functools import partial

from .counter import FLAG_RNG, FLAGS, GENERATION, RNG_GENERATION

KERNEL_WAIT_S = 1.0


class NotReseeded(RuntimeError):
    """The kernel's own generator is not reseeded for this generation, and "strict" is set."""


def kernel_bytes(size):
    """Read from the device: os.urandom asks libc, whose state in this process a clone has as well."""
    try:
        fd = os.open("/dev/urandom", os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        return os.urandom(size)  # a container without /dev; criu's plugin takes care of libc's state
    try:
        got = b""
        while len(got) < size:
            more = os.read(fd, size - len(got))
            if not more:
                raise OSError(errno.EIO, "it has no bytes: that is not the kernel's device", "/dev/urandom")
            got += more
        return got
    finally:
        os.close(fd)


def at_once(*calls):
    """Makes calls of compiled functions, each a partial, between which no other thread and no signal's handler runs: Python
    switches to those in its own code only. A lock would not do, since a handler can run while it is held."""
    deque(map(partial.__call__, calls), 0)


class Fresh:
    """One for each interpreter. There is no lock: a signal's handler may draw while a draw that it has interrupted waits."""

    def __init__(self, counter, strict):
        self.counter, self.page, self.strict = counter, counter.page, strict
        self.late = False  # a wait has reached its limit: nobody waits again until the kernel has caught up

    def is_reseeded(self, generation):
        """Does the kernel give bytes that no clone of an earlier generation has? Also where it does not tell."""
        page = self.page
        return self.counter.ask() and page[GENERATION] == generation and (
            not page[FLAGS] & FLAG_RNG or page[RNG_GENERATION] == generation)

    def is_current(self, seen):
        """Is nothing to be renewed that was made in the generation "seen"?"""
        return self.counter.ask() and self.page[GENERATION] == seen

    def wait(self):
        """Waits, but not for long, for the kernel's reseed: the generation then, and whether it has come."""
        end, pause = time.monotonic() + KERNEL_WAIT_S, 0.00005
        while True:
            self.counter.ask()
            generation = self.page[GENERATION]
            reseeded = self.is_reseeded(generation)
            if reseeded or self.late or time.monotonic() >= end:
                self.late = not reseeded
                return generation, reseeded
            time.sleep(pause)
            pause = min(pause * 2, 0.001)

    def draw(self):
        """Fresh bytes, the generation for which they were drawn, and whether one renewal with them is enough."""
        generation, reseeded = self.wait()
        if self.strict and not reseeded:
            raise NotReseeded(NotReseeded.__doc__)
        more = (time.time_ns(), time.monotonic_ns(), generation)
        material = kernel_bytes(48) + b"".join(number.to_bytes(8, "little") for number in more)
        return material, generation, reseeded and self.is_reseeded(generation)
