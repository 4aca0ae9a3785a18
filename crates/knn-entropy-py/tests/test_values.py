"""Values against closed forms, and against formulas written in NumPy."""

import numpy as np
import pytest

import knn_entropy as ke

LN_2 = np.log(2)


def digamma(n):
    """Digamma function of a whole number."""
    return -np.euler_gamma + sum(1 / j for j in range(1, int(n)))


def distances(x):
    """All pairwise distances in the maximum norm, with infinity on the diagonal."""
    r = np.abs(x[:, None, :] - x[None, :, :]).max(axis=2)
    np.fill_diagonal(r, np.inf)
    return r


def test_entropy_equals_the_formula(normal):
    k, (n, d) = 3, normal.shape
    r = np.sort(distances(normal), axis=1)[:, k - 1]
    expected = digamma(n) - digamma(k) + d * LN_2 + d * np.log(r).mean()
    assert ke.entropy(normal, norm="linf") == pytest.approx(expected, rel=1e-12)


def test_mutual_information_equals_the_formula(pair):
    x, y = (column[:400] for column in pair)
    k, n = 3, 400
    of_x, of_y = distances(x[:, None]), distances(y[:, None])
    r = np.sort(np.maximum(of_x, of_y), axis=1)[:, [k - 1]]
    counts = [(r_block < r).sum(axis=1) for r_block in (of_x, of_y)]
    sums = sum(np.mean([digamma(count + 1) for count in one]) for one in counts)
    assert ke.mutual_information(x, y) == pytest.approx(digamma(k) + digamma(n) - sums, rel=1e-12)


def test_neighbors_equal_a_sort(normal):
    r = distances(normal)
    found = ke.nearest_neighbors(normal, n_neighbors=4, norm="linf")
    order = np.argsort(r, axis=1, kind="stable")[:, :4]
    np.testing.assert_array_equal(found.indices, order)
    np.testing.assert_array_equal(found.distances, np.take_along_axis(r, order, axis=1))
    for algorithm in ("kd_tree", "brute", "blocked", "sorted"):
        other = ke.nearest_neighbors(normal, n_neighbors=4, norm="linf", algorithm=algorithm)
        np.testing.assert_array_equal(other.indices, found.indices)
    inside = ke.nearest_neighbors(normal, normal[:7], n_neighbors=2)
    np.testing.assert_array_equal(inside.indices[:, 0], np.arange(7))
    counts = ke.count_neighbors(normal, 0.3, norm="linf")
    np.testing.assert_array_equal(counts, (r <= 0.3).sum(axis=1))


GAUSS = 0.5 * np.log(2 * np.pi * np.e)


@pytest.mark.parametrize(
    ("estimate", "truth", "tolerance"),
    [
        (lambda r: ke.entropy(r.standard_normal((4000, 3))), 3 * GAUSS, 0.1),
        (lambda r: ke.entropy(r.standard_normal((4000, 8)), n_neighbors=20, weights="efficient"), 8 * GAUSS, 0.3),
        (lambda r: ke.entropy(2 * np.pi * r.random(4000), periods=2 * np.pi), np.log(2 * np.pi), 0.05),
        (lambda r: ke.truncated_entropy(2 * r.random((2000, 5)), 0, 2), 5 * LN_2, 0.1),
        (lambda r: ke.lombardi_pant_entropy(r.standard_normal((1000, 3)), n_gaussian=100), 3 * GAUSS, 0.15),
        (lambda r: ke.renyi_entropy(r.exponential(size=4000), 2.0), LN_2, 0.1),
        (lambda r: ke.tsallis_entropy(r.exponential(size=4000), 2.0), 0.5, 0.05),
        (lambda r: ke.kl_divergence(r.random(2000), 2 * r.random(3000)), LN_2, 0.15),
        (lambda r: ke.cross_entropy(r.random(2000), 2 * r.random(3000)), LN_2, 0.1),
        (lambda r: ke.jensen_shannon_divergence(r.random(2000), 0.5 + r.random(3000)), 0.5 * LN_2, 0.05),
        (lambda r: ke.jensen_shannon_divergence(r.random(999), r.random(999)), 0.0, 0.05),
    ],
)
def test_closed_forms(estimate, truth, tolerance, rng):
    assert estimate(rng) == pytest.approx(truth, abs=tolerance)


def test_information_of_normal_pairs(pair):
    x, y = pair
    truth = -0.5 * np.log(1 - 0.8**2)
    for variant in (1, 2):
        assert ke.mutual_information(x, y, variant=variant) == pytest.approx(truth, abs=0.07)
    assert ke.nonuniform_mutual_information(x, y) == pytest.approx(truth, abs=0.07)
    assert ke.mixed_mutual_information(x, y) == pytest.approx(truth, abs=0.07)
    assert ke.mixed_mutual_information(x, y, method="gao") == pytest.approx(truth, abs=0.07)
    assert ke.multi_information([x, y]) == ke.mutual_information(x, y)
    assert ke.multi_information(np.column_stack([x, y])) == ke.mutual_information(x, y)
    found = ke.mutual_information(x, y, full_output=True)
    assert found.correlation == pytest.approx(0.8, abs=0.05)
    assert found.local.mean() == pytest.approx(float(found))
    low, high = found.sampling_interval(0.9)
    assert low < found.value < high


def test_conditions_and_labels(rng):
    z, a, b = rng.standard_normal((3, 3000))
    x, y = z + a, z + b
    assert ke.mutual_information(x, y) == pytest.approx(-0.5 * np.log(1 - 0.25), abs=0.05)
    assert abs(ke.conditional_mutual_information(x, y, z)) < 0.04
    assert abs(ke.mixed_conditional_mutual_information(x, y, z)) < 0.06
    labels = np.where(rng.random(3000) < 0.5, "left", "right")
    apart = a + 50 * (labels == "left")
    assert ke.label_mutual_information(apart, labels) == pytest.approx(LN_2, abs=0.01)
    assert abs(ke.label_mutual_information(a, labels)) < 0.04


def test_series(rng):
    x, noise = rng.standard_normal((2, 1500))
    y = np.zeros(1500)
    y[3:] = x[:-3] + noise[3:]
    assert ke.transfer_entropy(x, y, delay=3) == pytest.approx(LN_2 / 2, abs=0.08)
    assert abs(ke.transfer_entropy(x, y, delay=3, conditions=[ke.Condition(x, delay=3)])) < 0.08
    scan = ke.transfer_entropy_scan(x[:400], y[:400], range(1, 6), n_surrogates=39)
    assert scan.delays[scan.best] == 3
    assert scan.corrected_p_values[scan.best] == 1 / 40
    assert scan.surrogates.shape == (5, 39)
    assert ke.transfer_entropy_test(x[:400], y[:400], delay=3).p_value == 0.01
    samples = ke.transfer_entropy_samples(x, y, delay=3)
    np.testing.assert_array_equal(samples.next[:, 0], y[samples.times])
    np.testing.assert_array_equal(samples.source[:, 0], x[samples.times - 3])
    two = ke.transfer_entropy_samples(x, y, delay=3, trials=[700, 800])
    np.testing.assert_array_equal(two.times, np.r_[3:700, 703:1500])
    np.testing.assert_array_equal(two.source[:, 0], x[two.times - 3])
    assert ke.transfer_entropy(x, y, delay=3, trials=[1500]) == ke.transfer_entropy(x, y, delay=3)
    assert ke.transfer_entropy_test(x, y, delay=3, trials=[700, 800], n_surrogates=9).p_value == 0.1
    with pytest.raises(ValueError, match="the trials have 700 rows, but there are 1500"):
        ke.transfer_entropy(x, y, trials=[700])
    walk = np.zeros(3000)
    steps = rng.standard_normal(3000)
    for t in range(1, 3000):
        walk[t] = 0.8 * walk[t - 1] + steps[t]
    assert ke.active_information_storage(walk) == pytest.approx(-0.5 * np.log(1 - 0.64), abs=0.08)
    past = ke.active_information_storage_samples(walk, past_length=2)
    np.testing.assert_array_equal(past.past[:, 0], walk[1:-1])
    assert ke.active_information_storage_samples(walk, trials=[1000, 2000]).times[999] == 1001
    assert ke.autocorrelation(walk).is_significant
    assert ke.autocorrelation(walk).surrogates[0] == "rotate"
    assert ke.autocorrelation(steps).surrogates == "shuffle"
    assert ke.autocorrelation(walk).period is None
    day = np.sin(2 * np.pi * np.arange(len(steps)) / 24).reshape(-1, 1)
    assert ke.autocorrelation(steps + 2 * day).period == 24


def test_surrogates(rng):
    x, y, z = rng.standard_normal((3, 150))
    assert ke.mutual_information_test(x, x**2, n_surrogates=19).p_value == 1 / 20
    assert ke.conditional_mutual_information_test(x + z, y + z, z, n_surrogates=19).p_value > 1 / 20
    for kind, z_rows in ((("rotate", 3), 150), (("blocks", 10), 150), (("local", 5), z)):
        orders = ke.surrogate_orders(z_rows, n_surrogates=7, surrogates=kind)
        assert orders.shape == (7, 150)
    shuffled = ke.surrogate_orders(150, n_surrogates=7)
    np.testing.assert_array_equal(np.sort(shuffled, axis=1), np.tile(np.arange(150), (7, 1)))
    again = ke.mutual_information_test(x, y, random_state=5).surrogates
    np.testing.assert_array_equal(again, ke.mutual_information_test(x, y, random_state=5).surrogates)
    assert (again != ke.mutual_information_test(x, y, random_state=6).surrogates).any()


def test_gradients_equal_differences(rng):
    x, q = rng.random((40, 3)), 0.1 + rng.random((30, 3))
    bank = rng.random((50, 3))
    functions = [
        (lambda x: ke.entropy_and_gradient(x, n_neighbors=2), 1),
        (lambda x: ke.entropy_and_gradient(x, bank), 1),
        (lambda x: ke.truncated_entropy_and_gradient(x, -1, 2), 1),
        (lambda x: ke.kl_divergence_and_gradients(x, q), 1),
        (lambda x: ke.kl_divergence_and_gradients(q, x), 2),
    ]
    for function, place in functions:
        gradient = function(x)[place]
        direction = rng.standard_normal(x.shape)
        step = 1e-7
        difference = (function(x + step * direction)[0] - function(x - step * direction)[0]) / (2 * step)
        assert difference == pytest.approx((gradient * direction).sum(), rel=1e-5, abs=1e-6)


def test_corrections(rng):
    x = rng.standard_normal((2000, 6)) * [1e-3, 1, 1, 1, 1, 1e3]
    for layers in (ke.WHITENED, ke.GAUSSIAN_COPULA, [("ranks", 5)]):
        samples, term = ke.correct(x, layers)
        assert ke.truncated_entropy(samples) + term == pytest.approx(6 * GAUSS, abs=0.3)
    steps = np.round(x[:, 1], 1)
    assert ke.rounding_step(steps) == pytest.approx(0.1)
    assert ke.rounding_step(x[:, 1]) is None
    spread = ke.dither(steps)
    assert spread.shape == steps.shape
    assert 0 < np.abs(spread - steps).max() <= 0.05 + 1e-12
    assert ke.entropy(spread) == pytest.approx(GAUSS, abs=0.1)
    assert ke.neighbor_weights(5, 2, weights="mean") == [0.2] * 5
    assert sum(ke.neighbor_weights(30, 8)) == pytest.approx(1)
    assert ke.entropies(x[:, 1], n_neighbors=4)[2] == ke.entropy(x[:, 1])


def test_copied_rows_are_a_warning(rng):
    x = rng.random(200)
    with pytest.warns(ke.EstimateWarning, match="200 of 400 rows repeat an earlier row"):
        found = ke.jensen_shannon_divergence(x, x, full_output=True)
    assert found.value < 0 and len(found.warnings) == 1
