import doctest

import numpy as np
import pytest

import knn_entropy


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def normal(rng):
    """500 samples of N(0, I) in two dimensions."""
    return rng.standard_normal((500, 2))


@pytest.fixture
def pair(rng):
    """Two normal variables with a correlation of 0.8."""
    x, noise = rng.standard_normal((2, 2000))
    return x, 0.8 * x + 0.6 * noise


def run_doctests(name):
    """Run the example in a docstring and return the numbers of failures and of examples."""
    finder = doctest.DocTestFinder(recurse=False)
    runner = doctest.DocTestRunner(verbose=False)
    for test in finder.find(getattr(knn_entropy, name), name, globs={"knn_entropy": knn_entropy}):
        runner.run(test)
    return runner.failures, runner.tries
