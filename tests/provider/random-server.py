#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Random numbers over a Unix socket, from Debian's python3 as it is.

	random-server.py serve SOCKET	serve until killed
	random-server.py ask SOCKET N	print N answers

An answer is one line: ssl.RAND_bytes of the main thread, of three other threads, secrets, random.random, and a number
of a random.Random that was made at the start.
"""
import queue
import random
import secrets
import socket
import ssl
import sys
import threading

THREADS = 3
own = random.Random()


def draw():
    return ssl.RAND_bytes(8).hex()


def worker(orders, answers):
    while True:
        orders.get()
        answers.put(draw())


def start_worker():
    orders, answers = queue.Queue(), queue.Queue()
    threading.Thread(target=worker, args=(orders, answers), daemon=True).start()
    return orders, answers


def answer(workers):
    words = [draw()]
    for orders, answers in workers:
        orders.put(None)
        words.append(answers.get())
    words += [secrets.token_hex(8), str(random.random()), str(own.randint(0, 1 << 60))]
    return " ".join(words) + "\n"


def serve(path):
    workers = [start_worker() for _ in range(THREADS)]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(8)
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(answer(workers).encode())


def ask(path, count):
    for _ in range(count):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(path)
            line = connection.makefile().readline()
        if not line.endswith("\n"):
            sys.exit("no answer")
        sys.stdout.write(line)


if sys.argv[1] == "serve":
    serve(sys.argv[2])
else:
    ask(sys.argv[2], int(sys.argv[3]))
