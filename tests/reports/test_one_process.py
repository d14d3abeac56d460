"""One thread of one process at a time has a run, by a lock that ends with it; the others are told which."""

import os
import socket
import subprocess
import sys
import textwrap
import threading

import pytest

from interp_jax.reports import Run
from interp_jax.reports._records import read_record


def open_run(root, name="run", **options):
    return Run.open("study", name, {"seed": 0}, title="T", lead="L", sections=["a", "b"], root=root, **options)


def python(root, text, **options):
    head = f"""
        import os, signal, sys, time
        from interp_jax.reports import Run
        def open_run(**options):
            return Run.open("study", "run", {{"seed": 0}}, title="T", lead="L", sections=["a", "b"], root={str(root)!r})
    """
    script = textwrap.dedent(head) + textwrap.dedent(text)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", script], text=True, **pipes, **options)


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_the_second_process_is_told_who_has_the_run_and_a_dead_one_has_none(tmp_path):
    holder = python(tmp_path, "run = open_run(); print('open', flush=True); sys.stdin.read()")
    try:
        assert holder.stdout.readline() == "open\n"
        folder = tmp_path / "study" / "run"
        before = names(folder)
        for overwrite in (False, True):
            with pytest.raises(BlockingIOError) as caught:
                open_run(tmp_path, overwrite=overwrite)
            message = str(caught.value)
            assert f"{folder}: found it in use by process {holder.pid} on {socket.gethostname()} since 2" in message
            assert "another --name" in message
        assert names(folder) == before
        open_run(tmp_path, name="other")
    finally:
        holder.kill()  # as a machine does that is taken away: nothing of the process runs any more
        holder.communicate()
    run = open_run(tmp_path)
    with run.section("a", "A") as section:
        section.text("after")
    run.close()
    assert not [each for each in names(tmp_path / "study") if "holder" in each]


def test_runs_of_one_process_share_it_until_the_last_is_closed(tmp_path):
    first, second = open_run(tmp_path), open_run(tmp_path)
    other = "try: open_run(); print('has it')\nexcept BlockingIOError as error: print(error)"
    first.close()
    assert f"process {os.getpid()} " in python(tmp_path, other).communicate()[0]
    del second  # a run that nobody has is closed
    assert python(tmp_path, other).communicate()[0] == "has it\n"
    first.close()  # a second time does nothing


def test_of_eight_threads_that_open_a_run_at_once_one_has_it_and_the_others_are_told(tmp_path):
    start, end, had, told = threading.Barrier(8, timeout=60), threading.Barrier(8, timeout=60), [], []

    def begin():
        start.wait()
        try:
            had.append((threading.current_thread().name, open_run(tmp_path)))
        except BlockingIOError as error:
            told.append(str(error))
        end.wait()  # the one that has it still runs while the others are told

    threads = [threading.Thread(target=begin, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [(name, run)] = had
    assert len(told) == 7
    assert all(f"run: found it in use by {name}, a thread of this process, wanted one thread a run" in e for e in told)
    another = open_run(tmp_path)  # of a thread that has ended
    run.close()
    another.close()
    assert not [each for each in names(tmp_path / "study") if "holder" in each]


def test_a_failed_start_lets_others_have_the_run(tmp_path):
    open_run(tmp_path).close()
    with pytest.raises(ValueError, match="other settings"):
        Run.open("study", "run", {"seed": 1}, title="T", lead="L", sections=["a"], root=tmp_path)
    assert not [each for each in names(tmp_path / "study") if "holder" in each]


def test_leftovers_of_a_killed_process_are_removed_at_the_next_start_however_young(tmp_path):
    folder = open_run(tmp_path).folder
    (folder / "checkpoints").mkdir()
    left = [folder / ".metrics.json.0123abcd.tmp", folder / "sections" / ".a.json.0123abcd.tmp"]
    for path in left:
        path.write_text("half")
    (folder / "checkpoints" / ".net.0123abcd.tmp" / "net").mkdir(parents=True)
    open_run(tmp_path)
    assert not [path for path in folder.rglob("*") if path.name.endswith(".tmp")]


@pytest.mark.slow
def test_of_eight_simultaneous_starts_one_has_the_run_and_the_others_are_told(tmp_path):
    text = """
        import matplotlib.figure, numpy
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            run = open_run()
        except BlockingIOError as error:
            print(error)
            sys.exit(2)
        with run.section("a", "A") as section:
            section.metrics({"pid": os.getpid()})
        print("mine", flush=True)
        time.sleep(3)
    """
    started = [python(tmp_path, text) for _ in range(8)]
    for each in started:
        assert each.stdout.readline() == "ready\n"
    for each in started:
        each.stdin.write("go\n")
        each.stdin.flush()
    ends = [each.communicate(timeout=60) for each in started]
    assert sorted(each.returncode for each in started) == [0] + 7 * [2]
    winner = next(each.pid for each in started if each.returncode == 0)
    assert all(f"process {winner} on" in out for out, _ in ends if "mine" not in out)
    assert not any(error for _, error in ends)
    assert read_record(tmp_path / "study" / "run" / "metrics.json") == {"a": {"pid": winner}}
