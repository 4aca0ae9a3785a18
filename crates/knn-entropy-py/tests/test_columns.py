"""Replacements for scikit-learn's scores of features."""

import numpy as np
import pytest

import knn_entropy as ke

sklearn_scores = pytest.importorskip("sklearn.feature_selection")


@pytest.fixture
def table(rng):
    x = rng.standard_normal((1000, 4))
    return x, x[:, 0] + np.sin(3 * x[:, 2]) + 0.1 * rng.standard_normal(1000)


def test_values_are_those_of_scikit_learn(table):
    x, y = table
    ours, theirs = ke.mutual_info_regression(x, y), sklearn_scores.mutual_info_regression(x, y, random_state=0)
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    labels = np.digitize(y, [-1, 0, 1])
    ours, theirs = ke.mutual_info_classif(x, labels), sklearn_scores.mutual_info_classif(x, labels, random_state=0)
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    codes = np.column_stack([labels, labels % 2, np.zeros(1000)])
    ours = ke.mutual_info_classif(codes, labels, discrete_features=True)
    theirs = sklearn_scores.mutual_info_classif(codes, labels, discrete_features=True)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_kinds_of_features(table):
    x, y = table
    x = np.column_stack([x, x[:, 0] > 0])
    by_index = ke.mutual_info_regression(x, y, discrete_features=[4])
    by_mask = ke.mutual_info_regression(x, y, discrete_features=[False] * 4 + [True])
    np.testing.assert_array_equal(by_index, by_mask)
    assert by_index[4] == ke.label_mutual_information(y, x[:, 4])
    np.testing.assert_array_equal(ke.mutual_info_regression(x, y, discrete_features=False, n_jobs=3)[:4], by_index[:4])
    np.testing.assert_array_equal(ke.mutual_info_regression(7 * x, y / 3, discrete_features=[4]), by_index)


def test_rounded_and_constant_features(rng):
    labels = rng.integers(0, 3, 600)
    rounded = np.round(labels + rng.standard_normal(600), 1)
    x = np.column_stack([rounded, np.ones(600)])
    # The information of a mixture of three normal distributions is its entropy minus that of one of them.
    at = np.linspace(-10, 12, 10_001)
    density = np.exp(-0.5 * (at - np.arange(3)[:, np.newaxis]) ** 2).mean(axis=0) / np.sqrt(2 * np.pi)
    truth = -(density * np.log(density)).sum() * (at[1] - at[0]) - 0.5 * np.log(2 * np.pi * np.e)
    ours = ke.mutual_info_classif(x, labels)
    assert ours == pytest.approx([truth, 0], abs=0.04)
    theirs = sklearn_scores.mutual_info_classif(x, labels, random_state=0)
    assert ours == pytest.approx(theirs, abs=0.1)


def test_selection(table):
    x, y = table
    for score, target in ((ke.mutual_info_regression, y), (ke.mutual_info_classif, y > 0)):
        chosen = sklearn_scores.SelectKBest(score, k=2).fit(x, target)
        assert sorted(chosen.get_support(indices=True)) == [0, 2]


def test_errors(table):
    x, y = table
    bad = x.copy()
    bad[3, 2] = np.inf
    for call, text in (
        (lambda: ke.mutual_info_regression(bad, y), "row 3, column 2 (from 0) is inf"),
        (lambda: ke.mutual_info_regression(x[:, 0], y), "X has 1 dimensions"),
        (lambda: ke.mutual_info_regression(x, y[:-1]), "1000 rows and y has 999"),
        (lambda: ke.mutual_info_regression(x, y, discrete_features="some"), "discrete_features is 'some'"),
        (lambda: ke.mutual_info_regression(x, y, n_neighbors=0), "n_neighbors is 0"),
    ):
        with pytest.raises(ValueError) as error:
            call()
        assert text in str(error.value)
    with pytest.raises(IndexError, match="1 entries for 4 features"):
        ke.mutual_info_regression(x, y, discrete_features=[True])
