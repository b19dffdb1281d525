# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python's module uuid: what it and libuuid keep for UUIDs that are made of time and node."""
import functools

# What the module keeps from one UUID to the next; which of them there are depends on Python's version. Without the last
# one it no longer asks libuuid, whose sequence number a clone has as well, but draws one for each UUID.
KEPT = ("_node", "_last_timestamp", "_last_timestamp_v6", "_last_timestamp_v7", "_generate_time_safe")
FUNCTIONS = ("getnode", "uuid1", "uuid6", "uuid7")


def mend(uuid, fresh):
    view, clock, known = fresh.page, fresh.counter.clock, fresh.counter.known
    seen = view[0]

    def renew():
        nonlocal seen
        now = fresh.counter.generation()
        for name in KEPT:
            if hasattr(uuid, name):
                setattr(uuid, name, None)
        seen = now

    def checked(original):
        @functools.wraps(original)
        def function(*args, **kwargs):
            if clock is not None and clock != known or view[0] != seen:
                renew()
            return original(*args, **kwargs)

        return function

    for name in FUNCTIONS:
        if hasattr(uuid, name):
            setattr(uuid, name, checked(getattr(uuid, name)))
