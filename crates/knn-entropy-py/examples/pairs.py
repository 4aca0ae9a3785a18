"""All pairs of columns of a table, in one process: the work that the examples for joblib, Dask and Ray distribute.

python examples/pairs.py
"""

import argparse
import itertools
import time

import numpy as np

import knn_entropy


def table(rows, columns):
    """Return a table whose neighboring columns depend on each other."""
    x = np.random.default_rng(0).standard_normal((rows, columns))
    x[:, 1:] += 0.7 * x[:, :-1]
    # Columns are read one at a time, so they should lie together in memory.
    return np.asfortranarray(x)


def chunks(columns, parts):
    """Divide all pairs of columns into lists of about equal length."""
    pairs = list(itertools.combinations(range(columns), 2))
    return [pairs[part::parts] for part in range(parts)]


def information(x, pairs):
    """Return the mutual information of some pairs of columns."""
    return [knn_entropy.mutual_information(x[:, i], x[:, j]) for i, j in pairs]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--columns", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3)
    return parser.parse_args()


def compare(name, run, x, options):
    """Time one process with one thread and the engine in turns, and check that their results are equal."""
    everything = chunks(x.shape[1], 1)[0]
    alone, distributed = [], []
    for _ in range(options.turns):
        start = time.perf_counter()
        expected = [knn_entropy.mutual_information(x[:, i], x[:, j], n_jobs=1) for i, j in everything]
        alone.append(time.perf_counter() - start)
        parts = chunks(x.shape[1], 8 * options.workers)
        start = time.perf_counter()
        found = dict(zip(itertools.chain(*parts), itertools.chain(*run(x, parts)), strict=True))
        distributed.append(time.perf_counter() - start)
        assert [found[pair] for pair in everything] == expected
    one, many = np.median(alone), np.median(distributed)
    print(f"{len(everything)} pairs of {len(x)} rows")
    print(f"one process, one thread: {one:.1f} s")
    print(f"{name}, {options.workers} workers: {many:.1f} s, {one / many:.2f} times as fast")


if __name__ == "__main__":
    options = arguments()
    compare(
        "this process again",
        lambda x, parts: [information(x, part) for part in parts],
        table(options.rows, options.columns),
        options,
    )
