"""Threads of a search, and how many threads a product of matrices has meanwhile and afterwards."""

import threading

import numpy as np
from threadpoolctl import threadpool_info

from interp_jax.kernels.ward import _threads


def _counts():
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


def test_products_have_as_many_threads_as_before_after_two_calls_that_overlap(monkeypatch):
    monkeypatch.setattr(_threads, "count", lambda: 2)
    _threads._libraries.cache_clear()  # libraries that were loaded since are not limited
    before, meanwhile = _counts(), []
    events = [threading.Event() for _ in range(4)]
    begun, ended = events[:2], events[2:]

    def call(number):
        def work(rows):
            begun[number].set()
            ended[number].wait(30)

        _threads.in_parts(work, np.arange(2), 1)

    calls = [threading.Thread(target=call, args=(number,), daemon=True) for number in range(2)]
    for each, event in zip(calls, begun, strict=True):
        each.start()
        assert event.wait(30)
    meanwhile.append(_counts())
    ended[0].set()
    calls[0].join(30)
    meanwhile.append(_counts())
    ended[1].set()
    calls[1].join(30)
    assert meanwhile == [[1] * len(before)] * 2
    assert _counts() == before
