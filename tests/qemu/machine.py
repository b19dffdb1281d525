# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU that a test drives: qtest for the guest's side, QMP for the host's."""

import json
import os
import socket
import subprocess

TIMEOUT = 20  # seconds any single answer may take; a hang is a failure, not a wait


class Lines:
    """Lines from and to QEMU over a unix socket that it connects to."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.settimeout(TIMEOUT)
        self.listener.bind(path)
        self.listener.listen(1)

    def accept(self):
        self.sock, _ = self.listener.accept()
        self.listener.close()
        self.sock.settimeout(TIMEOUT)
        self.file = self.sock.makefile("r", encoding="ascii", newline="\n")

    def send(self, line):
        self.sock.sendall(line.encode("ascii") + b"\n")

    def receive(self):
        line = self.file.readline()
        if not line:
            raise EOFError("QEMU closed the connection")
        return line.rstrip("\n")

    def close(self):
        self.file.close()
        self.sock.close()


class Machine:
    """One QEMU process, without vCPUs unless accel says otherwise."""

    count = 0

    def __init__(self, binary, folder, *args, stopped=False, accel="qtest"):
        Machine.count += 1
        base = os.path.join(folder, str(Machine.count))
        self.errors = base + ".err"
        self.events = []
        self.qtest, self.monitor = Lines(base + ".qtest"), Lines(base + ".qmp")
        command = [binary, "-accel", accel, "-machine", "pc", "-m", "16M", "-nodefaults",
                   "-display", "none", "-no-user-config", "-qtest", f"unix:{base}.qtest",
                   "-qmp", f"unix:{base}.qmp", *(["-S"] if stopped else []), *args]
        with open(self.errors, "wb") as errors:
            # glibc overwrites freed memory: whoever uses it afterwards crashes.
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors,
                                            stderr=errors,
                                            env={**os.environ, "MALLOC_PERTURB_": "90"})
        try:
            self.qtest.accept()
            self.monitor.accept()
            self.monitor.receive()
            self.qmp("qmp_capabilities")
        except (OSError, EOFError):
            self.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()
        for lines in (self.qtest, self.monitor):
            if hasattr(lines, "sock"):
                lines.close()

    def error_text(self):
        with open(self.errors, encoding="utf-8", errors="replace") as errors:
            return errors.read()

    def qmp(self, command, **arguments):
        """The command's result; raises RuntimeError with QEMU's description if it failed."""
        self.monitor.send(json.dumps({"execute": command, "arguments": arguments}))
        while True:
            answer = json.loads(self.monitor.receive())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(answer["error"]["desc"])
            self.events.append(answer)

    def hmp(self, line):
        """A human monitor command; what it prints is an error for those used here."""
        text = self.qmp("human-monitor-command", **{"command-line": line}).strip()
        if text:
            raise RuntimeError(text)

    def wait_event(self, name):
        while not any(event["event"] == name for event in self.events):
            self.events.append(json.loads(self.monitor.receive()))

    def guest(self, *words):
        """One qtest command; the words after OK."""
        self.qtest.send(" ".join(f"{word:#x}" if isinstance(word, int) else word
                                 for word in words))
        while True:
            answer = self.qtest.receive().split()
            if answer[0] == "OK":
                return answer[1:]
            if answer[0] != "IRQ":
                raise RuntimeError(f"qtest {words[0]}: {' '.join(answer)}")

    def read(self, address, size):
        return bytes.fromhex(self.guest("read", address, size)[0][2:])

    def write(self, address, data):
        self.guest("write", address, len(data), "0x" + data.hex())

    def get(self, kind, address):
        """kind: readb, readw, readl, inl, ..."""
        return int(self.guest(kind, address)[0], 16)

    def put(self, kind, address, value):
        """kind: writeb, writew, writel, outl, ..."""
        self.guest(kind, address, value)
