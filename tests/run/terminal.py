#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""How often Ctrl-C at a terminal reaches the command of an overseer: terminal.py SYSGENID prints the number."""
import os
import pty
import signal
import sys
import time

COMMAND = """
import os, signal
count = 0
signals = {signal.SIGINT, signal.SIGUSR1}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
os.write(1, b"ready\\n")
while signal.sigwait(signals) == signal.SIGINT:
    count += 1
    os.write(1, b"interrupted\\n")
os.write(1, b"in all %d.\\n" % count)
"""


def await_text(text):
    global shown
    while text not in shown:
        shown += os.read(terminal, 1000)


def is_stopped():
    with open(f"/proc/{overseer}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


shown = b""
signal.alarm(60)
overseer, terminal = pty.fork()
if not overseer:
    os.execv(sys.argv[1], [sys.argv[1], "run", "--", sys.executable, "-c", COMMAND])
await_text(b"ready")
# The command takes the terminal's signal before the overseer sees it, so that two signals cannot become one.
os.kill(overseer, signal.SIGSTOP)
while not is_stopped():
    time.sleep(0.01)
os.write(terminal, b"\x03")
await_text(b"interrupted")
os.kill(overseer, signal.SIGUSR1)
os.kill(overseer, signal.SIGCONT)
await_text(b".\r\n")
print(shown.decode().split("in all ")[1].split(".")[0])
