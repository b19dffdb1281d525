# SPDX-License-Identifier: LGPL-2.1-or-later
"""The generation counter: the device, or a counter file. The uapi header is the specification."""
import errno
import fcntl
import mmap
import os
import stat
import sys
import time

DEVICE = "/dev/sysgenid"
# Indices of the page's 32-bit words.
GENERATION, MAGIC, VERSION, FLAGS, RNG_GENERATION = 0, 16, 17, 18, 19
INCARNATION, RESUMED, RESTORED = slice(22, 26), 26, 27
PAGE_MAGIC, PAGE_VERSION, FLAG_RNG, FLAG_INCARNATION = 0x47735953, 1, 1, 2
SET_WATCHER_TRACKING = 0xE401
# Where the hypervisor's counter is in the device's second page, and in the first one the counter that the generation
# stands for: slices of 64 bits.
VMCLOCK, KNOWN = slice(0x68, 0x70), slice(80, 88)
SYNC_S, SYNC_PAUSES_S = 1.0, (0.00005, 0.005)  # the limit, and the first and the longest pause
OVERFLOW_UID = 65534  # how a user namespace shows the host's root

ADVICE = {
    errno.ENOENT: "the kernel module sysgenid is not loaded, or the path is wrong: run 'modprobe sysgenid' (on the host, "
                  "for a container)",
    errno.EACCES: "it may not be opened: the device's mode should be 0666, and a container's runtime must allow it",
    errno.ENOTTY: "that is not the generation counter: use /dev/sysgenid, or a page in a file that belongs to root and "
                  "that nobody else can write",
}


def strict():
    """Is a program without a counter to end?"""
    return os.environ.get("SYSGENID_PYTHON") == "strict"


def default_path():
    """Where to look. Whoever starts a program with other rights must not choose what it takes for the counter."""
    if (os.getuid(), os.getgid()) == (os.geteuid(), os.getegid()):
        return os.environ.get("SYSGENID_PATH") or DEVICE
    return DEVICE


def tell_apart(incarnation):
    """Of a counter file, which containers may share: as lib/incarnation.c in C. None: /proc does not show enough."""
    try:
        namespace = os.stat("/proc/self/ns/pid").st_ino & 0xFFFFFFFF
    except OSError:
        return None
    first = int.from_bytes(incarnation[:4], sys.byteorder) ^ namespace
    return first.to_bytes(4, sys.byteorder) + incarnation[4:]


def _error(code, path):
    if code == errno.EPERM:  # a device cgroup's no
        code = errno.EACCES
    return OSError(code, ADVICE.get(code, os.strerror(code)), path)


def _check_file(fd, status):
    """As counterfile_check() in C: a page that others can write tells nothing, and one that they shorten kills us."""
    if (status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or status.st_uid not in (0, OVERFLOW_UID, os.geteuid())
            or status.st_size != mmap.PAGESIZE):
        return False
    words = memoryview(os.pread(fd, 80, 0).ljust(80, b"\0")).cast("I")
    return words[MAGIC] == PAGE_MAGIC and words[VERSION] == PAGE_VERSION


def _check(fd):
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode):
        return _check_file(fd, status)
    if not stat.S_ISCHR(status.st_mode):
        return False
    try:
        # To untrack a file that is not tracked asks who it is, and changes nothing.
        fcntl.ioctl(fd, SET_WATCHER_TRACKING, 0)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOTTY):
            return False
        raise
    return True


def open_fd(path):
    """A new descriptor of the counter at a path; OSError with an advice if there is none."""
    try:
        # Before opening: to open something else may have effects.
        mode = os.stat(path).st_mode
        if not stat.S_ISCHR(mode) and not stat.S_ISREG(mode):
            raise _error(errno.ENOTTY, path)
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise _error(error.errno, path) from None


class Counter:
    """The mapped pages. A draw of a generator compares inline, since a call costs as much as the draw:

        if clock is not None and clock != known or page[0] != seen: ...
    """

    def __init__(self, page, second=None, is_file=False):
        """Two mmap objects: the counter's page, and the device's second page."""
        self.is_file = is_file
        self.page = memoryview(page).cast("I")
        self.second = second
        # The hypervisor's counter, and the one that the generation stands for. None: there is no second page.
        self.clock = self.known = None
        if second is not None:
            self.clock, self.known = memoryview(second)[VMCLOCK].cast("Q"), memoryview(page)[KNOWN].cast("Q")
        self.late = False  # a wait has reached its limit: nobody waits again until the kernel has followed

    def ask(self):
        """Has the kernel look whether the hypervisor has restored the machine. False: the generation has not moved yet."""
        if self.clock is None or self.clock == self.known:
            return True
        try:
            self.second.madvise(mmap.MADV_DONTNEED)  # with the next load of that page the kernel looks
        except OSError:
            pass  # a sandbox forbids it: what the notification does later counts
        return self.clock == self.known

    def sync(self):
        """Waits, but not for long, until the generation has followed the hypervisor's counter; False: it has not."""
        end, (pause, longest) = time.monotonic() + SYNC_S, SYNC_PAUSES_S
        while not self.ask():
            if self.late or time.monotonic() >= end:
                self.late = True
                return False
            time.sleep(pause)
            pause = min(pause * 2, longest)
        self.late = False
        return True

    def generation(self):
        self.sync()
        return self.page[GENERATION]

    def changed(self, seen):
        """Also where the kernel does not follow the hypervisor."""
        return not self.sync() or self.page[GENERATION] != seen


def _is_open(number, identity):
    try:
        status = os.fstat(number)
    except OSError:
        return False
    return (status.st_dev, status.st_ino, status.st_rdev) == identity


def _abandon_if_closed(page, number, identity):
    """When the interpreter ends: with a mapping Python closes its descriptor, which may be a file of the program's now. Then
    the mapping stays."""
    if not _is_open(number, identity):
        try:
            from _ctypes import Py_INCREF
        except ImportError:  # a subinterpreter of Python 3.12
            return
        Py_INCREF(page)


def _map_with_descriptor(fd, number):
    import atexit
    status = os.fstat(fd)
    kept = os.dup(fd)  # mmap takes the same number next, if no other thread is faster
    os.close(kept)
    page = mmap.mmap(fd, mmap.PAGESIZE, mmap.MAP_SHARED, mmap.PROT_READ, offset=number * mmap.PAGESIZE)
    atexit.register(_abandon_if_closed, page, kept, (status.st_dev, status.st_ino, status.st_rdev))
    return page


def _map(fd, number):
    # Without the descriptor where Python can: daemons close those that they do not know.
    if sys.version_info < (3, 13):
        return _map_with_descriptor(fd, number)
    return mmap.mmap(fd, mmap.PAGESIZE, mmap.MAP_SHARED, mmap.PROT_READ, offset=number * mmap.PAGESIZE, trackfd=False)


def _map_second(fd):
    """A counter file has one page, and an older module as well."""
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return None
    try:
        return _map(fd, 1)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None
        raise


def open_counter(path):
    """The counter at a path. Until Python 3.13 each mapping keeps a descriptor of its own."""
    fd = open_fd(path)
    try:
        if not _check(fd):
            raise _error(errno.ENOTTY, path)
        return Counter(_map(fd, 0), _map_second(fd), stat.S_ISREG(os.fstat(fd).st_mode))
    except OSError as error:
        raise _error(error.errno, path) from None
    finally:
        os.close(fd)
