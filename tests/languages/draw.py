# SPDX-License-Identifier: GPL-2.0-only
"""Public sources of randomness of CPython. usage: draw.py GO    (see table)"""
import os
import random
import secrets
import ssl
import sys
import tempfile
import time
import uuid

try:
    import numpy
except ImportError:
    numpy = None

own = random.Random()
names = tempfile._get_candidate_names()
SOURCES = {
    "random.random": random.random,
    "random.gauss": lambda: random.gauss(0, 1),
    "random.Random()": own.random,
    "random.SystemRandom()": random.SystemRandom().random,
    "secrets.token_hex": lambda: secrets.token_hex(8),
    "os.urandom": lambda: os.urandom(8).hex(),
    "ssl.RAND_bytes": lambda: ssl.RAND_bytes(8).hex(),
    "uuid.uuid1, its sequence number": lambda: uuid.uuid1().clock_seq,
    "uuid.uuid4": uuid.uuid4,
    "names of tempfile": lambda: next(names),
    "hash of a text": lambda: hash("text"),
}
if numpy:
    legacy, new = numpy.random.RandomState(), numpy.random.default_rng()
    SOURCES.update({
        "numpy.random.rand": numpy.random.rand,
        "numpy.random.randn": numpy.random.randn,
        "numpy.random.RandomState()": legacy.random_sample,
        "numpy.random.default_rng()": new.random,
    })


def draw():
    return [(name, [str(source()) for _ in range(3)]) for name, source in SOURCES.items()]


draw()
print("ready", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.1)
language = f"CPython {sys.version_info.major}.{sys.version_info.minor}"
for name, values in draw():
    print(language, name, *values, sep="\t")
print("done", flush=True)
time.sleep(3600)
