"""Estimators of differential entropy."""

from . import _core
from ._arrays import as_count, as_numbers, as_samples, as_seed, like
from ._results import Corrected, EntropyGradient, finish
from ._settings import choice, settings
from ._threads import n_threads

_WEIGHTS = ("kth", "mean", "efficient")
_LAYERS = ("standardize", "whiten", "ranks", "normal_cdf", "normal_quantile")

#: Corrections for nearly normal samples in many dimensions. The result suits `truncated_entropy`.
WHITENED = ("whiten", "normal_cdf")
#: Corrections that separate the distributions of the columns from their dependence.
COPULA = ("ranks",)
#: Corrections for columns of any distribution that depend on each other like normal variables.
GAUSSIAN_COPULA = ("ranks", "normal_quantile", "whiten", "normal_cdf")


def entropy(
    x,
    *,
    n_neighbors=3,
    norm="l2",
    weights="kth",
    bound=5.0,
    window=0,
    periods=None,
    floor=None,
    softening=None,
    n_jobs=None,
    full_output=False,
):
    """Estimate the differential entropy of the distribution of samples, in nats.

    The estimator of Kozachenko and Leonenko [1]_, for any number of neighbors [2]_::

        H = psi(n) - psi(k) + ln V_d + (d/n) sum_i ln r_i

    Here ``r_i`` is the distance of sample ``i`` to its k-th nearest other sample, ``V_d`` the volume of the unit ball
    of the norm, and ``psi`` the digamma function. The constants are exact for every ``n``.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Samples, one per row. One dimension is a column.
    n_neighbors : int, default 3
        Number ``k`` of the neighbor. A small ``k`` has little bias and a larger variance.
    norm : {'l2', 'l1', 'linf'}, default 'l2'
        Norm of the distances.
    weights : {'kth', 'mean', 'efficient'}, default 'kth'
        Weights of the estimates by the first to the k-th neighbor: the k-th alone, equal weights, or the weights of [3]_,
        which cancel the leading terms of the bias in four and more dimensions. They need a `n_neighbors` of 20 or more.
    bound : float, default 5.0
        Largest sum of the absolute values of the efficient weights.
    window : int, default 0
        Theiler window for series: samples up to so many rows before or after a sample are not its neighbors [4]_.
    periods : float or array_like of shape (d,), optional
        Period of each coordinate, for angles. ``inf`` stands for a coordinate that is not periodic.
    floor : float, optional
        Replaces smaller distances. By default, samples that coincide are an error.
    softening : float, optional
        Replaces ``ln r`` by ``ln(r + softening)``.
    n_jobs : int, optional
        Number of threads; see the documentation of the module.
    full_output : bool, default False
        Return an `Estimate` instead of the value.

    Returns
    -------
    float or Estimate
        The entropy in nats.

    Raises
    ------
    ValueError
        If samples are not finite or coincide, if they lie in a plane, or if there are not enough of them.

    Warns
    -----
    EstimateWarning
        If numbers are rounded or rows repeat.

    References
    ----------
    .. [1] L. F. Kozachenko and N. N. Leonenko, Problems of Information Transmission 23 (1987).
    .. [2] H. Singh et al., American Journal of Mathematical and Management Sciences 23 (2003).
    .. [3] T. Berrett, R. Samworth and M. Yuan, Annals of Statistics 47 (2019).
    .. [4] J. Theiler, Physical Review A 34 (1986).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).standard_normal((1000, 2))  # the entropy is ln(2 pi e) = 2.838
    >>> estimate = knn_entropy.entropy(x, full_output=True)
    >>> abs(estimate.value - 2.838) < 4 * estimate.standard_error
    True
    """
    x = as_samples(x, "x")
    shared = settings(
        n_neighbors,
        norm=norm,
        window=window,
        periods=periods,
        floor=floor,
        softening=softening,
        n_jobs=n_jobs,
        columns=x.shape[1],
    )
    raw = _core.entropy(x, shared, choice(weights, "weights", _WEIGHTS), bound)
    return finish(raw, full_output)


def entropies(x, *, n_neighbors=10, norm="l2", window=0, periods=None, floor=None, softening=None, n_jobs=None):
    """Estimate the entropy by the first, second, ... k-th neighbor, from one search.

    The estimates show bias and variance for each ``k``; see `entropy` for the formula and the parameters.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Samples, one per row.
    n_neighbors : int, default 10
        The largest ``k``.
    norm, window, periods, floor, softening, n_jobs
        See `entropy`.

    Returns
    -------
    ndarray of shape (n_neighbors,)
        Entropies in nats.
    """
    x = as_samples(x, "x")
    shared = settings(
        n_neighbors,
        norm=norm,
        window=window,
        periods=periods,
        floor=floor,
        softening=softening,
        n_jobs=n_jobs,
        columns=x.shape[1],
    )
    return _core.entropies(x, shared)


def entropy_and_gradient(
    x,
    bank=None,
    *,
    n_neighbors=1,
    norm="l2",
    weights="kth",
    bound=5.0,
    window=0,
    periods=None,
    floor=None,
    softening=None,
    n_jobs=None,
):
    """Estimate the entropy and its gradient with respect to each sample.

    If ``j`` is the k-th neighbor of ``i``, the pair adds ``(d/n) (x_i - x_j) / r_i**2`` to the gradient of ``i`` and
    subtracts it from that of ``j`` (Euclidean norm). The gradients of all samples add up to 0.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Samples, one per row.
    bank : array_like of shape (m, d), optional
        Further samples of the distribution, such as those of earlier batches. They provide neighbors and have no
        gradient.
    n_neighbors : int, default 1
        Number of the neighbor. The nearest gives the most local gradient.
    norm, weights, bound, window, periods, floor, softening, n_jobs
        See `entropy`. `floor` and `softening` bound the gradient of samples that nearly coincide.

    Returns
    -------
    entropy : float
        The entropy in nats.
    gradient : ndarray of the shape of `x`
        Derivative of the entropy with respect to each coordinate, in the precision of `x`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).standard_normal((100, 3))
    >>> before, gradient = knn_entropy.entropy_and_gradient(x)
    >>> knn_entropy.entropy(x + 0.01 * gradient, n_neighbors=1) > before
    True
    """
    given, x = x, as_samples(x, "x")
    if bank is not None:
        bank = as_samples(bank, "bank", precision=x.dtype)
    shared = settings(
        n_neighbors,
        norm=norm,
        window=window,
        periods=periods,
        floor=floor,
        softening=softening,
        n_jobs=n_jobs,
        columns=x.shape[1],
    )
    weights = choice(weights, "weights", _WEIGHTS)
    entropy, gradient = _core.entropy_and_gradient(x, bank, shared, weights, bound)
    return EntropyGradient(entropy, like(given, gradient))


def _limits(low, high, columns):
    if low is None and high is None:
        return None
    return as_numbers(0.0 if low is None else low, "low", columns), as_numbers(
        1.0 if high is None else high, "high", columns
    )


def truncated_entropy(
    x,
    low=None,
    high=None,
    *,
    n_neighbors=3,
    window=0,
    floor=None,
    softening=None,
    n_jobs=None,
    full_output=False,
):
    """Estimate the entropy of a distribution on a known box, in nats.

    Neighborhoods are truncated at the edges of the box [1]_::

        H = psi(n) - psi(k) + (1/n) sum_i sum_j ln(min(x_ij + r_i, high_j) - max(x_ij - r_i, low_j))

    with the distance ``r_i`` to the k-th neighbor in the maximum norm. The estimate is unbiased for a uniform
    distribution on the box. Use `correct` to make other distributions nearly uniform.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Samples within the box, one per row.
    low, high : float or array_like of shape (d,), optional
        Limits of the box. The default is the unit cube.
    n_neighbors, window, floor, softening, n_jobs, full_output
        See `entropy`.

    Returns
    -------
    float or Estimate
        The entropy in nats.

    References
    ----------
    .. [1] Z. Ao and J. Li, "Entropy estimation via uniformization", AAAI (2022).

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).random((500, 10))  # the entropy is 0
    >>> abs(knn_entropy.truncated_entropy(x)) < 0.3 < 1.0 < knn_entropy.entropy(x)
    True
    """
    x = as_samples(x, "x")
    shared = settings(n_neighbors, window=window, floor=floor, softening=softening, n_jobs=n_jobs)
    return finish(_core.truncated_entropy(x, _limits(low, high, x.shape[1]), shared), full_output)


def truncated_entropy_and_gradient(
    x, low=None, high=None, *, n_neighbors=1, window=0, floor=None, softening=None, n_jobs=None
):
    """Estimate the entropy of a distribution on a known box and its gradient with respect to each sample.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Samples within the box, one per row.
    low, high : float or array_like of shape (d,), optional
        Limits of the box. The default is the unit cube.
    n_neighbors, window, floor, softening, n_jobs
        See `entropy_and_gradient`.

    Returns
    -------
    entropy : float
        The entropy in nats; see `truncated_entropy`.
    gradient : ndarray of the shape of `x`
        Derivative of the entropy with respect to each coordinate, in the precision of `x`.
    """
    given, x = x, as_samples(x, "x")
    shared = settings(n_neighbors, window=window, floor=floor, softening=softening, n_jobs=n_jobs)
    entropy, gradient = _core.truncated_entropy_and_gradient(x, _limits(low, high, x.shape[1]), shared)
    return EntropyGradient(entropy, like(given, gradient))


def lombardi_pant_entropy(x, *, n_gaussian, n_neighbors=3, window=0, n_jobs=None, full_output=False):
    """Estimate the entropy with a Gaussian in each neighborhood (kpN), in nats.

    The estimator of Lombardi and Pant [1]_ assumes a density proportional to a Gaussian ``g_i`` around each sample::

        H = psi(n) - psi(k) - (1/n) sum_i ln g_i(x_i) + (1/n) sum_i ln G_i

    ``g_i`` has the mean and the covariance of the nearest `n_gaussian` neighbors. ``G_i`` is its integral over the cube
    that reaches the k-th neighbor in the maximum norm. It suits coordinates that nearly determine each other. It fails
    on heavy tails.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Samples, one per row.
    n_gaussian : int
        Number ``p`` of neighbors for each Gaussian, at least ``d + 2``. The paper uses 0.01 n to 0.1 n.
    n_neighbors, window, n_jobs, full_output
        See `entropy`.

    Returns
    -------
    float or Estimate
        The entropy in nats.

    References
    ----------
    .. [1] D. Lombardi and S. Pant, "Nonparametric k-nearest-neighbor entropy estimator", Physical Review E 93 (2016).
    """
    x = as_samples(x, "x")
    shared = settings(n_neighbors, window=window, n_jobs=n_jobs)
    return finish(_core.lombardi_pant_entropy(x, as_count(n_gaussian, "n_gaussian"), shared), full_output)


def _renyi(x, order, tsallis, n_neighbors, **shared):
    x = as_samples(x, "x")
    return _core.renyi_entropy(x, float(order), settings(n_neighbors, columns=x.shape[1], **shared), tsallis)


def renyi_entropy(x, order, *, n_neighbors=3, norm="l2", window=0, periods=None, floor=None, softening=None, n_jobs=None):
    """Estimate the Renyi entropy of any order, in nats.

    ``H_q = ln I_q / (1 - q)`` with ``I_q = E p**(q-1)``, estimated by [1]_::

        I_q = (1/n) sum_i c (V_d r_i**d)**(1-q),    c = Gamma(k) Gamma(n+1-q) / (Gamma(k+1-q) Gamma(n))

    At ``q = 1`` it is the entropy of Shannon.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Samples, one per row.
    order : float
        Order ``q``, below ``1 + n_neighbors / 2``.
    n_neighbors, norm, window, periods, floor, softening, n_jobs
        See `entropy`.

    Returns
    -------
    float
        The entropy in nats.

    References
    ----------
    .. [1] N. Leonenko, L. Pronzato and V. Savani, Annals of Statistics 36 (2008).
    """
    return _renyi(
        x,
        order,
        False,
        n_neighbors,
        norm=norm,
        window=window,
        periods=periods,
        floor=floor,
        softening=softening,
        n_jobs=n_jobs,
    )


def tsallis_entropy(x, order, *, n_neighbors=3, norm="l2", window=0, periods=None, floor=None, softening=None, n_jobs=None):
    """Estimate the Tsallis entropy of any order, ``(exp((1 - q) H_q) - 1) / (1 - q)``, which has no unit.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Samples, one per row.
    order : float
        Order ``q``, below ``1 + n_neighbors / 2``. ``H_q`` is the `renyi_entropy` of this order.
    n_neighbors, norm, window, periods, floor, softening, n_jobs
        See `entropy`.

    Returns
    -------
    float
        The entropy.
    """
    return _renyi(
        x,
        order,
        True,
        n_neighbors,
        norm=norm,
        window=window,
        periods=periods,
        floor=floor,
        softening=softening,
        n_jobs=n_jobs,
    )


def neighbor_weights(n_neighbors, n_dimensions, *, weights="efficient", bound=5.0):
    """Return the weights of the first to the k-th neighbor that `entropy` uses.

    Parameters
    ----------
    n_neighbors : int
        Number of weights.
    n_dimensions : int
        Number of coordinates of a sample.
    weights : {'kth', 'mean', 'efficient'}, default 'efficient'
        Kind of weights; see `entropy`.
    bound : float, default 5.0
        Largest sum of the absolute values of the efficient weights.

    Returns
    -------
    list of float
        The weights. Their sum is 1.
    """
    k, d = as_count(n_neighbors, "n_neighbors"), as_count(n_dimensions, "n_dimensions", least=1)
    return _core.neighbor_weights(k, d, choice(weights, "weights", _WEIGHTS), bound)


def correct(x, corrections, *, n_jobs=None):
    """Change the variables so that the entropy becomes easier to estimate.

    The entropy of ``x`` is the entropy of the returned samples plus the returned term.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Samples, one per row.
    corrections : sequence of str or tuple
        Maps that are applied one after the other, such as `WHITENED`, `COPULA` or `GAUSSIAN_COPULA`:

        ``'standardize'``
            mean 0 and standard deviation 1 in each column
        ``'whiten'``
            mean 0 and identity covariance
        ``'ranks'`` or ``('ranks', n_neighbors)``
            the copula; `n_neighbors`, 3 unless given, is for the entropies of the columns
        ``'normal_cdf'``
            probabilities of N(0, 1), on the unit cube
        ``'normal_quantile'``
            the inverse of ``'normal_cdf'``
    n_jobs : int, optional
        Number of threads.

    Returns
    -------
    samples : ndarray of shape (n, d)
        Samples in the new variables.
    term : float
        Sum of the Jacobian terms in nats.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).standard_normal((2000, 8)) @ np.diag([1e-3, 1, 1, 1, 1, 1, 1, 1e3])
    >>> samples, term = knn_entropy.correct(x, knn_entropy.WHITENED)
    >>> round(8 / 2 * np.log(2 * np.pi * np.e).item(), 2)  # the truth, since the scales cancel
    11.35
    >>> round(knn_entropy.truncated_entropy(samples) + term, 1)
    11.3
    """
    if isinstance(corrections, str):
        corrections = (corrections,)
    layers = []
    for layer in corrections:
        name, k = layer if isinstance(layer, tuple) else (layer, 3)
        layers.append((choice(name, "a correction", _LAYERS), as_count(k, "n_neighbors of 'ranks'")))
    samples, terms = _core.correct(as_samples(x, "x"), layers, n_threads(n_jobs))
    return Corrected(samples, sum(terms))


def dither(x, steps=None, *, random_state=0):
    """Spread rounded numbers uniformly within their rounding steps, ``x + step (u - 1/2)``.

    Rounded numbers coincide, and their entropy is minus infinity. The entropy of the spread numbers is close to that
    before rounding if the step is small.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Samples, one per row.
    steps : float or array_like of shape (d,), optional
        Rounding step of each column. 0 leaves a column unchanged. The default is `rounding_step`.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        Seed of the noise. None draws a new seed.

    Returns
    -------
    ndarray
        Spread samples in double precision, in the shape of `x`.
    """
    array = as_samples(x, "x")
    if steps is None:
        steps = [step or 0.0 for step in _core.rounding_steps(array)]
    spread = _core.dither(array, as_numbers(steps, "steps", array.shape[1]), as_seed(random_state))
    return spread[:, 0] if getattr(x, "ndim", None) == 1 or (array.shape[1] == 1 and _is_flat(x)) else spread


def _is_flat(x):
    return isinstance(x, (list, tuple)) and not any(hasattr(value, "__len__") for value in x)


def rounding_step(x):
    """Return the step of which all differences between the numbers are multiples, such as 0.01 for prices.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Numbers.

    Returns
    -------
    float or None, or list of them
        The step of the numbers, or of each column. None if there is no common step.
    """
    steps = _core.rounding_steps(as_samples(x, "x"))
    return steps[0] if len(steps) == 1 else steps
