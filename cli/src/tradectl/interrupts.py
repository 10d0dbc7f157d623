"""A second Ctrl-C for code that does not listen to the first.

Python notices Ctrl-C between two of its own steps. Compiled code gives it a turn every
millisecond or so, but one handler that never ends gives it none. So the first Ctrl-C, besides being
noted, gives the second one back its original meaning: the end of the process, at once. What is
stored is stored whole or not at all, so nothing is lost by it but the run.
"""

from __future__ import annotations

import signal
import threading


def end_at_second_interrupt() -> None:
    """Let the second Ctrl-C end the process, where the system can be told to; else do nothing."""
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        return  # somebody else has plans for it
    import ctypes

    try:
        # As in System V, a signal that arrives resets what is done about the next one.
        install = ctypes.CDLL(None).sysv_signal
    except (OSError, TypeError, AttributeError):
        return
    install.restype = ctypes.c_void_p
    install.argtypes = (ctypes.c_int, ctypes.c_void_p)
    pythons = install(signal.SIGINT, None)  # None is the default: the end of the process
    install(signal.SIGINT, pythons)
