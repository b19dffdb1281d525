#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The Python package as a user installs it, in an environment of its own, with a counter file.

Two runs of one program with one seed stand for two clones: with the switch off they give the same numbers after the word
has moved, with the switch on others. Runs with the Python that runs this file."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "python"))
sys.dont_write_bytecode = True

from bench import STAND_IN, SWITCH_ON, Bench, check_again, check_clones, check_machines, finish, ok, write_counter  # noqa: E402

NOBODY = 65534

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
AGAIN = {
    "random": ("import random", "random.seed(5)", "random.random()"),
    "random, by its state": ("import random; state = random.Random(5).getstate()", "random.setstate(state)", "random.random()"),
}


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
    for name, make in cases.items():
        make()
        user = NOBODY if os.geteuid() == 0 and "read" in name else None
        done = bench.run(bench.on, plain, user, program="")
        ok((done.returncode, done.stdout, done.stderr) == (0, expected, ""), f"{name}: as without us", done)
        done = bench.run(bench.on, plain, user, program="", SYSGENID_PYTHON="warn")
        ok((done.returncode, done.stdout, done.stderr.count("\n")) == (0, expected, 1) and bench.word in done.stderr,
           f"{name}: it says so once when asked to", done)
        done = bench.run(bench.on, plain, user, program="", SYSGENID_PYTHON="strict")
        ok((done.returncode, done.stdout, done.stderr.count("\n")) == (78, "", 1), f"{name}: with strict it ends", done)
    os.unlink(bench.word)
    write_counter(bench.word)
    done = bench.run(bench.on, plain, program="", SYSGENID_PYTHON="off")
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


def check_second_page(bench):
    check_machines(bench, {name: RANDOM[name] for name in SECOND})
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


def main():
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        check_clones(bench, RANDOM)
        check_again(bench, AGAIN)
        check_kinds(bench)
        check_uuid(bench)
        check_early(bench)
        check_incarnation(bench)
        check_interface(bench)
        check_second_page(bench)
        check_await(bench)
        check_bad_counters(bench)
    finish()


main()
