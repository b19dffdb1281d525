# SPDX-License-Identifier: LGPL-2.1-or-later
"""numpy.random: its generators are compiled and cannot be changed, but each draw takes the lock of its bit generator. So
the lock looks at the generation. What copies a generator reads its attribute "state" instead, so that one looks, too."""
import gc
import pickle
import sys
import threading
from _functools import partial

from .fresh import at_once

PLAIN = {}  # class of bit generators: its own attribute "state"
KEEP = {"bit_generator": "MT19937", "state": None}  # a state that changes nothing in a bit generator


def mend(module, fresh):
    if module.__name__ == "numpy.random.bit_generator":
        mend_locks(module, fresh)
        return
    for kind in list(vars(module).values()):
        if isinstance(kind, type) and kind.__module__ == module.__name__ and "state" in vars(kind):
            mend_state(kind, fresh)


def mend_locks(bit_generator, fresh):
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


def mend_state(kind, fresh):
    plain = PLAIN[kind] = vars(kind)["state"]

    def read(self):
        with self.lock:
            return plain.__get__(self)

    # A state that the program sets in this generation stays as the program wants it. The look comes first: a change after
    # it counts.
    def write(self, value):
        if value is KEEP:
            return
        seen = fresh.counter.generation()
        plain.__set__(self, value)
        if hasattr(self.lock, "_seen"):  # not if it was made before the switch
            self.lock._seen = seen

    # A compiled class takes no attribute, but its dictionary does: nothing has looked "state" up so far.
    names, = gc.get_referents(vars(kind))
    names["state"] = property(read, write, doc=plain.__doc__)


def find_owners(lock, kind, legacy):
    """The bit generator of a lock, and the instances of RandomState that use it. There is no reference to them: with one,
    generators would stay until the next garbage collection."""
    # The collector does not search what the program has frozen. It stays unfrozen: to freeze it again would freeze all else.
    if gc.get_freeze_count():
        gc.unfreeze()
    users = gc.get_referrers(lock)
    owners = [user for user in users if issubclass(type(user), kind)]
    if not owners:
        raise RuntimeError("the bit generator of a lock is not found, so it cannot be renewed")
    return owners, [user for user in users if issubclass(type(user), legacy)]


def renew(lock, kind, material, mark):
    """Gives the generator behind a lock a new state. Caller holds the lock, and passes the class BitGenerator. Nothing here
    takes the lock: a signal's handler that draws meanwhile finds the old mark, and renews the generator itself."""
    legacy = getattr(sys.modules.get("numpy.random.mtrand"), "RandomState", ())
    owners, users = find_owners(lock, kind, legacy)
    for owner in owners:
        # The program may have made a subclass of numpy's class.
        mro = type(owner).__mro__
        compiled = mro[mro.index(kind) - 1]
        plain = PLAIN.get(compiled) or compiled.state
        old = plain.__get__(owner)
        # Nothing gets worse: what the old state had is in the new one.
        new = plain.__get__(compiled(int.from_bytes(material + pickle.dumps(old), "little")))
        new["bit_generator"] = old["bit_generator"]
        for user in users:  # the legacy interface keeps every second normal number
            legacy.set_state(user, KEEP if compiled in PLAIN else new)
        at_once(partial(plain.__set__, owner, new), partial(setattr, lock, "_seen", mark))


def make_lock(kind, fresh):
    view, clock, known = fresh.page, fresh.counter.clock, fresh.counter.known

    class Lock:
        """A lock that renews its bit generator when the generation has changed. Reentrant, for a signal's handler."""
        __slots__ = ("_lock", "_seen", "__weakref__")

        def __init__(self):
            self._lock = threading.RLock()
            # The look comes before the seed is drawn, and the kernel may still give what it gives to a clone.
            generation, reseeded = fresh.wait()
            self._seen = generation if reseeded else None

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
            try:
                if not fresh.is_current(self._seen):
                    material, generation, reseeded = fresh.draw()
                    # Else the next draw renews it again, until the kernel's generator is reseeded.
                    renew(self, kind, material, generation if reseeded else None)
            except BaseException:
                self._lock.release()
                raise

    return Lock
