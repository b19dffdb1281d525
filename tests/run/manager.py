#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The service manager's end of sd_notify(3): manager.py SOCKET prints each message, its lines joined by commas."""
import socket
import sys

path = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("\0" + path[1:] if path.startswith("@") else path)
print("listening", flush=True)
while True:
    print(receiver.recv(4096).decode().replace("\n", ","), flush=True)
