# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python's module random: each draw of each instance looks at the generation first."""
from types import MethodType


def mend(random, fresh):
    """Changes the class, so that instances that exist, those made later and those of subclasses are covered."""
    base = random.Random.__bases__[0]
    mend_class(random.Random, base, fresh.counter, make_renew(base, fresh))
    mend_hidden(random, random._inst, base, fresh.counter)


def make_renew(base, fresh):
    def renew(self):
        with fresh.lock:
            if fresh.is_current(self._sysgenid_seen):
                return
            material, generation, reseeded = fresh.draw()
            # Nothing gets worse: what the old state had is in the new one.
            material += base.getrandbits(self, 256).to_bytes(32, "little")
            base.seed(self, int.from_bytes(material, "little"))
            self.gauss_next = None
            # Else the next draw renews it again, until the kernel's generator is reseeded.
            if reseeded:
                self._sysgenid_seen = generation

    return renew


def like(original):
    """A decorator: the new function has the name and the text of the original one, and the place where pickle finds it."""
    def copy(function):
        for name in ("__name__", "__qualname__", "__doc__"):
            setattr(function, name, getattr(original, name))
        function.__module__ = "random"
        return function

    return copy


def mend_class(Random, base, counter, renew):
    view, clock, known = counter.page, counter.clock, counter.known
    draw, bits = base.random, base.getrandbits
    old_seed, old_gauss, old_getstate, old_setstate = Random.seed, Random.gauss, Random.getstate, Random.setstate

    @like(Random.random)
    def random(self):
        if clock is not None and clock != known or view[0] != self._sysgenid_seen:
            renew(self)
        return draw(self)

    @like(Random.getrandbits)
    def getrandbits(self, k):
        if clock is not None and clock != known or view[0] != self._sysgenid_seen:
            renew(self)
        return bits(self, k)

    # It hands out a number that it has kept from the last call.
    @like(old_gauss)
    def gauss(self, mu=0.0, sigma=1.0):
        if clock is not None and clock != known or view[0] != self._sysgenid_seen:
            renew(self)
        return old_gauss(self, mu, sigma)

    @like(old_getstate)
    def getstate(self):
        if clock is not None and clock != known or view[0] != self._sysgenid_seen:
            renew(self)
        return old_getstate(self)

    # A state that the program sets in this generation stays as the program wants it. The look comes first: a change after
    # it counts.
    @like(old_setstate)
    def setstate(self, state):
        self._sysgenid_seen = counter.generation()
        old_setstate(self, state)

    @like(old_seed)
    def seed(self, a=None, version=2):
        self._sysgenid_seen = counter.generation()
        old_seed(self, a, version)

    Random._sysgenid_seen = view[0]
    Random._sysgenid_renew = renew
    for function in (random, getrandbits, gauss, getstate, setstate, seed):
        setattr(Random, function.__name__, function)


def mend_hidden(module, inst, base, counter):
    """The instance behind random.random(): its functions keep the mark in a variable, which is cheaper than in the instance.
    Methods that have their instance, as before: those can be attributes of other classes, and can be pickled."""
    view, clock, known = counter.page, counter.clock, counter.known
    draw, bits, renew = base.random.__get__(inst), base.getrandbits.__get__(inst), inst._sysgenid_renew
    seen = view[0]

    def changed():
        nonlocal seen
        renew()
        seen = inst._sysgenid_seen

    @like(draw)
    def random(self):
        if clock is not None and clock != known or view[0] != seen:
            changed()
        return draw()

    @like(bits)
    def getrandbits(self, k):
        if clock is not None and clock != known or view[0] != seen:
            changed()
        return bits(k)

    for function in (random, getrandbits):
        setattr(inst, function.__name__, MethodType(function, inst))
    for name in ("random", "getrandbits", "gauss", "getstate", "setstate", "seed"):
        setattr(module, name, getattr(inst, name))
