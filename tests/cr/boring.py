# SPDX-License-Identifier: GPL-2.0-only
"""Draws from Debian's BoringSSL (android-libboringssl) as it is, at the start and at each SIGUSR1; see tests/cr/draw.c."""
import ctypes
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
boring = ctypes.CDLL("/usr/lib/x86_64-linux-gnu/android/libcrypto.so.0")
buffer = ctypes.create_string_buffer(8)
while True:
    for _ in range(4):
        boring.RAND_bytes(buffer, ctypes.c_size_t(len(buffer)))
        print("0 drew", buffer.raw.hex())
    print("drawn", flush=True)
    signal.sigwait({signal.SIGUSR1})
