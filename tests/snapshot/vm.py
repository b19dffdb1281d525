# SPDX-License-Identifier: GPL-2.0-only
"""Virtual machines that a test on the host snapshots and restores.

The guest is the bench's (tests/vm): its PID 1 runs tests/snapshot/agent, which executes commands
that come over a virtio-serial port. The host's side of the machine is driven with QMP.
"""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KERNEL = "console=ttyS0 panic=-1 oops=panic mitigations=off no_timer_check loglevel=7"
LEAK_PATH = "/machine/peripheral/leak0"


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True,
                          timeout=600).stdout.strip()


class Suite:
    """What all machines of one Debian suite share."""

    def __init__(self, name, qemu=None):
        """@qemu: a version that qemu/build knows; default: the suite's own."""
        self.name = name
        self.machines = []  # that the present test has started
        self.image = output("bash", "-c", f". {TOP}/tests/vm/common.bash && vm_image {name}")
        # The debug kernel is slow, and needs memory.
        self.slow, self.more_mem = (6, 1024) if name == "debug" else (1, 0)
        self.qemu = os.environ.get("SNAPSHOT_QEMU") or output(
            f"{TOP}/qemu/build", qemu or ("trixie" if name == "debug" else name))
        if not os.environ.get("VM_NO_BUILD"):
            subprocess.run([f"{TOP}/tests/vm/build", name], check=True, timeout=900)
        # A link keeps this very disk, even when another build replaces it meanwhile. It is beside the
        # disk, since /tmp may be another file system.
        self.kept = tempfile.TemporaryDirectory(dir=f"{TOP}/build/vm-{name}", prefix="kept.")
        os.link(f"{TOP}/build/vm-{name}/work.ext4", f"{self.kept.name}/work.ext4")
        self.accel = output(f"{TOP}/tests/vm/accel", self.image, self.qemu)
        if self.accel == "tcg":
            self.accel = "tcg,thread=multi"

    def disks(self, folder):
        """Two new disks, root and work, which take what a machine writes."""
        return [overlay(folder, base, "raw")
                for base in (f"{self.image}/root.ext4", f"{self.kept.name}/work.ext4")]


def overlay(folder, base, base_format="qcow2"):
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".qcow2", delete=False) as disk:
        path = disk.name
    output("qemu-img", "create", "-q", "-f", "qcow2", "-F", base_format, "-b", base, path)
    return path


class Channel:
    """A unix socket that QEMU connects to."""

    def __init__(self, folder):
        self.path = tempfile.mktemp(dir=folder)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.pending = b""

    def accept(self, seconds=20):
        self.listener.settimeout(seconds)
        self.socket, _ = self.listener.accept()
        self.listener.close()

    def send(self, text):
        self.socket.sendall(text.encode() + b"\n")

    def line(self, deadline):
        """The next line; TimeoutError when it has not come by then."""
        while b"\n" not in self.pending:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            self.socket.settimeout(left)
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("QEMU has closed the connection")
            self.pending += data
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode(errors="replace").rstrip("\r")


class VM:
    """One QEMU process."""

    def __init__(self, suite, folder, *arguments, disks=None, smp=2, mem=384, append=""):
        self.suite = suite
        self.folder = folder
        self.disks = disks or suite.disks(folder)
        self.number = 0
        self.events = []
        self.console = tempfile.mktemp(dir=folder, suffix=".console")
        self.errors = self.console + ".err"
        self.monitor, self.serial = Channel(folder), Channel(folder)
        command = [
            suite.qemu, "-nodefaults", "-no-user-config", "-display", "none",
            "-accel", suite.accel, "-cpu", "max", "-smp", str(smp), "-m", str(mem + suite.more_mem),
            "-kernel", f"{suite.image}/vmlinuz", "-initrd", f"{suite.image}/initrd",
            "-append", f"{KERNEL} vm.token=x vm.limit=3600 vm.test=tests/snapshot/agent {append}",
            "-qmp", f"unix:{self.monitor.path}",
            "-serial", f"file:{self.console}", "-serial", "null",
            "-chardev", f"socket,id=agent,path={self.serial.path}",
            "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,nr=1",
        ]
        for disk in self.disks:
            command += ["-drive", f"file={disk},format=qcow2,if=virtio,cache=unsafe"]
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen([*command, *arguments], stdin=subprocess.DEVNULL,
                                            stdout=errors, stderr=errors)
        suite.machines.append(self)
        try:
            self.serial.accept()
            self.monitor.accept()
            self.monitor.line(time.monotonic() + 20)
            self.qmp("qmp_capabilities")
        except BaseException:
            self.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            self.explain()
        self.kill()

    def explain(self):
        for path in (self.errors, self.console):
            with open(path, encoding="utf-8", errors="replace") as file:
                for line in file.read().splitlines()[-25:]:
                    print("# console:", line)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def fault(self):
        """The emulator's, which ended this machine, or None. As in tests/vm/run."""
        if not self.suite.accel.startswith("tcg"):
            return None
        if self.process.poll() == -signal.SIGABRT:
            with open(self.errors, encoding="utf-8", errors="replace") as file:
                said = file.read()
            if "iotlb_to_section: Assertion" in said:
                return f"QEMU aborted: {said.splitlines()[-1]}"
        with open(self.console, encoding="utf-8", errors="replace") as file:
            if re.search("Oops: int3|int3: 0000", file.read()):
                return "the emulator lost a patched instruction (int3)"
        return None

    # -- the host's side ------------------------------------------------------------------------

    def qmp(self, command, **arguments):
        self.monitor.send(json.dumps({"execute": command, "arguments": arguments}))
        deadline = time.monotonic() + 120
        while True:
            answer = json.loads(self.monitor.line(deadline))
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            self.events.append(answer["event"])

    def hmp(self, line):
        text = self.qmp("human-monitor-command", **{"command-line": line}).strip()
        if text:
            raise RuntimeError(f"{line}: {text}")

    def stop(self):
        self.qmp("stop")

    def cont(self):
        self.qmp("cont")

    def get(self, name):
        """A property of the leak device."""
        return self.qmp("qom-get", path=LEAK_PATH, property=name)

    def set(self, name, value):
        self.qmp("qom-set", path=LEAK_PATH, property=name, value=value)

    def leak(self, count=1):
        self.set("trigger-leak", count)

    def leak_if_there(self):
        """A leak, unless the device has gone meanwhile."""
        try:
            self.leak()
        except RuntimeError as error:
            if "not found" not in str(error):
                raise

    def positions(self):
        """Of each vCPU: privilege level (3 is user mode) and instruction pointer."""
        text = self.qmp("human-monitor-command", **{"command-line": "info registers -a"})
        return [(int(level), int(rip, 16)) for rip, level in
                re.findall(r"RIP=(\w+).*?CPL=(\d)", text, re.DOTALL)]

    def memory(self, address, size):
        """The guest's physical memory."""
        path = os.path.join(self.folder, f"memory-{self.process.pid}")
        self.qmp("pmemsave", val=address, size=size, filename=path)
        with open(path, "rb") as file:
            return file.read()

    def save(self, path):
        """Into a file; the machine must be stopped, and is of no use afterwards."""
        self.qmp("migrate", uri=f"exec:cat >{path}")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            status = self.qmp("query-migrate")
            if status["status"] == "completed":
                return
            if status["status"] == "failed":
                raise RuntimeError(f"saving the machine failed: {status}")
            time.sleep(0.01)
        raise TimeoutError("saving the machine takes too long")

    def wait_loaded(self):
        """With -incoming: until the state is there. The machine is stopped then."""
        deadline = time.monotonic() + 120
        while self.qmp("query-status")["status"] == "inmigrate":
            if time.monotonic() > deadline:
                raise TimeoutError("loading the machine takes too long")
            time.sleep(0.005)

    # -- the guest's side -----------------------------------------------------------------------

    def wait_console(self, text, seconds=40):
        deadline = time.monotonic() + seconds * self.suite.slow
        while True:
            with open(self.console, encoding="utf-8", errors="replace") as file:
                if text in file.read():
                    return
            if time.monotonic() > deadline:
                raise TimeoutError(f"the console does not say '{text}'")
            time.sleep(0.02)

    def wait_boot(self, seconds=90):
        deadline = time.monotonic() + seconds * self.suite.slow
        while self.serial.line(deadline) != "ready":
            pass

    def run(self, command, seconds=60, check=True):
        """Runs a shell command in the guest; what it prints."""
        self.number += 1
        key = f"{os.getpid()}.{id(self)}.{self.number}"
        self.serial.send(f"{key} {command}")
        deadline = time.monotonic() + seconds * self.suite.slow
        lines = []
        while True:
            line = self.serial.line(deadline)
            if line.startswith(key + "|"):
                lines.append(line[len(key) + 1:])
            elif line.startswith(key + "="):
                status = int(line[len(key) + 1:])
                break
        if check and status:
            lines = [f"in the guest: {command}", f"status {status}", *lines[-20:]]
            raise RuntimeError("\n".join(lines))
        return "\n".join(lines)

    def wait_until(self, condition, seconds=20):
        """A shell condition in the guest."""
        seconds *= self.suite.slow
        self.run(f"end=$((SECONDS + {seconds})); while ((SECONDS < end)); do {condition} && exit; "
                 f"sleep 0.02; done; exit 1", seconds=seconds + 30)


def start(suite, folder, *arguments, **keywords):
    """A machine that is up, with our modules."""
    vm = VM(suite, folder, *arguments, **keywords)
    try:
        vm.wait_boot()
        vm.run("insmod build/kernel/sysgenid.ko && insmod build/kernel/virtio-rng.ko")
    except BaseException:
        vm.explain()
        vm.kill()
        raise
    return vm
