#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The Python package and numpy, as tests/python.t."""
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
}
AGAIN = {
    "numpy": ("import numpy", "numpy.random.seed(5)", "numpy.random.rand()"),
    "numpy's generators": ("import numpy", "one = numpy.random.default_rng(5)", "one.random()"),
}


def check_numpy(bench):
    write_counter(bench.word)
    done = bench.run(bench.on, "import numpy\nshow(numpy.random.rand() < 1)", SYSGENID_PYTHON="strict")
    ok((done.stdout, done.stderr) == ('["True"]\n', ""), "numpy: strict finds nothing wrong", done)
    done = bench.run(bench.off, "import numpy.random\nimport sysgenid.auto\nshow(1)", SYSGENID_PYTHON="warn")
    ok("numpy was loaded before the switch" in done.stderr, "numpy: loaded before the switch, it says so", done)


def main():
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        check_clones(bench, NUMPY)
        check_machines(bench, NUMPY)
        check_again(bench, AGAIN)
        check_numpy(bench)
    finish()


main()
