# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python's module random: each draw of each instance looks at the generation first."""
from _functools import partial
from types import CellType, MethodType

from .fresh import at_once


def mend(random, fresh):
    """Changes the class, so that instances that exist, those made later and those of subclasses are covered."""
    base = random.Random.__bases__[0]
    renew = make_renew(base, fresh)
    mend_draws(random.Random, base, fresh.counter, renew)
    mend_seeds(random.Random, fresh)
    mend_hidden(random, random._inst, base, fresh.counter, renew)


def make_renew(base, fresh):
    def renew(self):
        if fresh.is_current(self._sysgenid_seen):
            return
        material, generation, reseeded = fresh.draw()
        # Nothing gets worse: what the old state had is in the new one.
        material += base.getrandbits(self, 256).to_bytes(32, "little")
        # Else the next draw renews it again, until the kernel's generator is reseeded.
        mark = generation if reseeded else None
        self.gauss_next = None
        # A thread that was late with its bytes must not put an old state under another one's mark.
        at_once(partial(base.seed, self, int.from_bytes(material, "little")),
                partial(base.__setattr__, self, "_sysgenid_seen", mark),
                partial(setattr, self._sysgenid_cell, "cell_contents", mark))

    return renew


def like(original):
    """A decorator: the new function has the name and the text of the original one, and the place where pickle finds it."""
    def copy(function):
        for name in ("__name__", "__qualname__", "__doc__"):
            setattr(function, name, getattr(original, name))
        function.__module__ = "random"
        return function

    return copy


def mend_draws(Random, base, counter, renew):
    view, clock, known = counter.page, counter.clock, counter.known
    draw, bits = base.random, base.getrandbits
    old_gauss, old_getstate = Random.gauss, Random.getstate

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

    Random._sysgenid_seen = view[0]
    for function in (random, getrandbits, gauss, getstate):
        setattr(Random, function.__name__, function)


def mend_seeds(Random, fresh):
    """A state that the program sets in this generation stays as the program wants it. The look comes before the call, so that a
    change after it counts, and the mark after it, so that a call that fails leaves the old one."""
    old_seed, old_setstate, look = Random.seed, Random.setstate, fresh.counter.generation

    def mark(self, seen):
        self._sysgenid_seen = self._sysgenid_cell.cell_contents = seen

    @like(old_setstate)
    def setstate(self, state):
        seen = look()
        old_setstate(self, state)
        mark(self, seen)

    @like(old_seed)
    def seed(self, a=None, version=2):
        seen = look()
        # Without a seed it asks the kernel, which may still give what it gives to a clone.
        if a is None and not fresh.is_reseeded(seen):
            seen = None
        old_seed(self, a, version)
        mark(self, seen)

    Random._sysgenid_cell = CellType()  # only one instance has a use for it: the one of mend_hidden()
    for function in (setstate, seed):
        setattr(Random, function.__name__, function)


def make_hidden(view, seen, renew, draw, bits):
    def random(self):
        if view[0] != seen:
            renew(self)
        return draw()

    def getrandbits(self, k):
        if view[0] != seen:
            renew(self)
        return bits(k)

    return random, getrandbits


def make_hidden_with_clock(view, clock, known, seen, renew, draw, bits):
    """As make_hidden(), in which the question for a second page would cost what a method costs more than a function."""
    def random(self):
        if clock != known or view[0] != seen:
            renew(self)
        return draw()

    def getrandbits(self, k):
        if clock != known or view[0] != seen:
            renew(self)
        return bits(k)

    return random, getrandbits


def mend_hidden(module, inst, base, counter, renew):
    """The instance behind random.random(): its functions keep the mark in a variable, which is cheaper than in the instance.
    Methods that have their instance, as before: those can be attributes of other classes, and can be pickled."""
    plain = base.random.__get__(inst), base.getrandbits.__get__(inst)
    if counter.clock is None:
        functions = make_hidden(counter.page, inst._sysgenid_seen, renew, *plain)
    else:
        functions = make_hidden_with_clock(counter.page, counter.clock, counter.known, inst._sysgenid_seen, renew, *plain)
    inst._sysgenid_cell = functions[0].__closure__[functions[0].__code__.co_freevars.index("seen")]
    for function, original in zip(functions, plain):
        setattr(inst, function.__name__, MethodType(like(original)(function), inst))
    for name in ("random", "getrandbits", "gauss", "getstate", "setstate", "seed"):
        setattr(module, name, getattr(inst, name))
