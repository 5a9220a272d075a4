"""Child processes that never outlive the test that started them, however that ends."""

import ctypes
import signal
import subprocess

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def start(command, **options):
    """As subprocess.Popen. Call it from the main thread: the child ends with the thread that made it."""
    return subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                            preexec_fn=_die_with_parent, **options)
