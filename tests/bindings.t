#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The examples of docs/bindings.md: the page shows the files as they are, and each of them works, with a regular file in
the counter's place: the same session number until the word changes, then another one. Also where the hypervisor's counter
has changed and the word has not yet.

With arguments those that are named, on the device: bindings.t session.py ..."""
import fcntl
import mmap
import os
import re
import select
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests", "python"))
from bench import finish, ok  # noqa: E402
EXAMPLES = os.path.join(TOP, "docs", "bindings")
JNA = "/usr/share/java/jna.jar"

# Each example: its file, how to build it (OUT: a new directory), how to run it
LANGUAGES = [
    ("session.c", ["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-o", "OUT/c", "session.c"], ["OUT/c"]),
    ("session.py", None, ["/usr/bin/python3", "session.py"]),
    ("session.go", ["go", "build", "-o", "OUT/go", "session.go"], ["OUT/go"]),
    ("session.rs", ["/usr/bin/rustc", "-D", "warnings", "-o", "OUT/rs", "session.rs"], ["OUT/rs"]),
    ("Session.java", ["javac", "-cp", JNA, "-d", "OUT", "Session.java"], ["java", "-cp", JNA + ":OUT", "Session"]),
    ("session.mjs", None, ["node", "session.mjs"]),
]
PAGE = mmap.PAGESIZE


def words(command, out):
    return [word.replace("OUT", out) for word in command]


def environment(out, **more):
    return dict(os.environ, GOCACHE=out + "/cache", GO111MODULE="off", **more)


class Counter:
    """A file."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.write(bytes(PAGE))
        with open(path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), PAGE)

    def move(self, generation):
        self.page[0:4] = struct.pack("=I", generation)


class TwoPages(Counter):
    """A file with a second page, as the device has where the hypervisor has a VMClock. Nobody answers in it."""

    def __init__(self, path):
        with open(path, "wb") as file:
            file.write(bytes(2 * PAGE))
        with open(path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), 2 * PAGE)
        self.path = path

    def hypervisor(self, number):
        """The hypervisor has restored the machine."""
        self.page[PAGE + 0x68:PAGE + 0x70] = struct.pack("=Q", number)

    def kernel(self, number, generation):
        """The kernel has noticed that."""
        self.move(generation)
        self.page[80:88] = struct.pack("=Q", number)


class Device:
    """The real one; the caller may trigger."""
    path = "/dev/sysgenid"
    TRIGGER_GEN_UPDATE = 0xE403

    def __init__(self, _):
        self.fd = os.open(self.path, os.O_RDWR)

    def move(self, generation):
        fcntl.ioctl(self.fd, self.TRIGGER_GEN_UPDATE, generation)


class Program:
    def __init__(self, command, out, path):
        self.process = subprocess.Popen(words(command, out), cwd=EXAMPLES, env=environment(out, SYSGENID_PATH=path),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def begin(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def answer(self):
        return self.process.stdout.readline().strip()

    def ask(self):
        self.begin()
        return self.answer()

    def end(self):
        self.process.stdin.close()
        return self.process.wait(timeout=60)


def check_language(kind, name, build, run, out):
    counter = kind(out + "/counter")
    if build:
        done = subprocess.run(words(build, out), cwd=EXAMPLES, env=environment(out), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        ok(done.returncode == 0, f"{name}: builds without a warning", done.stdout)
        if done.returncode:
            return
    counter.move(7)
    program = Program(run, out, counter.path)
    first, second = program.ask(), program.ask()
    ok(re.fullmatch("[0-9a-f]{16}", first) and first == second, f"{name}: the session number stays", first, second)
    counter.move(9)
    third, fourth = program.ask(), program.ask()
    ok(re.fullmatch("[0-9a-f]{16}", third) and third != first and third == fourth,
       f"{name}: the word changes, and there is another one", third, fourth)
    counter.move(0)
    fifth = program.ask()
    ok(re.fullmatch("[0-9a-f]{16}", fifth) and fifth != fourth, f"{name}: also when it becomes 0", fourth, fifth)
    ok(program.end() == 0, f"{name}: ends well")
    program = Program(run, out, out + "/nothing")
    first, second = program.ask(), program.ask()
    ok(re.fullmatch("[0-9a-f]{16}", first) and first == second and program.end() == 0,
       f"{name}: works without a counter", first, second)


def check_hypervisor(name, run, out):
    """The two counters of the hypervisor, which differ until the kernel has moved the generation."""
    counter = TwoPages(out + "/pages")
    counter.kernel(5, 7)
    counter.hypervisor(5)
    program = Program(run, out, counter.path)
    first, second = program.ask(), program.ask()
    ok(re.fullmatch("[0-9a-f]{16}", first) and first == second,
       f"{name}: the session number stays while the hypervisor's counter is the one that is known", first, second)
    counter.hypervisor(6)
    program.begin()
    waits = not select.select([program.process.stdout], [], [], 0.2)[0]
    counter.kernel(6, 8)
    third, fourth = program.answer(), program.ask()
    ok(waits and re.fullmatch("[0-9a-f]{16}", third) and third != second and third == fourth,
       f"{name}: the hypervisor's counter moves, and it waits for the generation", waits, third, fourth)
    counter.hypervisor(7)
    fifth = program.ask()
    ok(re.fullmatch("[0-9a-f]{16}", fifth) and fifth != fourth,
       f"{name}: a generation that does not move in time is taken for another one", fourth, fifth)
    ok(program.end() == 0, f"{name}: ends well after that")


def check_page():
    with open(TOP + "/docs/bindings.md", encoding="utf-8") as file:
        fences = re.findall(r"^```[a-z]+\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    for name, _, _ in LANGUAGES:
        with open(os.path.join(EXAMPLES, name), encoding="utf-8") as file:
            ok(file.read() in fences, f"docs/bindings.md shows {name} as it is")


named = sys.argv[1:]
if not named:
    check_page()
for language in LANGUAGES:
    if named and language[0] not in named:
        continue
    with tempfile.TemporaryDirectory() as directory:
        check_language(Device if named else Counter, *language, directory)
        # Node reads, and each read of the device has the kernel look.
        if language[0] != "session.mjs":
            check_hypervisor(language[0], language[2], directory)
finish()
