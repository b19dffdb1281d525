# SPDX-License-Identifier: LGPL-2.1-or-later
"""The blocking hand-off, as lib/await.c in C: restored, or dumped and going on?"""
import collections
import os
import time

import sysgenid

from .counter import GENERATION, RESTORED, RESUMED

MOST_LOOKS = 100

Awaited = collections.namedtuple("Awaited", "what generation incarnation restored")


def _look():
    """The generation, and the one that the last restore has begun."""
    if sysgenid._counter.is_file:
        page = sysgenid._counter.page
        while True:
            now = restored = page[GENERATION]
            if page[RESUMED] == now:
                restored = page[RESTORED]
            if page[GENERATION] == now:
                return now, restored
    from .control import look
    return look()


def _identify():
    """The same, and the incarnation: None where the generation has not got one in time."""
    for _ in range(MOST_LOOKS):
        incarnation, its_generation = sysgenid._identify(10)
        generation, restored = _look()
        # Otherwise the generation has moved on between the two.
        if incarnation is None or generation == its_generation:
            return generation, restored, incarnation
    return generation, restored, None


def await_restore(timeout, after):
    seen, restored_before = (after.generation, after.restored) if after else _look()
    end, left = None if timeout is None else time.monotonic() + timeout, timeout
    while sysgenid.wait(seen, left) is None:
        if end is not None and time.monotonic() >= end:
            return None
        left = None if end is None else end - time.monotonic()
    generation, restored, incarnation = _identify()
    return Awaited("resume" if restored == restored_before else "restore", generation, incarnation, restored)
