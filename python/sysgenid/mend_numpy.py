# SPDX-License-Identifier: LGPL-2.1-or-later
"""numpy.random: its generators are compiled and cannot be changed, but each draw takes the lock of its bit generator. So
the lock looks at the generation."""
import gc
import sys
import threading


def mend(bit_generator, fresh):
    """Before the first bit generator is made: the module numpy.random.bit_generator has just been loaded."""
    names = [name for name in ("Lock", "RLock") if hasattr(bit_generator, name)]
    if not names:
        raise RuntimeError("this numpy makes the locks of its bit generators in another way")
    lock = make_lock(bit_generator.BitGenerator, fresh)
    for name in names:
        setattr(bit_generator, name, lock)
    # Python starts with the switch, so this takes a .pth file that loads numpy and comes before ours. (In numpy 1.24 this module
    # is loaded by mtrand, which is there then and has made nothing.)
    if hasattr(sys.modules.get("numpy.random.mtrand"), "_rand"):
        raise RuntimeError("numpy was loaded before the switch: what it has made so far is not covered")


def renew(lock, kind, material):
    """Gives all generators behind a lock a new state. Caller holds the lock, and passes the class BitGenerator."""
    owners = gc.get_referrers(lock)
    for owner in owners:
        if isinstance(owner, kind):
            # Nothing gets worse: what the old state had is in the new one.
            old = b"".join(int(number).to_bytes(8, "little") for number in owner.random_raw(4))
            owner.state = type(owner)(int.from_bytes(material + old, "little")).state
    for owner in owners:
        if type(owner).__name__ == "RandomState":  # the legacy interface keeps every second normal number
            state = owner.get_state(legacy=False)
            state.update(has_gauss=0, gauss=0.0)
            owner.set_state(state)


def make_lock(kind, fresh):
    view, clock, known = fresh.page, fresh.counter.clock, fresh.counter.known

    class Lock:
        """A lock that renews its bit generator when the generation has changed. Reentrant, for the renewal's own use."""
        __slots__ = ("_lock", "_seen", "_busy", "__weakref__")

        def __init__(self):
            # The look comes before the seed is drawn.
            self._lock, self._seen, self._busy = threading.RLock(), view[0], False

        def __enter__(self):
            self._lock.acquire()
            if clock is not None and clock != known or view[0] != self._seen:
                self._renew()
            return True

        def __exit__(self, *error):
            self._lock.release()

        def acquire(self, blocking=True, timeout=-1):
            got = self._lock.acquire(blocking, timeout)
            if got and (clock is not None and clock != known or view[0] != self._seen):
                self._renew()
            return got

        def release(self):
            self._lock.release()

        def _renew(self):
            if self._busy or fresh.is_current(self._seen):
                return
            self._busy = True
            try:
                material, generation, reseeded = fresh.draw()
                renew(self, kind, material)
                if reseeded:
                    self._seen = generation
            except BaseException:
                self._lock.release()
                raise
            finally:
                self._busy = False

    return Lock
