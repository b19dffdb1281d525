#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each system call of the hook and of the command fails once.

Then the program has done all of its work nevertheless, or it ends with a status and a message, and
a second run does what is left. It never removes what is in use. With CHECK_ALL each call fails with
more than one error number.
"""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("BUILD") or os.path.join(TOP, "build")
FAILING = os.path.join(BUILD, "tests/faults/failing")
HOOK = os.path.join(BUILD, "runtime-hooks/sysgenid-hook")
TOOL = os.path.join(BUILD, "tools/sysgenid")
REGISTRY = "/run/sysgenid/containers"
PATTERN, BUNDLE, TARGET = "/run/pattern", "/run/bundle", "/run/target"
IN_USE = ["mounted/counter", "kept/counter", "kept/kept", "node/counter"]
ERRORS = [errno.EIO]
if os.environ.get("CHECK_ALL"):
    ERRORS += [errno.EINTR, errno.ENOMEM, errno.EACCES]
HUNG, TOO_FEW = 124, 125


def state(name, bundle="/run/none"):
    annotations = {"dev.sysgenid.counter": "file"}
    words = {"id": name, "pid": 1, "bundle": bundle, "annotations": annotations}
    return json.dumps(words).encode()


CONFIG = b'{"linux":{"cgroupsPath":"/new"},"annotations":{"dev.sysgenid.counter":"file"}}'
# What is run, with its standard input
CASES = [
    ("create-runtime", [HOOK, "create-runtime"], state("new")),
    ("precreate", [HOOK, "precreate"], CONFIG),
    ("poststop", [HOOK, "poststop"], state("mine")),
    ("poststop after a dump", [HOOK, "poststop"], state("mine", BUNDLE)),
    ("make", [HOOK, "make", "new"], b""),
    ("remove", [HOOK, "remove", "mine"], b""),
    ("clean", [HOOK, "clean"], b""),
    ("status", [TOOL, "status"], b""),
    ("status in JSON", [TOOL, "status", "--json"], b""),
    ("metrics", [TOOL, "status", "--format", "prometheus"], b""),
    ("trigger", [TOOL, "trigger"], b""),
    ("trigger of one", [TOOL, "trigger", "--container", "mine"], b""),
]


def path(name):
    return os.path.join(REGISTRY, name)


def make_old(name):
    then = time.time() - 7200
    os.utime(path(name), (then, then))


def prepare():
    """A counter that is mounted, one that is kept, the node's, and a pattern for others."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    os.makedirs(BUNDLE)
    for file in (os.path.join(BUNDLE, "dump.log"), TARGET):
        open(file, "w", encoding="ascii").close()
    for name in ("pattern", "mounted", "kept", "node"):
        subprocess.run([HOOK, "make", name], check=True)
    for name in ("pattern", "mounted"):
        os.unlink(path(name + "/kept"))
    os.rename(path("pattern"), PATTERN)
    for name in ("mounted", "kept", "node"):
        make_old(name)
    subprocess.run(["mount", "--bind", path("mounted/counter"), TARGET], check=True)


def fresh():
    """Two counters that are in use no more, and the others as they were."""
    for name in ("mine", "old", "new"):
        shutil.rmtree(path(name), ignore_errors=True)
    for name in ("mine", "old"):
        shutil.copytree(PATTERN, path(name))
        make_old(name)


def what_is(output):
    """All that there is and was printed, a line each, but for numbers that are drawn anew."""
    lines = re.sub(r"\d{4,}", "N", output).splitlines()
    for folder, _, names in os.walk(REGISTRY):
        for name in [""] + names:
            info = os.stat(os.path.join(folder, name))
            size = info.st_size if name else 0
            lines.append(f"{os.path.join(folder, name)[len(REGISTRY):]} {info.st_mode:o} {size}")
    return sorted(lines)


class Case:
    def __init__(self, command, text):
        self.command, self.text = command, text
        fresh()
        result = self.run(command)
        assert result[0] == 0, result
        self.goal = what_is(result[1])

    def missing(self, output):
        """Says how what is there differs from what a run leads to in which no call fails."""
        now = what_is(output)
        return ([f"+{line}" for line in now if line not in self.goal] +
                [f"-{line}" for line in self.goal if line not in now])

    def run(self, command, **more):
        done = subprocess.run(command, input=self.text, capture_output=True, check=False, **more)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def fail(self, number, error):
        """Returns the call's name, or None if there are fewer calls, and what the program did."""
        fresh()
        with open("/run/name", "w+", encoding="ascii") as name:
            # The tool wants it as number 3.
            command = ["/bin/sh", "-c", f'exec "$@" 3>&{name.fileno()}', "sh", FAILING]
            command += [str(number), str(error)] + self.command
            result = self.run(command, pass_fds=[name.fileno()])
            name.seek(0)
            return name.read().strip() if result[0] != TOO_FEW else None, result

    def judge(self, result):
        """Yields what is wrong."""
        status, output, message = result
        if status >= HUNG:
            yield f"it ends with {status}, which is more than {HUNG} for signals, or does not end"
        if status and not message:
            yield f"it ends with {status} and says nothing"
        # Metrics are there to say that.
        reported = message and "\nsysgenid_files_damaged 1\n" in output
        if not status and self.missing(output) and not reported:
            yield f"it ends with 0, but: {self.missing(output)}"
        for name in IN_USE:
            if not os.path.exists(path(name)):
                yield f"{name} is gone, which is in use"
        if status:
            # A folder of which a part was removed is as good as new for an hour.
            for name in os.listdir(REGISTRY):
                if name in ("old", "mine"):
                    make_old(name)
            status, output, message = self.run(self.command)
            if status or self.missing(output):
                yield f"a second run ends with {status}: {message} {self.missing(output)}"


def each_call(command, text):
    """Returns how many runs there were, how many ended with an error, and what was wrong."""
    case = Case(command, text)
    runs, failed, wrong = 0, 0, []
    for error in ERRORS:
        number = 1
        while True:
            name, result = case.fail(number, error)
            if name is None:
                break
            runs += 1
            failed += result[0] != 0
            wrong += [f"call {number}, {name}, {errno.errorcode[error]}: {fault}"
                      for fault in case.judge(result)]
            if wrong:
                shutil.rmtree(path("kept"), ignore_errors=True)
                subprocess.run([HOOK, "make", "kept"], check=True)
                make_old("kept")
            number += 1
    return runs, failed, wrong


def main():
    prepare()
    count, good = 0, True
    for name, command, text in CASES:
        started = time.time()
        runs, failed, wrong = each_call(command, text)
        fine = not wrong and failed > 5
        count, good = count + 1, good and fine
        print(f"{'' if fine else 'not '}ok {count} - {name}: each of its calls fails once")
        print(f"# {runs} runs, of which {failed} end it, in {time.time() - started:.1f} s")
        for line in wrong:
            print("#", line.replace("\n", " "))
        sys.stdout.flush()
    print(f"1..{count}")
    return 0 if good else 1


if __name__ == "__main__":
    if os.getpid() != 1:
        # It sees no processes but the test's, and has a /run of its own.
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        os.execvp("unshare", ["unshare", *user, "--mount", "--pid", "--fork", "--kill-child",
                              "--mount-proc", "--propagation", "private",
                              os.path.abspath(__file__)])
    sys.exit(main())
