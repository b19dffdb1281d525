# SPDX-License-Identifier: LGPL-2.1-or-later
"""The switch: imported by sysgenid-auto.pth when Python starts, it makes programs safe that know nothing of it.

The environment's SYSGENID_PYTHON: "off" does nothing; "warn" says on standard error what is missing; "strict" ends the
program then. Else what is missing is said once, in the system's log, and the program goes on as without us.
"""
import os
import sys

from . import _counter, counter, error

OPENSSL_CONF = "/etc/sysgenid/openssl.cnf"
NUMPY = ("bit_generator", "_mt19937", "_pcg64", "_philox", "_sfc64")
MENDED = {"random": "mend_random", "uuid": "mend_uuid", **{f"numpy.random.{name}": "mend_numpy" for name in NUMPY}}

fresh = None  # None: nothing is mended
problem = None  # why not, or what is not mended


def switch():
    return os.environ.get("SYSGENID_PYTHON", "")


def report(text):
    """Says it once a process. The standard error of somebody else's program may be a data file."""
    global problem
    first, problem = problem is None, text
    if first and switch() in ("warn", "strict"):
        os.write(2, f"sysgenid: {text}\n".encode())
    elif first:
        try:
            import syslog
            syslog.syslog(syslog.LOG_WARNING, f"sysgenid: python3[{os.getpid()}]: {text}")
            syslog.closelog()
        except (ImportError, OSError):
            pass
    if counter.strict():
        os._exit(78)  # EX_CONFIG. An exception would be swallowed: Python goes on if a .pth file's line fails.


def mend(name, module):
    try:
        part = __import__(f"{__package__}.{MENDED[name]}", fromlist=["mend"])
        part.mend(module, fresh)
    except Exception as error:  # whatever another version of the module does
        report(f"{name} is not mended: {type(error).__name__}: {error}")


class Finder:
    """Stands in front of Python's finders: what they find it mends after it is loaded."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in MENDED:
            return None
        for finder in sys.meta_path:
            if finder is not Finder and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    if hasattr(spec.loader, "exec_module"):
                        spec.loader = Loader(name, spec.loader)
                    else:
                        report(f"{name} is not mended: its loader {spec.loader!r} has no exec_module")
                    return spec
        return None


class Loader:
    """Stands in for the loader of one module, and mends the module. Loaders cannot be changed: that of a zip file loads all
    modules in it."""

    def __init__(self, name, loader):
        self._name, self._loader = name, loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        # As without us, for those who look.
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        mend(self._name, module)


def start():
    global fresh
    if switch() == "off" or fresh:
        return
    # OpenSSL reads it when it is loaded; handshakes draw without Python, so only the provider reaches them.
    if os.path.exists(OPENSSL_CONF):
        os.environ.setdefault("OPENSSL_CONF", OPENSSL_CONF)
    if error:
        report(f"no generation counter: {error.filename}: {error.strerror}")
        return
    from .fresh import Fresh
    fresh = Fresh(_counter, counter.strict())
    for name in MENDED:
        if name in sys.modules:
            mend(name, sys.modules[name])
    sys.meta_path.insert(0, Finder)


start()
