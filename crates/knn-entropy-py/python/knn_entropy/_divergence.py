"""Estimators of divergences between two distributions."""

import numpy as np

from . import _core
from ._arrays import as_count, as_samples, as_seed, like
from ._results import DivergenceGradients, Estimate, JensenShannonEstimate, finish, warn
from ._settings import choice, settings


def _pair(p, q):
    p, q = as_samples(p, "p"), as_samples(q, "q")
    precision = np.result_type(p, q)
    return p.astype(precision, copy=False), q.astype(precision, copy=False)


def _across(n_neighbors_across):
    return None if n_neighbors_across is None else as_count(n_neighbors_across, "n_neighbors_across")


def _rule(shared_rows):
    return choice(shared_rows, "shared_rows", ("error", "leave_out"))


def kl_divergence(
    p,
    q,
    *,
    n_neighbors=3,
    n_neighbors_across=None,
    shared_rows="error",
    norm="l2",
    periods=None,
    floor=None,
    softening=None,
    n_jobs=None,
    full_output=False,
):
    """Estimate the Kullback-Leibler divergence ``E_p ln(p/q)`` of two distributions from samples of both, in nats.

    The estimator of Wang, Kulkarni and Verdu [1]_, with constants that are exact for every number of samples::

        D = (d/n) sum_i ln(s_i / r_i) + psi(m + 1) - psi(n) + psi(k) - psi(l)

    ``r_i`` is the distance of sample ``i`` of ``p`` to its k-th nearest other sample of ``p``, and ``s_i`` that to its
    l-th nearest sample of ``q``. If ``p`` has samples where ``q`` has hardly any, the estimate is far too small.

    Parameters
    ----------
    p : array_like of shape (n, d) or (n,)
        Samples of one distribution.
    q : array_like of shape (m, d) or (m,)
        Samples of the other.
    n_neighbors : int, default 3
        Number ``k`` of the neighbor among the samples of `p`.
    n_neighbors_across : int, optional
        Number ``l`` of the neighbor among the samples of `q`. The default is `n_neighbors`.
    shared_rows : {'error', 'leave_out'}, default 'error'
        Rule for rows that are both in `p` and in `q`.
    norm, periods, floor, softening, n_jobs, full_output
        See `entropy`.

    Returns
    -------
    float or Estimate
        The divergence in nats.

    References
    ----------
    .. [1] Q. Wang, S. Kulkarni and S. Verdu, IEEE Transactions on Information Theory 55 (2009).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> p, q = rng.random(1000), 2 * rng.random(1500)  # the divergence is ln 2
    >>> round(knn_entropy.kl_divergence(p, q), 1)
    0.7
    """
    p, q = as_samples(p, "p"), as_samples(q, "q")
    shared = settings(
        n_neighbors,
        norm=norm,
        periods=periods,
        floor=floor,
        softening=softening,
        n_jobs=n_jobs,
        columns=p.shape[1],
    )
    raw = _core.kl_divergence(p, q, _across(n_neighbors_across), _rule(shared_rows), shared, False)
    return finish(raw, full_output)


def cross_entropy(
    p,
    q,
    *,
    n_neighbors=3,
    shared_rows="error",
    norm="l2",
    periods=None,
    floor=None,
    softening=None,
    n_jobs=None,
    full_output=False,
):
    """Estimate the cross-entropy ``-E_p ln q`` of two distributions from samples of both, in nats.

    It is the entropy of ``p`` plus the divergence::

        C = (d/n) sum_i ln s_i + ln V_d + psi(m + 1) - psi(l)

    Parameters
    ----------
    p, q : array_like of shape (n, d) and (m, d)
        Samples of both distributions.
    n_neighbors : int, default 3
        Number ``l`` of the neighbor among the samples of `q`.
    shared_rows, norm, periods, floor, softening, n_jobs, full_output
        See `kl_divergence`.

    Returns
    -------
    float or Estimate
        The cross-entropy in nats.

    References
    ----------
    .. [1] Q. Wang, S. Kulkarni and S. Verdu, IEEE Transactions on Information Theory 55 (2009).
    """
    p, q = as_samples(p, "p"), as_samples(q, "q")
    shared = settings(
        n_neighbors,
        norm=norm,
        periods=periods,
        floor=floor,
        softening=softening,
        n_jobs=n_jobs,
        columns=p.shape[1],
    )
    return finish(_core.kl_divergence(p, q, None, _rule(shared_rows), shared, True), full_output)


def kl_divergence_and_gradients(
    p,
    q,
    *,
    n_neighbors=1,
    n_neighbors_across=None,
    shared_rows="error",
    norm="l2",
    periods=None,
    floor=None,
    softening=None,
    n_jobs=None,
):
    """Estimate the divergence and its gradients with respect to the samples of both sets.

    Parameters
    ----------
    p, q : array_like of shape (n, d) and (m, d)
        Samples of both distributions.
    n_neighbors : int, default 1
        Number of the neighbor.
    n_neighbors_across, shared_rows, norm, periods, floor, softening, n_jobs
        See `kl_divergence`.

    Returns
    -------
    divergence : float
        The divergence in nats.
    p, q : ndarray of the shapes of `p` and `q`
        Gradients, in the precision of the samples.
    """
    given = p, q
    p, q = _pair(p, q)
    shared = settings(
        n_neighbors,
        norm=norm,
        periods=periods,
        floor=floor,
        softening=softening,
        n_jobs=n_jobs,
        columns=p.shape[1],
    )
    across, rule = _across(n_neighbors_across), _rule(shared_rows)
    divergence, *gradients = _core.kl_divergence_and_gradients(p, q, across, rule, shared)
    return DivergenceGradients(divergence, *map(like, given, gradients))


def jensen_shannon_divergence(
    p,
    q,
    *,
    weight=0.5,
    n_neighbors=3,
    norm="l2",
    periods=None,
    random_state=0,
    n_jobs=None,
    full_output=False,
):
    """Estimate the Jensen-Shannon divergence of two distributions from samples of both, in nats.

    With the mixture ``m = w p + (1 - w) q``::

        JSD = w E_p ln(p/m) + (1 - w) E_q ln(q/m)

    It is 0 for equal distributions and at most ``ln 2`` for equal weights; estimates can lie outside. It equals the
    information between a sample of the mixture and the label that says which distribution the sample is from [1]_, and
    is estimated as that [2]_.

    Parameters
    ----------
    p, q : array_like of shape (n, d) and (m, d)
        Samples of both distributions.
    weight : float, default 0.5
        Weight ``w`` of `p` in the mixture.
    n_neighbors, norm, periods, n_jobs
        See `entropy`.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        Seed for splitting the larger set, unless the sizes match the weight.
    full_output : bool, default False
        Return a `JensenShannonEstimate` instead of the value.

    Returns
    -------
    float or JensenShannonEstimate
        The divergence in nats.

    References
    ----------
    .. [1] J. Lin, IEEE Transactions on Information Theory 37 (1991).
    .. [2] B. C. Ross, PLoS ONE 9 (2014).
    """
    p, q = as_samples(p, "p"), as_samples(q, "q")
    shared = settings(n_neighbors, norm=norm, periods=periods, n_jobs=n_jobs, columns=p.shape[1])
    raw = _core.jensen_shannon(p, q, float(weight), as_seed(random_state), shared)
    value, distance, standard_error, of_p, of_q, warnings = raw
    warn(warnings, 2)
    if not full_output:
        return value
    sides = [Estimate(side[0], side[1], side[2], side[3], tuple(side[4])) for side in (of_p, of_q)]
    return JensenShannonEstimate(value, distance, standard_error, *sides, tuple(warnings))
