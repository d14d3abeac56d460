"""Runs the battery, or a share of it, and writes what came of every cell as JSON lines."""

import argparse
import contextlib
import io
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import zlib
from pathlib import Path


def main() -> int:
    """The command line; 1 where cells failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.battery", description=__doc__)
    parser.add_argument("--out", type=Path, help="file for the JSON lines; the screen by default")
    parser.add_argument("--only", default="", help="subjects whose path begins so or ends so")
    parser.add_argument("--twentieth", action="store_true", help="the share that is always run")
    parser.add_argument("--part", default="0/1", help="subjects to run: 0/2 and 1/2 are two halves")
    parser.add_argument("--seconds", type=float, default=30.0, help="limit of one cell")
    options = parser.parse_args()

    # What users have: no type checks at calls, and whole tracebacks to find where errors come from.
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    jax.config.update("jax_traceback_filtering", "off")
    home = tempfile.mkdtemp()
    tempfile.tempdir = home
    try:
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(options.out.open("w")) if options.out else sys.stdout
            return _run(options, file)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(options, file):
    from tests.battery.arguments import stale, valid_call
    from tests.battery.cells import cells
    from tests.battery.documented import entry
    from tests.battery.subjects import subjects

    failures = 0

    def report(subject, argument, variant, wrong, seconds=0.0):
        nonlocal failures
        why = wrong and entry(subject, argument, variant, wrong)
        wrong = None if why else wrong
        failures += wrong is not None
        record = {"subject": subject, "argument": argument, "variant": variant, "fault": wrong}
        record |= {"documented": why, "seconds": seconds}
        print(json.dumps(record), file=file, flush=True)

    found = subjects()
    part, parts = map(int, options.part.split("/"))
    # In an order that has nothing to do with their names, so that parts take about as long.
    paths = sorted(found, key=lambda path: zlib.crc32(path.encode()))[part::parts]
    if part == 0 and not options.only:
        for problem in stale(found):
            report("tables", "", "stale", problem)
    for path in paths:
        if options.only and not (path.startswith(options.only) or path.endswith(options.only)):
            continue
        try:
            arguments = valid_call(found[path])
        except Exception as error:
            report(path, "", "valid call", f"{type(error).__name__}: {error}")
            continue
        _subject(found[path], cells(found[path], arguments), options, report)
    return int(failures > 0)


def _subject(subject, every, options, report):
    from tests.battery.cells import VALID, UntriedError
    from tests.battery.verdicts import Outcome, fault, unsound

    outcomes: dict[tuple, Outcome] = {}
    every = list(every)

    def done(cell, make):
        # The valid call and others that serve as reference are made once, and only where they are wanted.
        name = cell.argument, cell.reference_name
        if name not in outcomes:
            outcomes[name] = _outcome(cell, make, options.seconds)
        return outcomes[name]

    def valid():
        return done(every[0], every[0].make)

    for cell in every:
        if options.twentieth and not cell.in_twentieth:
            continue
        start = time.process_time()
        if cell.variant == VALID:
            wrong = unsound(valid())
        else:
            try:
                arguments = cell.make()
            except (UntriedError, TypeError, ValueError, OverflowError, IndexError):
                continue  # not a value of which this can be made

            def reference(cell=cell):
                return valid() if cell.reference is None else done(cell, cell.reference)

            found = _outcome(cell, lambda arguments=arguments: arguments, options.seconds)
            wrong = fault(subject, cell.expects, cell.names, found, valid, reference, cell.digits)
        report(subject.path, cell.argument, cell.variant, wrong, round(time.process_time() - start, 3))
        if cell.variant == VALID and wrong is not None:
            return


def _outcome(cell, make, seconds):
    from tests.battery.arguments import perform
    from tests.battery.drawing import drawn
    from tests.battery.verdicts import outcome

    def call():
        with _limit(seconds), contextlib.redirect_stdout(io.StringIO()):
            result = perform(cell.subject, make())
            drawn(result, cell.kind, cell.variant)
            return result

    return outcome(call)


@contextlib.contextmanager
def _limit(seconds):
    def stop(*_):
        raise TimeoutError(f"longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
