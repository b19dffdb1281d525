#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The Python package as a user installs it, in an environment of its own, with a counter file.

Two runs of one program with one seed stand for two clones: with the switch off they give the same numbers after the word
has moved, with the switch on others. Runs with the Python that runs this file.

usage: python.t [--no-numpy]"""
import json
import os
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
MAGIC = 0x47735953
NOBODY = 65534
count = failed = 0

PROGRAM = """
import json, mmap, os, struct, sys
with open(os.environ["WORD"], "r+b") as file:
    page = mmap.mmap(file.fileno(), 4096)
def move(generation, rng=None):
    page[0:4] = struct.pack("=I", generation)
    if rng is not None:
        page[76:80] = struct.pack("=I", rng)
def show(*values):
    print(json.dumps([str(value) for value in values]))
"""

# NAME: (what sets the generator up, what draws)
RANDOM = {
    "random.random": ("import random; random.seed(1)", "random.random()"),
    "from random import random": ("import random as r; from random import random; r.seed(1)", "random()"),
    "random.getrandbits": ("import random; random.seed(1)", "random.getrandbits(64)"),
    "random.randint": ("import random; random.seed(1)", "random.randint(0, 1 << 60)"),
    "random.gauss, which keeps every second number": ("import random; random.seed(1)", "random.gauss(0, 1)"),
    "random.shuffle": ("import random; random.seed(1); items = list(range(99))", "(random.shuffle(items), items)[1]"),
    "random.randbytes": ("import random; random.seed(1)", "random.randbytes(17)"),
    "random.getstate": ("import random; random.seed(1)", "hash(random.getstate())"),
    "random.Random": ("import random; one = random.Random(1)", "one.random()"),
    "random.Random, choice": ("import random; one = random.Random(1)", "one.choices(range(1 << 40), k=2)"),
    "random.Random, gauss": ("import random; one = random.Random(1)", "one.gauss(0, 1)"),
    "a copy of a random.Random": ("import random, copy; one = copy.deepcopy(random.Random(1))", "one.random()"),
    "a subclass of random.Random": (
        "import random\nclass Mine(random.Random):\n    def seed(self, a=None, version=2):\n"
        "        super().seed(a, version)\none = Mine(1)", "one.random()"),
    "tempfile's names": ("import tempfile, random; names = tempfile._RandomNameSequence()\nnames._rng = random.Random(1)\n"
                         "names._rng_pid = os.getpid()", "next(names)"),
    "random in another thread": (
        "import random, threading; random.seed(1); got = []\ndef run():\n    thread = threading.Thread(target=lambda: "
        "got.append(random.random()))\n    thread.start()\n    thread.join()\n    return got[-1]", "run()"),
    "random in an asyncio task": (
        "import random, asyncio; random.seed(1)\nasync def task():\n    return random.random()", "asyncio.run(task())"),
    "uuid.uuid1's sequence numbers": (
        "import uuid, random; uuid._generate_time_safe = None; uuid._node = 5; random.seed(1)",
        "[uuid.uuid1().clock_seq for _ in range(4)]"),
}
NUMPY = {
    "numpy.random.rand": ("numpy.random.seed(1)", "numpy.random.rand()"),
    "numpy.random.randn, which keeps every second number": ("numpy.random.seed(1)", "numpy.random.randn()"),
    "numpy.random.RandomState": ("one = numpy.random.RandomState(1)", "one.randint(1 << 60)"),
    "numpy.random.default_rng": ("one = numpy.random.default_rng(1)", "one.random()"),
    "numpy's integers of 32 bits, of which it keeps one": (
        "one = numpy.random.default_rng(1)", "one.integers(0, 1 << 31, dtype=numpy.int32)"),
    "numpy.random.Generator(Philox)": ("one = numpy.random.Generator(numpy.random.Philox(1))", "one.bytes(9)"),
    "numpy.random.Generator(SFC64)": ("one = numpy.random.Generator(numpy.random.SFC64(1))", "one.normal()"),
    "numpy.random.Generator(MT19937)": ("one = numpy.random.Generator(numpy.random.MT19937(1))", "one.random(3)"),
    "numpy: one from a pickle": (
        "import pickle; one = pickle.loads(pickle.dumps(numpy.random.default_rng(1)))", "one.random()"),
}
AGAIN = {
    "random": ("import random", "random.seed(5)", "random.random()"),
    "random, by its state": ("import random; state = random.Random(5).getstate()", "random.setstate(state)", "random.random()"),
    "numpy": ("import numpy", "numpy.random.seed(5)", "numpy.random.rand()"),
    "numpy's generators": ("import numpy", "one = numpy.random.default_rng(5)", "one.random()"),
}


def ok(good, name, *details):
    global count, failed
    count += 1
    failed += not good
    print(f"{'' if good else 'not '}ok {count} - {name}", flush=True)
    for detail in () if good else details:
        print("# " + str(detail).replace("\n", "\n# "), flush=True)


def write_counter(path, generation=7, magic=MAGIC, flags=0, rng=0, size=4096, mode=0o644):
    with open(path, "wb") as file:
        file.write(struct.pack("=I60x4I", generation, magic, 1, flags, rng).ljust(size, b"\0"))
    os.chmod(path, mode)


class Bench:
    """An environment with the package and its switch, and one where the package alone is installed."""

    def __init__(self, folder):
        self.folder, self.word = folder, folder + "/counter"
        os.chmod(folder, 0o755)
        self.on, self.off = self.install("on", "install-auto"), self.install("off", "install")

    def install(self, name, target):
        path = f"{self.folder}/{name}"
        # -I: without the modules of PYTHONPATH.
        subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", "--system-site-packages", path], check=True)
        site = f"{path}/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
        subprocess.run(["make", "-s", "-C", TOP + "/python", target, "PYTHONDIR=" + site, "DOCDIR=" + path + "/doc"],
                       check=True, env={**os.environ, "MAKEFLAGS": ""})
        return path + "/bin/python3"

    def run(self, python, text, user=None, **more):
        environment = {**os.environ, "SYSGENID_PATH": self.word, "WORD": self.word, **more}
        for name in ("PYTHONPATH", "PYTHONHOME"):
            environment.pop(name, None)
        return subprocess.run([python, "-c", PROGRAM + text], env=environment, text=True, capture_output=True, timeout=60,
                              user=user, check=False, cwd=self.folder)

    def clone(self, python, setup, draw):
        """What a clone draws before and after the restore."""
        write_counter(self.word)
        done = self.run(python, f"{setup}\nbefore = str({draw})\nmove(8)\nshow(before, {draw}, {draw})")
        return json.loads(done.stdout) if done.returncode == 0 else [done.stderr]


def check_clones(bench, sources, first=""):
    for name, (setup, draw) in sources.items():
        clones = [bench.clone(python, first + setup, draw) for python in (bench.off, bench.off, bench.on, bench.on)]
        ok(len(clones[0]) == 3 and clones[0] == clones[1], f"control: {name}: clones give the same", *clones)
        ok(len(clones[2]) == 3 and clones[2][0] == clones[3][0] == clones[0][0] and
           not set(clones[2][1:]) & set(clones[3][1:]), f"{name}: they differ after the restore, not before", *clones)


def check_again(bench, names):
    for name in names:
        setup, seed, draw = AGAIN[name]
        write_counter(bench.word)
        done = bench.run(bench.on, f"{setup}\n{seed}\nbefore = {draw}\nmove(8)\n{seed}\nshow(before, {draw})")
        values = json.loads(done.stdout or "[1, 2]")
        ok(values[0] == values[1], f"{name}: a seed that is set after the restore holds", values, done.stderr)


UUID = """
import uuid
uuid._node = 1 << 40 | 5
before = uuid.getnode()
move(8)
show(before, uuid.getnode() != before, uuid.uuid1().node != before, uuid._generate_time_safe)
"""
FORK = """
import random
random.seed(1)
move(8)
ends = []
for number in range(2):
    read, write = os.pipe()
    one = random.Random(1)
    move(9 + number)
    if not os.fork():
        os.write(write, f"{one.random()} {random.random()}".encode())
        os._exit(0)
    ends.append(os.read(read, 99).decode())
show(*ends)
"""
INTERPRETER = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
one = interpreters.create()
read, write = os.pipe()
def run(text):
    interpreters.run_string(one, text)
run("import random; one = random.Random(1); one.random()")
move(8)
run(f"import os; os.write({write}, str(one.random()).encode())")
show(os.read(read, 99).decode())
"""
THREADS = """
import random, threading
one, got = random.Random(1), []
start = threading.Barrier(4)
def run():
    for _ in range(300):
        got.append(one.random())
    start.wait()
    for _ in range(3000):
        got.append(one.random())
threads = [threading.Thread(target=run) for _ in range(3)]
for thread in threads:
    thread.start()
move(8)
start.wait()
for number in range(9, 300):
    move(number)
for thread in threads:
    thread.join()
plain = random.Random(1)
show(len(got), len(set(got)))
"""


def check_kinds(bench):
    write_counter(bench.word)
    done = bench.run(bench.on, FORK)
    values = " ".join(json.loads(done.stdout or "[]")).split()
    ok(len(values) == len(set(values)) == 4, "children of fork draw numbers of their own", values, done.stderr)
    for python, name in ((bench.off, "control: a subinterpreter: the same"), (bench.on, "a subinterpreter: another one")):
        values = []
        for _ in range(2):
            write_counter(bench.word)
            done = bench.run(python, INTERPRETER)
            values.append(done.stdout or done.stderr)
        ok("[" in values[0] and (values[0] == values[1]) == (python == bench.off), name, *values)
    write_counter(bench.word)
    done = bench.run(bench.on, THREADS)
    ok(json.loads(done.stdout or "[]") == ["9900", "9900"], "threads draw while the word moves: no number twice",
       done.stdout, done.stderr)


def check_uuid(bench):
    write_counter(bench.word)
    done = bench.run(bench.on, UUID)
    ok(json.loads(done.stdout or "[]") == [str(1 << 40 | 5), "True", "True", "None"],
       "uuid: a node is forgotten that was drawn before, and libuuid is not asked any more", done)


def check_bad_counters(bench):
    def damage(**kinds):
        return lambda: write_counter(bench.word, **kinds)

    cases = {
        "no counter": lambda: os.unlink(bench.word),
        "one that may not be read": damage(mode=0o600),
        "one that everybody can write": damage(mode=0o666),
        "one with a foreign magic": damage(magic=1),
        "one that is cut off": damage(size=70),
        "an empty file": damage(size=0),
        "a directory": lambda: (os.unlink(bench.word), os.mkdir(bench.word)),
        "a FIFO": lambda: (os.rmdir(bench.word), os.mkfifo(bench.word)),
        "a terminal": lambda: (os.unlink(bench.word), os.symlink("/dev/tty", bench.word)),
        "another device": lambda: (os.unlink(bench.word), os.symlink("/dev/null", bench.word)),
    }
    plain = "import random\nrandom.seed(1)\nprint(random.random(), random.random.__module__)"
    expected = subprocess.run([bench.off, "-I", "-c", plain], text=True, capture_output=True, check=True).stdout
    write_counter(bench.word)
    global PROGRAM
    whole, PROGRAM = PROGRAM, ""
    for name, make in cases.items():
        make()
        user = NOBODY if os.geteuid() == 0 and "read" in name else None
        done = bench.run(bench.on, plain, user)
        ok((done.returncode, done.stdout, done.stderr) == (0, expected, ""), f"{name}: as without us", done)
        done = bench.run(bench.on, plain, user, SYSGENID_PYTHON="warn")
        ok((done.returncode, done.stdout, done.stderr.count("\n")) == (0, expected, 1) and bench.word in done.stderr,
           f"{name}: it says so once when asked to", done)
        done = bench.run(bench.on, plain, user, SYSGENID_PYTHON="strict")
        ok((done.returncode, done.stdout, done.stderr.count("\n")) == (78, "", 1), f"{name}: with strict it ends", done)
    os.unlink(bench.word)
    write_counter(bench.word)
    PROGRAM = whole
    done = bench.run(bench.on, plain, SYSGENID_PYTHON="off")
    ok((done.stdout, done.stderr) == (expected, ""), "SYSGENID_PYTHON=off: as without us", done)


EARLY = """
import random, time
one = random.Random(1)
move(8, 7)
start = time.monotonic()
try:
    first = one.random()
except RuntimeError as error:
    show(type(error).__name__)
    sys.exit()
waited = time.monotonic() - start
again, second = random.Random(), one.getrandbits(32)
late, one_more = time.monotonic() - start - waited, one.random()
state = one.getstate()
move(8, 8)
renewed = one.getstate() != state
state = one.getstate()
show(0.9 < waited < 10, late < 0.5, renewed, one.getstate() == state)
"""


def check_early(bench):
    write_counter(bench.word, flags=1, rng=7)
    done = bench.run(bench.on, EARLY)
    ok(json.loads(done.stdout or "[]") == ["True"] * 4,
       "the kernel is not reseeded: one wait of a second, renewed with what there is, and once more when it is", done)
    write_counter(bench.word, flags=1, rng=7)
    done = bench.run(bench.on, EARLY, SYSGENID_PYTHON="strict")
    ok(json.loads(done.stdout or "[]") == ["NotReseeded"], "with strict an exception instead", done)


# A stand-in for the device: a counter with a second page. The kernel follows when it is asked, if it does.
STAND_IN = """
import sysgenid, time
KERNEL = {"follows": True}
class Second(mmap.mmap):
    def madvise(self, advice):
        if KERNEL["follows"]:
            move(struct.unpack_from("=I", page)[0] + 1)
            page[80:88] = self[0x68:0x70]
second = Second(-1, 4096)
def restore_machine():
    second[0x68] += 1
sysgenid._counter = sysgenid.counter.Counter(page, second)
"""
SWITCH_ON = "import sysgenid.auto\nassert sysgenid.auto.fresh\n"
SECOND = ("random.random", "random.gauss, which keeps every second number", "random.Random", "random.getstate",
          "random.randbytes", "a subclass of random.Random")
NEVER = """
import random
seen = sysgenid.generation()
sysgenid.auto.fresh.strict = False
random.seed(1)
KERNEL["follows"] = False
restore_machine()
start = time.monotonic()
drawn = [random.Random(1).random(), random.Random(1).random()]
states = [random.getstate() for _ in range(3)]
waited = time.monotonic() - start
changed = sysgenid.changed(seen)
KERNEL["follows"] = True
now = sysgenid.generation()
state = random.getstate()
show(0.9 < waited < 10, len(set(drawn)), len(set(states)), changed, now == seen + 1, state == random.getstate())
"""


def check_second_page(bench, numpy):
    def clone(python, first, draw):
        write_counter(bench.word)
        done = bench.run(python, f"{first}\nbefore = str({draw})\nrestore_machine()\nshow(before, {draw}, {draw})")
        return json.loads(done.stdout) if done.returncode == 0 else [done.stderr]

    numpys = {name: ("import numpy; " + setup, draw) for name, (setup, draw) in NUMPY.items() if numpy}
    for name, (setup, draw) in {**{name: RANDOM[name] for name in SECOND}, **numpys}.items():
        one, other = (clone(bench.off, f"{STAND_IN}{SWITCH_ON}{setup}", draw) for _ in range(2))
        ok(len(one) == 3 and one[0] == other[0] and not set(one[1:]) & set(other[1:]),
           f"{name}: clones of a machine differ before its kernel has moved the generation", one, other)
    write_counter(bench.word)
    done = bench.run(bench.off, STAND_IN + SWITCH_ON + UUID.replace("move(8)", "restore_machine()"))
    ok(json.loads(done.stdout or "[]")[1:3] == ["True", "True"], "and a uuid's node is forgotten", done)
    write_counter(bench.word)
    done = bench.run(bench.off, STAND_IN + "seen = sysgenid.generation()\nquiet = sysgenid.changed(seen)\nrestore_machine()\n"
                     "show(seen, quiet, sysgenid.changed(seen), sysgenid.generation(), sysgenid.wait(seen, 5))")
    ok(json.loads(done.stdout or "[]") == ["7", "False", "True", "8", "8"], "the functions have the kernel look", done)
    write_counter(bench.word)
    done = bench.run(bench.off, STAND_IN + SWITCH_ON + NEVER)
    ok(json.loads(done.stdout or "[]") == ["True", "2", "3", "True", "True", "True"],
       "a kernel that does not follow: one wait of a second, all is renewed at each draw, and no more when it does", done)
    write_counter(bench.word)
    done = bench.run(bench.off, "import sysgenid\nshow(sysgenid._counter.clock)")
    ok(json.loads(done.stdout or "[]") == ["None"], "no second page is looked for in a counter file", done)


AWAIT = """
import sysgenid, sysgenid.control, threading
page[72:76], page[76:80], page[88:104] = struct.pack("=I", 3), struct.pack("=I", 7), b"x" * 16
none = sysgenid.await_restore(timeout=0.05)
def restore():
    page[88:104] = b"y" * 16
    move(8, 8)
threading.Timer(0.1, restore).start()
sysgenid.counter.tell_apart = lambda incarnation: incarnation
first = sysgenid.await_restore()
move(9, 9)
second = sysgenid.await_restore(timeout=20, after=first)
page[104:112] = struct.pack("=II", 10, 9)
move(10, 10)
third = sysgenid.await_restore(timeout=20, after=second)
show(none, *first[:3], second.what, second.generation, third.what)
"""
NETLINK = """
from sysgenid import control
answers = []
class Link:
    def send(self, data):
        pass
    def recv(self, size):
        return answers.pop()
def ask(answer):
    answers.append(answer)
    try:
        return control._call(Link(), 30, 1, 1)
    except OSError as error:
        return error.strerror
header = bytes(20)
control.FAMILY = b"notthere\\0"
try:
    control.look()
except OSError as error:
    show(error.strerror[:22], ask(header), ask(header + b"\\x08\\0\\1\\0abcd"), ask(header + b"\\x03\\0\\1\\0abcd"),
         ask(header + b"\\x09\\0\\1\\0abcd"))
"""


def check_await(bench):
    write_counter(bench.word)
    done = bench.run(bench.off, AWAIT)
    ok(json.loads(done.stdout or "[]") == ["None", "restore", "8", str(b"y" * 16), "restore", "9", "resume"],
       "await_restore: nothing in time, a restore, one that came between two calls, and a resume", done)
    write_counter(bench.word)
    done = bench.run(bench.off, NETLINK)
    damaged = "the kernel's answer is damaged"
    ok(json.loads(done.stdout or "[]") == ["the kernel module sysg", "{}", str({1: b"abcd"}), damaged, damaged],
       "a kernel without the family, and answers that are damaged", done)


INTERFACE = """
import sysgenid, threading, time
seen = sysgenid.generation()
before, quiet = sysgenid.changed(seen), sysgenid.wait(seen, timeout=0.05)
calls, told = [], threading.Semaphore(0)
def callback(generation):
    calls.append(generation)
    told.release()
    raise ValueError("mine")
sysgenid.on_change(callback)
timer = threading.Timer(0.1, move, (8,))
timer.start()
woken = sysgenid.wait(seen, timeout=20)
first = told.acquire(timeout=20)
move(9)
second = told.acquire(timeout=20)
time.sleep(0.2)
show(seen, before, quiet, woken, sysgenid.changed(seen), first and second, calls, len(sysgenid.fresh_bytes(5)))
"""


def check_incarnation(bench):
    who = bytes(range(16))
    write_counter(bench.word, flags=3, rng=7)
    with open(bench.word, "r+b") as file:
        file.seek(88)
        file.write(who)
    text = """
import sysgenid, threading, time
first = sysgenid.incarnation()
move(8)
early = sysgenid.incarnation(timeout=0)
def draw():
    page[88:104] = b"x" * 16
    page[76:80] = struct.pack("=I", 8)
threading.Timer(0.2, draw).start()
show(first[4:].hex(), early, sysgenid.incarnation()[4:])
"""
    done = bench.run(bench.off, text)
    # The first word is joined with the PID namespace: tests/unit/file-clients.t.
    ok(json.loads(done.stdout or "[]") == [who[4:].hex(), "None", str(b"x" * 12)],
       "the incarnation; none before the reseed, for which it waits", done)
    write_counter(bench.word, flags=1, rng=7)
    done = bench.run(bench.off, "import sysgenid\nshow(sysgenid.incarnation())")
    ok(json.loads(done.stdout or "[]") == ["None"], "none from a counter that does not keep it", done)


def check_interface(bench):
    write_counter(bench.word)
    done = bench.run(bench.off, INTERFACE)
    ok(json.loads(done.stdout or "[]") == ["7", "False", "None", "8", "True", "True", "[8, 9]", "5"],
       "generation, changed, wait, callback, fresh bytes", done)
    ok(done.stderr.count("ValueError: mine") == 2, "an exception in a callback is printed, and the next change calls again",
       done.stderr)
    write_counter(bench.word)
    done = bench.run(bench.off, INTERFACE, SYSGENID_PYTHON="strict")
    ok(done.returncode == 70 and done.stderr.count("ValueError: mine") == 1, "with strict it ends the program", done)
    os.unlink(bench.word)
    text = "import sysgenid\nprint(sysgenid.generation(), sysgenid.changed(None), sysgenid.error.strerror[:22])"
    done = subprocess.run([bench.off, "-c", text], text=True, capture_output=True, check=False,
                          env={**os.environ, "SYSGENID_PATH": bench.word})
    ok(done.stdout == "None False the kernel module sysg\n", "without a counter: no generation, and a reason", done)


def check_numpy(bench):
    write_counter(bench.word)
    done = bench.run(bench.on, "import numpy\nshow(numpy.random.rand() < 1)", SYSGENID_PYTHON="strict")
    ok((done.stdout, done.stderr) == ('["True"]\n', ""), "numpy: strict finds nothing wrong", done)
    done = bench.run(bench.off, "import numpy.random\nimport sysgenid.auto\nshow(1)", SYSGENID_PYTHON="warn")
    ok("numpy was loaded before the switch" in done.stderr, "numpy: loaded before the switch, it says so", done)


def main():
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        check_clones(bench, RANDOM)
        check_again(bench, ["random", "random, by its state"])
        check_kinds(bench)
        check_uuid(bench)
        check_early(bench)
        check_incarnation(bench)
        check_interface(bench)
        check_second_page(bench, numpy="--no-numpy" not in sys.argv)
        check_await(bench)
        check_bad_counters(bench)
        if "--no-numpy" not in sys.argv:
            check_clones(bench, NUMPY, "import numpy; ")
            check_numpy(bench)
            check_again(bench, ["numpy", "numpy's generators"])
    print(f"1..{count}")
    sys.exit(failed > 0)


main()
