"""Threads, processes, interrupts and the memory of arguments."""

import concurrent.futures
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc

import numpy as np
import pytest

import knn_entropy as ke
from knn_entropy._threads import n_threads

SAMPLES = np.random.default_rng(0).standard_normal((3000, 2))


def information(_=None, n_jobs=2):
    return ke.mutual_information(SAMPLES[:, 0], SAMPLES[:, 1], n_jobs=n_jobs)


def test_results_do_not_depend_on_the_number_of_threads():
    assert len({information(n_jobs=jobs) for jobs in (1, 2, 3, 7, -1, None)}) == 1


def test_a_hundred_calls_in_threads():
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        assert set(pool.map(information, range(100))) == {information()}


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_hundred_calls_in_processes(method):
    # The parent has used its threads, which a forked process does not have.
    expected = information()
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert set(pool.map_async(information, range(100)).get(timeout=120)) == {expected}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_fork_while_other_threads_estimate():
    stop, expected = threading.Event(), information()

    def work():
        while not stop.is_set():
            information()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                os._exit(0 if information() == expected else 1)
            deadline = time.monotonic() + 60
            while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
                time.sleep(0.005)
            if ended == (0, 0):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            assert ended[0] == child and ended[1] == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_other_threads_run_during_an_estimate():
    x = np.random.default_rng(0).standard_normal((60_000, 3))
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    clock = threading.Thread(target=tick)
    clock.start()
    start = time.perf_counter()
    ke.entropy(x)
    end = time.perf_counter()
    done.set()
    clock.join()
    assert sum(start < at < end for at in ticks) > 3


SCRIPT = """
    import sys, time
    import numpy as np
    import knn_entropy as ke
    x = np.random.default_rng(0).standard_normal({shape})
    print("ready", flush=True)
    start = time.perf_counter()
    try:
        {call}
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    # The module works after an interrupt.
    assert np.isfinite(ke.entropy(x[:100]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize(
    ("shape", "call"),
    [
        ((4_000_000, 3), "ke.entropy(x)"),
        ((1_000_000, 2), "ke.mutual_information(x[:, 0], x[:, 1], n_neighbors=50)"),
        ((3000, 2), "ke.mutual_information_test(x[:, 0], x[:, 1], n_surrogates=100_000)"),
    ],
)
def test_ctrl_c_ends_a_long_call(shape, call):
    script = textwrap.dedent(SCRIPT).format(shape=shape, call=call)
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.3)
    start = time.perf_counter()
    child.send_signal(signal.SIGINT)
    try:
        out, _ = child.communicate(timeout=60)
    finally:
        child.kill()
    assert (out, child.returncode) == ("interrupted\n", 0)
    print(f"{time.perf_counter() - start:.2f} s from Ctrl-C to the end of the process")


def test_workers_use_one_thread(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("RAYON_NUM_THREADS", raising=False)
    cores = n_threads(-1)
    assert n_threads(None) == cores
    assert n_threads(3) == 3
    assert n_threads(-cores - 5) == 1
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(n_threads, None).result() == 1
        assert pool.submit(n_threads, 2).result() == 2
    for method in multiprocessing.get_all_start_methods():
        with multiprocessing.get_context(method).Pool(1) as pool:
            assert pool.apply(n_threads, (None,)) == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert n_threads(None) == 1
    assert n_threads(-1) == cores


@pytest.mark.parametrize("precision", [np.float64, np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arguments_are_not_copied(precision, order):
    x = np.asarray(np.random.default_rng(0).standard_normal((100_000, 4)), dtype=precision, order=order)
    from knn_entropy._arrays import as_samples

    tracemalloc.start()
    array = as_samples(x, "x")
    column = as_samples(x[:, 1], "x")
    assert tracemalloc.get_traced_memory()[1] < 10_000
    tracemalloc.stop()
    assert np.shares_memory(array, x) and np.shares_memory(column, x)
