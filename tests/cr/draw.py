# SPDX-License-Identifier: GPL-2.0-only
"""Draws from what people use in Python, at the start and at each SIGUSR1; see draw.c."""
import os
import secrets
import signal
import uuid

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
while True:
    for _ in range(3):
        print("0 drew", os.urandom(8).hex())
        print("1 drew", secrets.token_hex(8))
        print("2 drew", uuid.uuid4().hex)
    print("drawn", flush=True)
    signal.sigwait({signal.SIGUSR1})
