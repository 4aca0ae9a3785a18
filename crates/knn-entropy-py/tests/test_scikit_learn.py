"""scikit-learn's own tests of its functions, run on the functions of this module."""

import numpy as np
import pytest

import knn_entropy as ke

theirs = pytest.importorskip("sklearn.feature_selection.tests.test_mutual_info")


def compute(x, y, x_discrete, y_discrete, n_neighbors=3):
    """Stands for the private function of scikit-learn that takes one feature and does not standardize it."""
    if not (x_discrete or y_discrete):
        return ke.mutual_information(x, y, n_neighbors=n_neighbors)
    function = ke.mutual_info_classif if y_discrete else ke.mutual_info_regression
    return function(x[:, np.newaxis], y, discrete_features=x_discrete, n_neighbors=n_neighbors)[0]


@pytest.fixture(autouse=True)
def ours(monkeypatch):
    monkeypatch.setattr(theirs, "mutual_info_regression", ke.mutual_info_regression)
    monkeypatch.setattr(theirs, "mutual_info_classif", ke.mutual_info_classif)
    monkeypatch.setattr(theirs, "_compute_mi", compute)


@pytest.fixture(params=[np.float32, np.float64])
def global_dtype(request):
    return request.param


@pytest.fixture(params=[0, 1, 42])
def global_random_seed(request):
    return request.param


# One of the tests has the functions as parameters. It follows below.
for name in dir(theirs):
    if name.startswith("test_") and name != "test_mutual_info_n_jobs":
        globals()[name] = getattr(theirs, name)


@pytest.mark.parametrize("name", ["regression", "classification"])
def test_mutual_info_n_jobs(name, global_random_seed):
    function = {"regression": ke.mutual_info_regression, "classification": ke.mutual_info_classif}[name]
    theirs.test_mutual_info_n_jobs(global_random_seed, function, getattr(theirs, f"make_{name}"))
