# SPDX-License-Identifier: LGPL-2.1-or-later
"""The system generation counter: it is another number after each restore of this process, container or machine.

    import sysgenid

    seen = sysgenid.generation()        # None: there is no counter, and nothing can be noticed
    if sysgenid.changed(seen):          # before each use of what must not exist twice
        ...
    sysgenid.wait(seen, timeout=10)     # the new generation, or None when the time is over
    sysgenid.on_change(callback)        # callback(generation), in a thread of its own
    sysgenid.incarnation()              # 16 bytes that no other copy has; None: not known
    sysgenid.await_restore(timeout=10)  # what has happened; None when the time is over

Compare generations for equality only. A program that looks before each use is never late; one that is called back is.
"""
import os
import time

from . import counter

__all__ = ["generation", "changed", "wait", "on_change", "fresh_bytes", "incarnation", "await_restore", "error"]

FILE_PAUSE_S = 0.02  # a file wakes nobody
RESEED_PAUSE_S = 0.001


def generation():
    """The number now. The look is a memory load, and two more on the device, for the hypervisor's counter."""
    return None if _counter is None else _counter.generation()


def changed(seen):
    return _counter is not None and _counter.changed(seen)


def _wait_on_device(seen, timeout):
    import select
    fd = counter.open_fd(_path)
    try:
        # This file is outdated by what comes after its open, and the look follows that.
        if _counter.generation() == seen:
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            poll.poll(None if timeout is None else max(0, timeout) * 1000)
    finally:
        os.close(fd)


def _wait_on_file(seen, timeout):
    end = None if timeout is None else time.monotonic() + timeout
    while _counter.generation() == seen and (end is None or time.monotonic() < end):
        time.sleep(FILE_PAUSE_S)


def wait(seen, timeout=None):
    """Sleeps until the generation is another one than "seen", and returns it; None when "timeout" seconds are over."""
    if _counter is None:
        raise error
    if _counter.is_file:
        _wait_on_file(seen, timeout)
    else:
        _wait_on_device(seen, timeout)
    now = _counter.generation()
    return now if now != seen else None


def _call_back(callback, seen):
    import traceback
    while True:
        now = wait(seen)
        if now is None:
            continue
        seen = now
        try:
            callback(now)
        except Exception:
            os.write(2, f"sysgenid: the callback {callback!r} has failed:\n{traceback.format_exc()}".encode())
            if counter.strict():
                os._exit(70)  # EX_SOFTWARE


def on_change(callback):
    """Calls back after each change, in a thread of its own that ends with the program; not in a child after fork. An
    exception is printed and the next change calls again; SYSGENID_PYTHON=strict ends the program instead. Without a
    counter nothing ever happens."""
    import threading
    if _counter is not None:
        threading.Thread(target=_call_back, args=(callback, generation()), name="sysgenid", daemon=True).start()


def fresh_bytes(size):
    """Bytes from the kernel that no clone has: not from a state in this process."""
    from .fresh import kernel_bytes
    return kernel_bytes(size)


def _identify(timeout):
    """The incarnation, and its generation."""
    page = None if _counter is None else _counter.page
    if page is None or not page[counter.FLAGS] & counter.FLAG_INCARNATION:
        return None, None
    end = time.monotonic() + timeout
    while True:
        now = _counter.generation()
        if page[counter.RNG_GENERATION] == now:
            words = bytes(page[counter.INCARNATION])
            # Between the two looks at the generation: a copy has another namespace.
            if _counter.is_file:
                words = counter.tell_apart(words)
            if not _counter.changed(now):
                return (None, None) if words is None else (words, now)
        if time.monotonic() >= end:
            return None, None
        time.sleep(RESEED_PAUSE_S)


def incarnation(timeout=10):
    """Who one is: 16 random bytes that no other copy has, and that are new in each generation. Of a counter file that
    containers share, only those differ that live at the same time. No secret, and no entropy.
    Waits up to "timeout" seconds for the kernel's reseed after a restore. None: not known here, or not in time."""
    return _identify(timeout)[0]


def await_restore(timeout=None, after=None):
    """Sleeps until this process, container or machine has been restored, or was dumped and goes on. One call lasts from
    before a dump until after the restore. Returns an object: .what is "restore" or "resume", .generation, and .incarnation,
    which is None where it is not known; None when "timeout" seconds are over. "after" is what the last call has returned,
    so that nothing between the two calls is missed."""
    if _counter is None:
        raise error
    from .handoff import await_restore as await_it
    return await_it(timeout, after)


_path, _counter, error = counter.default_path(), None, None  # error: why there is no counter
try:
    _counter = counter.open_counter(_path)
except OSError as why:
    error = why
