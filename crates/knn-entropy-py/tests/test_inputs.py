"""Inputs of every kind, errors and warnings."""

import pickle
import warnings

import numpy as np
import pytest

import knn_entropy as ke


def test_kinds_of_samples_give_equal_results(normal):
    expected = ke.entropy(normal)
    read_only = normal.copy()
    read_only.flags.writeable = False
    wide = np.zeros((500, 6))
    wide[:, 1::3] = normal
    unaligned = np.frombuffer(b"x" + normal.tobytes(), dtype=np.uint8)[1:].view(np.float64).reshape(500, 2)
    inputs = {
        "Fortran order": np.asfortranarray(normal),
        "read-only": read_only,
        "columns with a stride": wide[:, 1::3],
        "rows backwards": normal[::-1].copy()[::-1],
        "columns backwards": normal[:, ::-1].copy()[:, ::-1],
        "swapped bytes": normal.astype(">f8"),
        "unaligned": unaligned,
        "a list": normal.tolist(),
        "a tuple of rows": tuple(map(tuple, normal)),
        "objects": normal.astype(object),
        "masked without a mask": np.ma.masked_array(normal),
    }
    for name, x in inputs.items():
        assert ke.entropy(x) == expected, name


def test_columns(normal):
    expected = ke.entropy(normal[:, :1])
    assert ke.entropy(normal[:, 0]) == expected
    assert ke.entropy(list(normal[:, 0])) == expected
    assert ke.mutual_information(normal[:, 0], normal[:, [1]]) == ke.mutual_information(normal[:, [0]], normal[:, 1])


def test_pandas_and_polars(normal):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    expected, information = ke.entropy(normal), ke.mutual_information(normal[:, 0], normal[:, 1])
    for frame in (pandas.DataFrame(normal, columns=["a", "b"]), polars.DataFrame(normal, schema=["a", "b"])):
        assert ke.entropy(frame) == expected
        assert ke.mutual_information(frame["a"], frame["b"]) == information
        assert ke.multi_information(frame) == information
    labels = np.where(normal[:, 1] > 0, "high", "low")
    expected = ke.label_mutual_information(normal[:, 0], labels)
    for column in (pandas.Series(labels), pandas.Series(labels, dtype="category"), polars.Series(labels)):
        assert ke.label_mutual_information(normal[:, 0], column) == expected
    with pytest.raises(ValueError, match="row 1, column 0 .* is NaN"):
        ke.entropy(pandas.Series([1.0, None, 3.0, 4.0]))


def test_labels_of_any_type(normal):
    flags = normal[:, 1] > 0
    expected = ke.label_mutual_information(normal[:, 0], flags)
    for labels in (flags.astype(float), flags.astype(str), flags.astype(object), flags.tolist(), flags[:, np.newaxis]):
        assert ke.label_mutual_information(normal[:, 0], labels) == expected
    with pytest.raises(ValueError, match="labels has NaN at row 2"):
        ke.label_mutual_information(normal[:4, 0], [1, 1, np.nan, 2])


def test_single_precision_is_read_as_it_is(normal):
    single = normal.astype(np.float32)
    assert ke.entropy(single) == ke.entropy(single.astype(np.float64))
    assert ke.entropy(np.asfortranarray(single)) == ke.entropy(single)
    assert ke.entropy(normal.astype(np.float16)[:50]) == ke.entropy(normal.astype(np.float16)[:50].astype(float))
    gradient = ke.entropy_and_gradient(single).gradient
    assert gradient.dtype == np.float32
    assert ke.entropy_and_gradient(single, normal + 0.01).gradient.dtype == np.float32
    assert ke.entropy_and_gradient(normal).gradient.dtype == np.float64


def test_gradients_have_the_shape_of_the_samples(normal):
    x, y = normal[:20, 0], normal[20:50, 0]
    column = x[:, np.newaxis]
    for of in (ke.entropy_and_gradient, lambda x: ke.truncated_entropy_and_gradient(x, -9, 9)):
        assert of(column).gradient.shape == (20, 1)
        np.testing.assert_array_equal(of(x).gradient, of(column).gradient[:, 0])
    _, p, q = ke.kl_divergence_and_gradients(x, y[:, np.newaxis])
    assert (p.shape, q.shape) == ((20,), (30, 1))


def test_integers_are_converted():
    x = np.random.default_rng(0).permutation(1000)
    for kind in (np.int64, np.int8, np.uint16, bool):
        numbers = x.astype(kind)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert ke.mixed_mutual_information(numbers, x) == ke.mixed_mutual_information(numbers.astype(float), x)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: ke.entropy([[1.0, 2.0], [np.nan, 1.0], [3.0, 3.0]]), "row 1, column 0 (from 0) is NaN"),
        (lambda: ke.entropy([1.0, 2.0, 3.0]), "n_neighbors is 3, but a row has only 2 other rows"),
        (lambda: ke.entropy([1.0, 2.0], n_neighbors=0), "n_neighbors is 0"),
        (lambda: ke.entropy([1.0, 2.0], n_neighbors=-1), "n_neighbors is -1; it must be at least 1"),
        (lambda: ke.entropy([1.0, 2.0], n_neighbors=2**70), "n_neighbors is 1180591620717411303424; it must be at most"),
        (lambda: ke.entropy([1.0, 2.0], n_neighbors=5), "use a smaller n_neighbors or more rows"),
        (lambda: ke.entropy([]), "the samples have no rows"),
        (lambda: ke.entropy(np.zeros((5, 0))), "no columns"),
        (lambda: ke.entropy(1.0), "x has 0 dimensions"),
        (lambda: ke.entropy(np.zeros((2, 2, 2))), "x has 3 dimensions"),
        (lambda: ke.entropy(["a", "b"]), "entries that are not numbers"),
        (lambda: ke.entropy([1j, 2j]), "complex numbers"),
        (lambda: ke.entropy(np.ma.masked_equal([1.0, 2.0, 3.0], 2.0)), "masked entries"),
        (lambda: ke.entropy([1.0, 1.0, 1.0, 2.0], n_neighbors=1), "rows coincide"),
        (lambda: ke.entropy([1.0, 2.0, 4.0], n_neighbors=1, norm="l3"), "norm is 'l3'; use 'l1', 'l2' or 'linf'"),
        (lambda: ke.entropy([1.0, 2.0, 4.0], n_neighbors=1, floor=1, softening=1), "exclude each other"),
        (lambda: ke.entropy([1.0, 2.0, 4.0], n_jobs=0), "n_jobs is 0"),
        (lambda: ke.entropy([1.0, 2.0, 4.0], weights="best"), "weights is 'best'"),
        (lambda: ke.mutual_information([1.0, 2.0], [1.0, 2.0, 3.0]), "2 and 3 rows"),
        (lambda: ke.mutual_information([1.0, 2.0], [1.0, 2.0], variant=3), "variant is 3; use 1 or 2"),
        (lambda: ke.mutual_information([1.0, 2.0], [1.0, 2.0], ties="dither"), "there are no steps"),
        (lambda: ke.mutual_information([1, 1, 2, 2], [1, 2, 1, 2], n_neighbors=2, ties="error"), "`ties='count'`"),
        (lambda: ke.kl_divergence([1.0, 2.0, 3.0], [1.0, 5.0], n_neighbors=1), "`shared_rows='leave_out'`"),
        (lambda: ke.surrogate_orders(9, surrogates=("local", 2)), "pass it as `z`"),
        (lambda: ke.surrogate_orders(9, surrogates="circular"), "surrogates is 'circular'"),
        (lambda: ke.renyi_entropy([1.0, 2.0, 4.0], 5.0, n_neighbors=1), "order is 5"),
        (lambda: ke.correct([1.0, 2.0], "scale"), "a correction is 'scale'"),
        (lambda: ke.nearest_neighbors([[1.0]], [[1.0, 2.0]], n_neighbors=1), "2 columns and the references 1"),
        (lambda: ke.count_neighbors([1.0, 2.0], [1.0, 2.0, 3.0]), "2 and 3 rows"),
        (lambda: ke.Significance(1.0, []), "number of surrogates is 0"),
        (lambda: ke.transfer_entropy_scan([1.0], [1.0], range(1, 1)), "at least one delay"),
    ],
)
def test_errors(call, text):
    with pytest.raises(ValueError) as error:
        call()
    assert text in str(error.value)
    for name in ("`Ties::", "`ClosePoints::", "`SharedRows::", "`PermutationTest"):
        assert name not in str(error.value)


def test_sparse_matrices_are_refused(normal):
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(ValueError, match="sparse"):
        ke.entropy(sparse.csr_matrix(normal))


def test_whole_numbers_are_needed(normal):
    with pytest.raises(TypeError, match="n_neighbors is 2.5; it must be a whole number"):
        ke.entropy(normal, n_neighbors=2.5)
    assert ke.entropy(normal, n_neighbors=np.int32(3)) == ke.entropy(normal)


def test_warnings_point_at_the_caller(normal):
    rounded = np.round(normal, 1)
    with pytest.warns(ke.EstimateWarning, match="neighbors at equal distances") as caught:
        found = ke.mutual_information(rounded[:, 0], rounded[:, 1], full_output=True)
    assert caught[0].filename == __file__
    assert found.warnings == (str(caught[0].message),)
    with pytest.warns(ke.EstimateWarning, match="label that no other row has") as caught:
        ke.label_mutual_information(normal[:, 0], [2, 3] + [0, 1] * 249)
    assert caught[0].filename == __file__


def test_results_can_be_pickled(normal):
    estimate = ke.entropy(normal, full_output=True)
    again = pickle.loads(pickle.dumps(estimate))
    assert (again.value, again.standard_error) == (estimate.value, estimate.standard_error)
    np.testing.assert_array_equal(again.local, estimate.local)
    test = pickle.loads(pickle.dumps(ke.mutual_information_test(normal[:50, 0], normal[:50, 1], n_surrogates=9)))
    assert test.p_value >= 0.1
    for result in (ke.nearest_neighbors(normal), ke.autocorrelation(normal), ke.entropy_and_gradient(normal)):
        assert type(pickle.loads(pickle.dumps(result))) is type(result)


def test_random_states():
    x = np.round(np.random.default_rng(0).standard_normal(200), 1)
    assert (ke.dither(x, 0.1) == ke.dither(x, 0.1, random_state=0)).all()
    assert (ke.dither(x, 0.1, random_state=1) != ke.dither(x, 0.1)).any()
    assert (ke.dither(x, 0.1, random_state=None) != ke.dither(x, 0.1, random_state=None)).any()
    same = [ke.dither(x, 0.1, random_state=np.random.default_rng(3)) for _ in range(2)]
    assert (same[0] == same[1]).all()
    assert ke.dither(x, 0.1, random_state=np.random.RandomState(3)).shape == x.shape
