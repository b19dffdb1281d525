# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of the Python package share: an environment of its own with the package, and a counter file.

Two runs of one program with one seed stand for two clones: with the switch off they give the same numbers after the word
has moved, with the switch on others. Runs with the Python that runs this file."""
import json
import os
import struct
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
MAGIC = 0x47735953
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


def ok(good, name, *details):
    global count, failed
    count += 1
    failed += not good
    print(f"{'' if good else 'not '}ok {count} - {name}", flush=True)
    for detail in () if good else details:
        print("# " + str(detail).replace("\n", "\n# "), flush=True)


def finish():
    print(f"1..{count}")
    sys.exit(failed > 0)


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

    def run(self, python, text, user=None, program=PROGRAM, **more):
        environment = {**os.environ, "SYSGENID_PATH": self.word, "WORD": self.word, **more}
        for name in ("PYTHONPATH", "PYTHONHOME"):
            environment.pop(name, None)
        return subprocess.run([python, "-c", program + text], env=environment, text=True, capture_output=True, timeout=60,
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


def check_again(bench, sources):
    for name, (setup, seed, draw) in sources.items():
        write_counter(bench.word)
        done = bench.run(bench.on, f"{setup}\n{seed}\nbefore = {draw}\nmove(8)\n{seed}\nshow(before, {draw})")
        values = json.loads(done.stdout or "[1, 2]")
        ok(values[0] == values[1], f"{name}: a seed that is set after the restore holds", values, done.stderr)


def check_machines(bench, sources):
    def clone(setup, draw):
        write_counter(bench.word)
        done = bench.run(bench.off, f"{STAND_IN}{SWITCH_ON}{setup}\nbefore = str({draw})\nrestore_machine()\n"
                         f"show(before, {draw}, {draw})")
        return json.loads(done.stdout) if done.returncode == 0 else [done.stderr]

    for name, (setup, draw) in sources.items():
        one, other = clone(setup, draw), clone(setup, draw)
        ok(len(one) == 3 and one[0] == other[0] and not set(one[1:]) & set(other[1:]),
           f"{name}: clones of a machine differ before its kernel has moved the generation", one, other)
