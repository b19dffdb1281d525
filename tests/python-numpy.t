#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The Python package and numpy, as tests/python.t."""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "python"))
sys.dont_write_bytecode = True

from bench import Bench, check_again, check_clones, check_machines, finish, ok, write_counter  # noqa: E402

# NAME: (what sets the generator up, what draws)
NUMPY = {
    "numpy.random.rand": ("import numpy; numpy.random.seed(1)", "numpy.random.rand()"),
    "numpy.random.randn, which keeps every second number": ("import numpy; numpy.random.seed(1)", "numpy.random.randn()"),
    "numpy.random.RandomState": ("import numpy; one = numpy.random.RandomState(1)", "one.randint(1 << 60)"),
    "numpy.random.default_rng": ("import numpy; one = numpy.random.default_rng(1)", "one.random()"),
    "numpy's integers of 32 bits, of which it keeps one": (
        "import numpy; one = numpy.random.default_rng(1)", "one.integers(0, 1 << 31, dtype=numpy.int32)"),
    "numpy.random.Generator(Philox)": ("import numpy; one = numpy.random.Generator(numpy.random.Philox(1))", "one.bytes(9)"),
    "numpy.random.Generator(SFC64)": ("import numpy; one = numpy.random.Generator(numpy.random.SFC64(1))", "one.normal()"),
    "numpy.random.Generator(MT19937)": ("import numpy; one = numpy.random.Generator(numpy.random.MT19937(1))", "one.random(3)"),
    "numpy: one from a pickle": (
        "import numpy, pickle; one = pickle.loads(pickle.dumps(numpy.random.default_rng(1)))", "one.random()"),
    "numpy: a subclass of RandomState, which keeps every second number": (
        "import numpy\nclass Mine(numpy.random.RandomState):\n    pass\none = Mine(1)", "one.randn()"),
    "numpy: a subclass of a bit generator, with arguments of its own": (
        "import numpy\nclass Mine(numpy.random.PCG64):\n    def __init__(self):\n        super().__init__(1)\n"
        "one = numpy.random.Generator(Mine())", "one.random()"),
    "numpy after gc.freeze()": ("import numpy, gc; one = numpy.random.default_rng(1); gc.freeze()", "one.random()"),
    "numpy.random.randn after gc.freeze()": ("import numpy, gc; numpy.random.seed(1); gc.freeze()", "numpy.random.randn()"),
    # Of these no draw comes first.
    "numpy: a copy": ("import numpy, copy; one = numpy.random.default_rng(1)", "copy.deepcopy(one).random()"),
    "numpy: a pickle": ("import numpy, pickle; one = numpy.random.default_rng(1)",
                        "pickle.loads(pickle.dumps(one)).random()"),
    "numpy: a copy of a RandomState that has kept a number": (
        "import numpy, copy; one = numpy.random.RandomState(1); one.randn()", "copy.deepcopy(one).randn()"),
    "numpy.random.get_state": ("import numpy; numpy.random.seed(1)", "numpy.random.get_state()"),
}
CLASSES = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
NUMPY.update({f"numpy: the state of {name}": (f"import numpy; one = numpy.random.{name}(1)", "one.state") for name in CLASSES})
NUMPY.update({f"numpy: what {name} jumps to": (f"import numpy; one = numpy.random.{name}(1)", "one.jumped().random_raw()")
              for name in CLASSES[:-1]})
AGAIN = {
    "numpy": ("import numpy", "numpy.random.seed(5)", "numpy.random.rand()"),
    "numpy's generators": ("import numpy", "one = numpy.random.default_rng(5)", "one.random()"),
    "numpy, by its state": ("import numpy; state = numpy.random.RandomState(5).get_state()", "numpy.random.set_state(state)",
                            "numpy.random.rand()"),
    "numpy, by a state with a number that was kept": (
        "import numpy; one = numpy.random.RandomState(5); one.randn(); state = one.get_state()", "one.set_state(state)",
        "one.randn()"),
    "numpy's generators, by their state": (
        "import numpy; one = numpy.random.default_rng(5); state = one.bit_generator.state", "one.bit_generator.state = state",
        "one.random()"),
}

HANDLER = """
import numpy, signal
numpy.random.seed(1)
old = numpy.random.RandomState(1).rand()
got = []
signal.signal(signal.SIGALRM, lambda *more: got.append(numpy.random.rand()))
move(8)
signal.setitimer(signal.ITIMER_REAL, 0.1)
outer = numpy.random.rand()
show(len(got), len({old, outer, *got}))
"""
# The main thread waits in a renewal, and its handler waits for the lock of a thread that waits in another one.
BOTH_WAIT = """
import faulthandler, numpy, signal, threading
faulthandler.dump_traceback_later(20, exit=True)
one, other = numpy.random.default_rng(1), numpy.random.default_rng(1)
started, got = threading.Event(), []
def run():
    started.set()
    got.append(other.random())
thread = threading.Thread(target=run)
signal.signal(signal.SIGALRM, lambda *more: (thread.start(), started.wait(), got.append(other.random())))
move(8)
signal.setitimer(signal.ITIMER_REAL, 0.1)
got.append(one.random())
thread.join()
show(len(got), len(set(got)))
"""
MADE_EARLY = """
import numpy, time
move(8)
start = time.monotonic()
one = numpy.random.default_rng()
waited = time.monotonic() - start
try:
    one.random()
except RuntimeError as error:
    show(type(error).__name__)
    sys.exit()
state = one.bit_generator.state
move(8, 8)
renewed = one.bit_generator.state != state
state = one.bit_generator.state
show(0.9 < waited < 10, renewed, one.bit_generator.state == state)
"""
NO_OWNER = """
import numpy.random.bit_generator as module
lock = getattr(module, "RLock" if hasattr(module, "RLock") else "Lock")()
move(8)
for _ in range(2):
    try:
        lock.acquire()
    except RuntimeError as error:
        show("not found" in str(error))
"""


def check_numpy(bench):
    write_counter(bench.word)
    done = bench.run(bench.on, "import numpy\nshow(numpy.random.rand() < 1)", SYSGENID_PYTHON="strict")
    ok((done.stdout, done.stderr) == ('["True"]\n', ""), "numpy: strict finds nothing wrong", done)
    done = bench.run(bench.off, "import numpy.random\nimport sysgenid.auto\nshow(1)", SYSGENID_PYTHON="warn")
    ok("numpy was loaded before the switch" in done.stderr, "numpy: loaded before the switch, it says so", done)


def check_late(bench):
    for name, text, values, more in (
            ("a signal's handler that interrupts a renewal draws no old number", HANDLER, ["1", "3"], {}),
            ("a handler may wait for a thread that renews another generator", BOTH_WAIT, ["3", "3"], {}),
            ("made before the kernel is reseeded: one wait of a second, and renewed when it is", MADE_EARLY, ["True"] * 3, {}),
            ("made before the kernel is reseeded, with strict: an exception at the first draw", MADE_EARLY, ["NotReseeded"],
             {"SYSGENID_PYTHON": "strict"})):
        write_counter(bench.word, flags=1, rng=7)
        done = bench.run(bench.on, text, **more)
        ok(json.loads(done.stdout or "[]") == values, f"numpy: {name}", done)
    write_counter(bench.word)
    done = bench.run(bench.on, NO_OWNER)
    ok(done.stdout == '["True"]\n' * 2, "numpy: a lock whose generator is not found raises at each draw", done)


def main():
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        check_clones(bench, NUMPY)
        check_machines(bench, NUMPY)
        check_again(bench, AGAIN)
        check_numpy(bench)
        check_late(bench)
    finish()


main()
