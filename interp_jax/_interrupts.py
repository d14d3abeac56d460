"""Ctrl-C while a command imports: one line and status 130.

Libraries that are in the midst of an import swallow KeyboardInterrupt or turn it into errors of their own.
"""

import os
import signal
import sys
import threading


def end_imports_quietly() -> None:
    """From here on an interrupt during an import ends the process at once; nothing is half written by that."""
    main_thread = threading.current_thread() is threading.main_thread()
    if main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)


def _interrupted(number, frame) -> None:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            print("\nInterrupted. The same command starts again, or continues from what is stored.", file=sys.stderr)
            sys.stderr.flush()
            os._exit(130)
        frame = frame.f_back
    raise KeyboardInterrupt
