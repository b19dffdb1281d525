#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints tokens from OpenSSL's generator, as session servers hand them out, and knows nothing of restores."""
import ssl
import time

while True:
    print(ssl.RAND_bytes(8).hex(), flush=True)
    time.sleep(0.1)
