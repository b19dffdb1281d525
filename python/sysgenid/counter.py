# SPDX-License-Identifier: LGPL-2.1-or-later
"""The generation counter's page: of the device, or of a counter file. The uapi header is the specification."""
import errno
import fcntl
import mmap
import os
import stat
import sys

DEVICE = "/dev/sysgenid"
# Indices of the page's 32-bit words.
GENERATION, MAGIC, VERSION, FLAGS, RNG_GENERATION = 0, 16, 17, 18, 19
INCARNATION = slice(22, 26)
PAGE_MAGIC, PAGE_VERSION, FLAG_RNG, FLAG_INCARNATION = 0x47735953, 1, 1, 2
SET_WATCHER_TRACKING = 0xE401
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


def open_page(path):
    """The mapped page as a memoryview of 32-bit words. Until Python 3.13 the mapping keeps a descriptor of its own."""
    fd = open_fd(path)
    # Without the descriptor where Python can: daemons close those that they do not know.
    more = {"trackfd": False} if sys.version_info >= (3, 13) else {}
    try:
        if not _check(fd):
            raise _error(errno.ENOTTY, path)
        page = mmap.mmap(fd, mmap.PAGESIZE, mmap.MAP_SHARED, mmap.PROT_READ, **more)
        return memoryview(page).cast("I")
    except OSError as error:
        raise _error(error.errno, path) from None
    finally:
        os.close(fd)
