#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A tracked watcher that acknowledges a change when it is allowed to: watcher.py FILE-TO-WAIT-FOR

It says "tracked", and after each acknowledgement its generation.
"""
import fcntl
import os
import select
import struct
import sys
import time

SET_WATCHER_TRACKING = 0xE401

counter = os.open("/dev/sysgenid", os.O_RDWR)
fcntl.ioctl(counter, SET_WATCHER_TRACKING, 1)
print("tracked", flush=True)
while True:
    select.select([counter], [], [])
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.01)
    word = os.read(counter, 4)
    try:
        os.write(counter, word)
    except OSError:
        continue  # the generation has moved on
    print(struct.unpack("=I", word)[0], flush=True)
