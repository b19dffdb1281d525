#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A machine is snapshotted to a file and restored twice side by side.

With the leak device both copies have a new generation and other random bytes. The control, a
stock virtio-rng and no VM generation ID, shows the problem: both draw the same bytes.
"""

import itertools
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "snapshot"))
# pylint: disable=wrong-import-position
from clones import (INNER, LEAK, STOCK, both_drew, drawn, own_draws, run_on,  # noqa: E402
                    snapshot_and_restore)
from tap import each_suite  # noqa: E402


def with_device(tap, suite, folder):
    "a machine with the leak device, restored twice,"
    kinds = ("safe", "plain")
    before, copies = snapshot_and_restore(suite, folder, LEAK, kinds, f"{INNER} start")
    old = before["safe"][-1][0]
    try:
        got = run_on(copies, kinds)
        uuids = [copy.run("cat /proc/sys/kernel/random/uuid") for copy in copies]
        generations = [int(copy.run("cat /sys/class/misc/sysgenid/generation")) for copy in copies]
        causes = [copy.run("cat /sys/class/misc/sysgenid/last_cause") for copy in copies]
        container = restore_inside(copies)
    finally:
        for copy in copies:
            copy.kill()
    tap.ok(all(generation != old for generation in generations),
           "both copies have a new generation")
    tap.equal(causes, ["virtio-leak"] * 2, "its cause is the leak queue")
    own = own_draws(got, "safe")
    tap.ok(min(len(draws) for draws in own) >= 50, "both copies went on drawing")
    # The first draw may have been under way in the original.
    tap.ok(all(generation != old for draws in own for generation, _, _ in draws[1:]),
           "all they draw with sysgenid_getrandom is of the new generation")
    texts = [{text for _, text, _ in draws[1:]} for draws in own]
    tap.equal(len(texts[0] & texts[1]), 0, "no bytes of sysgenid_getrandom are in both copies")
    tap.ok(uuids[0] != uuids[1], "the copies' UUIDs differ")
    four_programs(tap, container)
    tap.say(f"{suite.name}: with plain getrandom {len(both_drew(got, 'plain'))} draws are in both "
            "copies, from before the kernel's generator was reseeded")


def restore_inside(copies):
    """In each copy criu restores what runs there, too: four programs with one past."""
    container = {"inner": [], "clone": []}
    for copy in copies:
        copy.run(f"{INNER} restore")
        for kind, draws in container.items():
            draws.append({kind: drawn(copy, kind)})
    return container


def four_programs(tap, container):
    late, texts = 0, []
    for kind, got in container.items():
        inherited = set(got[0][kind]) & set(got[1][kind])
        old = max(inherited, key=lambda draw: int(draw[2]))[0]
        # The first draw may have been under way in the original, or at the dump.
        for draws in (draws[1:] for draws in own_draws(got, kind)):
            late += sum(draw[0] == old for draw in draws)
            texts.append({text for generation, text, _ in draws if generation != old})
    tap.ok(len(texts) == 4 and min(map(len, texts)) >= 50,
           "criu restores a container in both copies: four programs go on drawing")
    common = sum(len(one & other) for one, other in itertools.combinations(texts, 2))
    tap.equal(common, 0, "no two of the four draw the same bytes in their new generations")
    tap.say(f"{late} draws in the old generation, until a container's own one had moved")


def without_device(tap, suite, folder):
    "the control, with stock virtio-rng,"
    before, copies = snapshot_and_restore(suite, folder, STOCK, ("plain",))
    try:
        got = run_on(copies, ("plain",))
        old = before["plain"][-1][0]
        generations = [int(copy.run("cat /sys/class/misc/sysgenid/generation")) for copy in copies]
    finally:
        for copy in copies:
            copy.kill()
    tap.equal(generations, [old, old], "control: without the device the generation does not move")
    collided = len(both_drew(got, "plain"))
    made = [len(draws) for draws in own_draws(got, "plain")]
    tap.ok(collided >= 20, "control: without it both copies draw the same bytes "
           f"({collided} times in {made[0]} and {made[1]} draws)")


each_suite(with_device, without_device, suites="trixie", more="bookworm")
