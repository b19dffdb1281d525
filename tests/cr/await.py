#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Waits by the Python package, and says what it was told, as "sysgenid await" does."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../python"))
sys.dont_write_bytecode = True
import sysgenid  # noqa: E402  pylint: disable=wrong-import-position

print("python waits", flush=True)
told = sysgenid.await_restore()
print(f"python: {told.what} generation {told.generation} incarnation {told.incarnation.hex()}", flush=True)
time.sleep(1000)
