#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Answers each line by the Python package. usage: answer.py generation|draw|plain   (plain: a draw without the switch)"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../python"))
sys.dont_write_bytecode = True
import random  # noqa: E402  pylint: disable=wrong-import-position
import sysgenid  # noqa: E402  pylint: disable=wrong-import-position

if sys.argv[1] == "draw":
    import sysgenid.auto
    assert sysgenid.auto.fresh, sysgenid.auto.problem
random.seed(1)
for _ in sys.stdin:
    print(sysgenid.generation() if sys.argv[1] == "generation" else random.random(), flush=True)
