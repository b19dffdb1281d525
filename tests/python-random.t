#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The Python package and the module random, as tests/python.t: seeds that come early or fail, and programs that use the
module in other ways than by a call."""
import json
import os
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "python"))
sys.dont_write_bytecode = True

from bench import Bench, finish, ok, write_counter  # noqa: E402

USES = """
import pickle, random
from concurrent.futures import ProcessPoolExecutor
NAMES = ("random", "getrandbits", "gauss", "randint", "seed", "getstate", "setstate")
class Other:
    draw, bits, normal = random.random, random.getrandbits, random.gauss
def attributes():
    other = Other()
    return 0 <= other.draw() < 1, other.bits(8) < 256, other.normal(0, 0) == 0
def pickles():
    random.seed(3)
    draw = pickle.loads(pickle.dumps(random.random))
    return draw() == random.random(), [pickle.loads(pickle.dumps(getattr(random, name))).__name__ for name in NAMES]
def methods():
    return [pickle.loads(pickle.dumps(getattr(random.Random, name))) is getattr(random.Random, name) for name in NAMES]
def pool():
    with ProcessPoolExecutor(1) as one:
        return 0 <= one.submit(random.random).result() < 1
def names():
    return [(getattr(random, name).__name__, getattr(random, name).__qualname__, getattr(random, name).__doc__,
             getattr(random, name).__self__ is random._inst) for name in NAMES]
def loader():
    import uuid
    return [(type(module.__loader__).__name__, module.__spec__.loader is module.__loader__,
             "exec_module" in vars(module.__loader__)) for module in (random, uuid)]
for use in (attributes, pickles, methods, pool, names, loader):
    try:
        print(use())
    except Exception as error:
        print(use.__name__, type(error).__name__, error)
"""


def check_uses(bench):
    """As without us."""
    write_counter(bench.word)
    off, on = bench.run(bench.off, USES), bench.run(bench.on, USES)
    ok(off.stdout.count("\n") == 6 and "Error" not in off.stdout, "control: a program uses the functions as objects", off)
    for name, without, with_ in zip(("attributes of a class", "pickles", "pickles of the class's methods",
                                     "calls in a pool of processes", "names, texts and instances", "the modules' loaders"),
                                    off.stdout.split("\n"), on.stdout.split("\n")):
        ok(without == with_, f"{name}: as without us", without, with_, on.stderr)


FAILED = """
import random
one, state, shown = random.Random(1), random.Random(1).getstate(), []
numbers = [random.Random(1).random(), random.Random(1).getrandbits(64)]
def check(generation, call, wrong):
    one.setstate(state)
    random.setstate(state)
    move(generation)
    for instance in (one, random):
        try:
            getattr(instance, call)(wrong)
        except (TypeError, ValueError):
            shown.append(instance.random() in numbers)
check(8, "seed", [1])
check(9, "setstate", (4, (), None))
check(10, "setstate", (3, (1, 2), None))
show(*shown)
"""
# A draw between the program's call and its end, as another thread's or a signal's handler.
BETWEEN = """
import random
got, numbers = [], [random.Random(1).random()]
class Seed(str):
    def encode(self):
        got.append(one.random())
        return super().encode()
one = random.Random(1)
move(8)
one.seed(Seed("5"))
show(len(got), got[0] in numbers, one.random() == random.Random("5").random())
"""
EARLY = """
import random, time
move(8, 7)
one, seeded = random.Random(), random.Random(5)
random.seed()
try:
    one.random()
except RuntimeError as error:
    show(type(error).__name__)
    sys.exit()
states = one.getstate(), random.getstate()
move(8, 8)
renewed = one.getstate() != states[0], random.getstate() != states[1]
states = one.getstate(), random.getstate()
show(*renewed, states == (one.getstate(), random.getstate()), seeded.random() == random.Random(5).random())
"""
# A handler that draws while a draw waits, and a thread that holds a lock of the program's that the handler wants.
HANDLER = """
import faulthandler, random, signal, threading
faulthandler.dump_traceback_later(20, exit=True)
random.seed(1)
old, got, lock, started = random.Random(1).random(), [], threading.Lock(), threading.Event()
def run():
    with lock:
        started.set()
        got.append(random.random())
thread = threading.Thread(target=run)
def handler(*more):
    thread.start()
    started.wait()
    with lock:
        got.append(random.random())
signal.signal(signal.SIGALRM, handler)
move(8)
signal.setitimer(signal.ITIMER_REAL, 0.1)
got.append(random.random())
thread.join()
show(len(got), len({old, *got}))
"""


def check_seeds(bench):
    for name, text, values, more in (
            ("a seed or state that is refused leaves the generator to be renewed", FAILED, ["False"] * 6, {}),
            ("what draws while a seed is set gets no old number, and the seed holds", BETWEEN, ["1", "False", "True"], {}),
            ("made or seeded by the kernel before it is reseeded: renewed when it is; a seed of the program's holds", EARLY,
             ["True"] * 4, {}),
            ("made before the kernel is reseeded, with strict: an exception at the first draw", EARLY, ["NotReseeded"],
             {"SYSGENID_PYTHON": "strict"}),
            ("a signal's handler may wait for a thread that draws, while a draw waits", HANDLER, ["3", "4"], {})):
        write_counter(bench.word, flags=1, rng=7)
        done = bench.run(bench.on, text, **more)
        ok(json.loads(done.stdout or "[]") == values, name, done)


IMPOSTOR = """
import random
one, plain = random.Random(1), os.open
os.open = lambda path, *more: plain("/dev/null" if path == "/dev/urandom" else path, *more)
move(8)
try:
    one.random()
except OSError as error:
    show(error.filename, "no bytes" in error.strerror)
"""
ZIP = """
import sysgenid.auto
for name in ("random", "uuid"):
    sys.modules.pop(name, None)
sys.path.insert(0, "modules.zip")
import random, uuid, plain
one = random.Random(1)
move(8)
show("modules.zip" in random.__file__, plain.VALUE, sysgenid.auto.problem, one.random() == random.Random(1).random())
"""

CLOSED = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
one = interpreters.create()
interpreters.run_string(one, "import sysgenid.auto, random; assert sysgenid.auto.fresh; random.random()")
os.closerange(3, 256)
mine = [os.open("/dev/null", os.O_RDONLY) for _ in range(12)]
interpreters.destroy(one)
def is_open(number):
    try:
        return bool(os.fstat(number))
    except OSError:
        return False
show([number for number in mine if not is_open(number)])
os._exit(0 if sys.stdout.flush() is None else 1)
"""


def check_surroundings(bench):
    write_counter(bench.word)
    done = bench.run(bench.on, IMPOSTOR)
    ok(json.loads(done.stdout or "[]") == ["/dev/urandom", "True"], "/dev/urandom without bytes is an error, and no loop", done)
    import random
    import uuid
    with zipfile.ZipFile(bench.folder + "/modules.zip", "w") as archive:
        for module in (random, uuid):
            archive.write(module.__file__, module.__name__ + ".py")
        archive.writestr("plain.py", "VALUE = 5\n")
    write_counter(bench.word)
    done = bench.run(bench.on, ZIP, SYSGENID_PYTHON="strict")
    ok(json.loads(done.stdout or "[]") == ["True", "5", "None", "False"],
       "modules in a zip file are mended, and no others that are in it", done)
    write_counter(bench.word)
    done = bench.run(bench.on, CLOSED)
    name = "a subinterpreter that ends closes no file of a program that has closed ours"
    if sys.version_info[:2] == (3, 12):
        name += " # SKIP Python 3.12 has no way to keep the mapping"
    ok(done.stdout == '["[]"]\n' or "SKIP" in name, name, done)


def main():
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        check_uses(bench)
        check_seeds(bench)
        check_surroundings(bench)
    finish()


main()
