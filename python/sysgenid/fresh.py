# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bytes that no clone of this process has, to renew a generator with. What renew/ is for programs in C."""
import errno
import os
import time
from _thread import RLock

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


class Fresh:
    """One for each interpreter. Caller holds .lock in all methods."""

    def __init__(self, counter, strict):
        self.counter, self.page, self.strict = counter, counter.page, strict
        self.late = False  # a wait has reached its limit: nobody waits again until the kernel has caught up
        self.lock = RLock()  # reentrant: a signal's handler may draw, too
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._new_lock)

    def _new_lock(self):
        # A thread that the child does not have may have held it. What it had not finished is not marked as done.
        self.lock = RLock()

    def is_reseeded(self, generation):
        """Does the kernel give bytes that no clone of an earlier generation has? Also where it does not tell."""
        page = self.page
        return self.counter.ask() and page[GENERATION] == generation and (
            not page[FLAGS] & FLAG_RNG or page[RNG_GENERATION] == generation)

    def is_current(self, seen):
        """Is nothing to be renewed that was made in the generation "seen"?"""
        return self.counter.ask() and self.page[GENERATION] == seen

    def _wait(self):
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
        generation, reseeded = self._wait()
        if self.strict and not reseeded:
            raise NotReseeded(NotReseeded.__doc__)
        more = (time.time_ns(), time.monotonic_ns(), generation)
        material = kernel_bytes(48) + b"".join(number.to_bytes(8, "little") for number in more)
        return material, generation, reseeded and self.is_reseeded(generation)
