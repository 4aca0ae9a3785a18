"""Estimators for series, and surrogates for tests."""

from typing import NamedTuple

import numpy as np

from . import _core
from ._arrays import as_count, as_samples
from ._results import (
    Autocorrelation,
    DelayScan,
    Significance,
    StorageSamples,
    TransferEntropySamples,
    finish,
)
from ._settings import ksg_settings, settings, surrogate_settings


class Condition(NamedTuple):
    """A series that a transfer entropy is conditioned on.

    Parameters
    ----------
    series : array_like of shape (n, d) or (n,)
        The series. Rows are times, as in source and target.
    length : int, default 1
        Number of past values.
    lag : int, default 1
        Number of steps from one past value to the next.
    delay : int, default 1
        Number of steps from the last past value to the target's next value.
    """

    series: object
    length: int = 1
    lag: int = 1
    delay: int = 1


def _given(conditions):
    if conditions is None:
        return []
    given = []
    for place, condition in enumerate(conditions):
        if not isinstance(condition, Condition):
            condition = Condition(condition)
        name = f"condition {place}"
        counts = [as_count(getattr(condition, part), f"{part} of {name}") for part in ("length", "lag", "delay")]
        given.append((as_samples(condition.series, name), *counts))
    return given


def _trials(trials):
    return [] if trials is None else [as_count(trial, "a trial") for trial in trials]


def _embeddings(source_length, source_lag, target_length, target_lag, delay, trials):
    return {
        "source": (as_count(source_length, "source_length"), as_count(source_lag, "source_lag")),
        "target": (as_count(target_length, "target_length"), as_count(target_lag, "target_lag")),
        "delay": as_count(delay, "delay"),
        "trials": _trials(trials),
    }


def transfer_entropy(
    source,
    target,
    conditions=None,
    *,
    source_length=1,
    source_lag=1,
    target_length=1,
    target_lag=1,
    delay=1,
    trials=None,
    n_neighbors=3,
    variant=1,
    norm="linf",
    ties="count",
    steps=None,
    random_state=0,
    window=0,
    periods=None,
    n_jobs=None,
    full_output=False,
):
    """Estimate the transfer entropy from one series to another, in nats.

    The information about the next value of the target that the past of the source has and the target's own past does
    not have [1]_::

        T = I( y_t ; x_past | y_past, conditions )
        y_past = (y_(t-1), y_(t-1-s), ...)    target_length values, s = target_lag steps apart
        x_past = (x_(t-u), x_(t-u-r), ...)    source_length values, r = source_lag steps apart, u = delay

    Parameters
    ----------
    source, target : array_like of shape (n, d) or (n,)
        The series. Rows are times.
    conditions : sequence of array_like or Condition, optional
        Further series whose pasts are known [2]_. A plain series has one past value and a delay of one step.
    source_length, source_lag, target_length, target_lag : int, default 1
        Past values of source and target. With a `target_length` of 0, the estimate is a mutual information.
    delay : int, default 1
        Number of steps from the source's last value to the target's next value.
    trials : sequence of int, optional
        Numbers of rows of the trials, whose rows follow one another. A trial is a series of its own, such as one
        repetition or one patient: no state contains values of two trials. By default all rows are one series.
    n_neighbors, variant, norm, ties, steps, random_state, window, periods, n_jobs, full_output
        See `mutual_information`. `steps` and `periods` are for past states of the source, next values, past states of
        the target and conditions, in this order.

    Returns
    -------
    float or Estimate
        The transfer entropy in nats.

    References
    ----------
    .. [1] T. Schreiber, "Measuring information transfer", Physical Review Letters 85 (2000).
    .. [2] J. T. Lizier, M. Prokopenko and A. Y. Zomaya, Physical Review E 77 (2008).

    Examples
    --------
    >>> import numpy as np
    >>> x, noise = np.random.default_rng(0).standard_normal((2, 2000))
    >>> y = np.roll(x, 1) + noise  # y follows x
    >>> knn_entropy.transfer_entropy(x, y) > 0.2 > 0.1 > knn_entropy.transfer_entropy(y, x)
    True
    """
    source, target, given = as_samples(source, "source"), as_samples(target, "target"), _given(conditions)
    embeddings = _embeddings(source_length, source_lag, target_length, target_lag, delay, trials)
    shared = settings(n_neighbors, norm=norm, window=window, periods=periods, n_jobs=n_jobs)
    own = ksg_settings(variant, ties, steps, random_state)
    return finish(_core.transfer_entropy(source, target, given, embeddings, shared, own), full_output)


def transfer_entropy_test(
    source,
    target,
    conditions=None,
    *,
    n_surrogates=99,
    surrogates=None,
    random_state=0,
    source_length=1,
    source_lag=1,
    target_length=1,
    target_lag=1,
    delay=1,
    trials=None,
    n_neighbors=3,
    variant=1,
    norm="linf",
    ties="count",
    steps=None,
    window=0,
    periods=None,
    n_jobs=None,
):
    """Test whether a transfer entropy could be chance.

    Surrogates rotate the past states of the source, which preserves their autocorrelation, unless `surrogates` says
    otherwise.

    Parameters
    ----------
    source, target : array_like of shape (n, d) or (n,)
        The series. Rows are times.
    conditions : sequence of array_like or Condition, optional
        Further series whose pasts are known.
    n_surrogates, surrogates, random_state
        See `mutual_information_test`.
    source_length, source_lag, target_length, target_lag, delay, trials
        See `transfer_entropy`.
    n_neighbors, variant, norm, ties, steps, window, periods, n_jobs
        See `transfer_entropy`.

    Returns
    -------
    Significance
        Transfer entropy of the observed series and of each surrogate, p-value and z-score.
    """
    source, target, given = as_samples(source, "source"), as_samples(target, "target"), _given(conditions)
    embeddings = _embeddings(source_length, source_lag, target_length, target_lag, delay, trials)
    shared = settings(n_neighbors, norm=norm, window=window, periods=periods, n_jobs=n_jobs)
    own = ksg_settings(variant, ties, steps, random_state)
    test = surrogate_settings(n_surrogates, surrogates, random_state)
    return Significance(*_core.transfer_entropy_test(source, target, given, embeddings, shared, own, test))


def transfer_entropy_scan(
    source,
    target,
    delays,
    conditions=None,
    *,
    n_surrogates=99,
    surrogates=None,
    random_state=0,
    source_length=1,
    source_lag=1,
    target_length=1,
    target_lag=1,
    trials=None,
    n_neighbors=3,
    variant=1,
    norm="linf",
    ties="count",
    steps=None,
    window=0,
    periods=None,
    n_jobs=None,
):
    """Estimate the transfer entropy at every delay of a range, with tests for each delay and for the best one.

    All delays are estimated at the times for which the longest delay has a past. The largest transfer entropy of each
    surrogate corrects for the choice of the best delay [1]_.

    Parameters
    ----------
    source, target : array_like of shape (n, d) or (n,)
        The series. Rows are times.
    delays : range or tuple of int
        A ``range`` with step 1, or the first and the last delay.
    conditions : sequence of array_like or Condition, optional
        Further series whose pasts are known. Each keeps its own delay.
    n_surrogates, surrogates, random_state
        See `mutual_information_test`. By default, surrogates are rotations.
    source_length, source_lag, target_length, target_lag, trials
        See `transfer_entropy`.
    n_neighbors, variant, norm, ties, steps, window, periods, n_jobs
        See `transfer_entropy`.

    Returns
    -------
    DelayScan
        Transfer entropies and p-values of all delays.

    References
    ----------
    .. [1] L. Novelli et al., Network Neuroscience 3 (2019).
    """
    if isinstance(delays, range):
        if delays.step != 1 or not delays:
            raise ValueError(f"delays is {delays}; use a range with step 1 and at least one delay")
        first, last = delays.start, delays.stop - 1
    else:
        first, last = delays
    ends = as_count(first, "the first delay"), as_count(last, "the last delay")
    source, target, given = as_samples(source, "source"), as_samples(target, "target"), _given(conditions)
    embeddings = _embeddings(source_length, source_lag, target_length, target_lag, 1, trials)
    shared = settings(n_neighbors, norm=norm, window=window, periods=periods, n_jobs=n_jobs)
    own = ksg_settings(variant, ties, steps, random_state)
    test = surrogate_settings(n_surrogates, surrogates, random_state)
    members, best = _core.transfer_entropy_scan(source, target, given, embeddings, ends, shared, own, test)
    tests = [Significance(*member) for _, member, _ in members]
    return DelayScan(
        delays=np.array([delay for delay, _, _ in members]),
        transfer_entropy=np.array([one.observed for one in tests]),
        p_values=np.array([one.p_value for one in tests]),
        corrected_p_values=np.array([corrected for _, _, corrected in members]),
        surrogates=np.array([one.surrogates for one in tests]),
        best=best,
    )


def transfer_entropy_samples(
    source,
    target,
    conditions=None,
    *,
    source_length=1,
    source_lag=1,
    target_length=1,
    target_lag=1,
    delay=1,
    trials=None,
):
    """Return the samples from which `transfer_entropy` is estimated.

    Parameters
    ----------
    source, target, conditions
        See `transfer_entropy`.
    source_length, source_lag, target_length, target_lag, delay, trials
        See `transfer_entropy`.

    Returns
    -------
    source, next, target, conditions : ndarray
        Past states of the source, values of the target that followed, past states of the target, and past states of the
        conditions side by side.
    times : ndarray of int
        Rows of the series that `next` contains.
    """
    source, target, given = as_samples(source, "source"), as_samples(target, "target"), _given(conditions)
    embeddings = _embeddings(source_length, source_lag, target_length, target_lag, delay, trials)
    arrays, times = _core.transfer_entropy_samples(source, target, given, embeddings)
    return TransferEntropySamples(*arrays, times)


def active_information_storage(
    series,
    *,
    past_length=1,
    past_lag=1,
    future_length=1,
    trials=None,
    n_neighbors=3,
    variant=1,
    norm="linf",
    ties="count",
    steps=None,
    random_state=0,
    window=0,
    periods=None,
    n_jobs=None,
    full_output=False,
):
    """Estimate the information that the past of a series has about its next value, in nats.

    ``A = I( y_t ; y_past )`` [1]_. With a longer future it is the predictive information [2]_.

    Parameters
    ----------
    series : array_like of shape (n, d) or (n,)
        The series. Rows are times.
    past_length, past_lag : int, default 1
        Number of past values, and of steps from one to the next.
    future_length : int, default 1
        Number of future values, starting with the next one.
    trials : sequence of int, optional
        See `transfer_entropy`.
    n_neighbors, variant, norm, ties, steps, random_state, window, periods, n_jobs, full_output
        See `mutual_information`. `steps` and `periods` are for the past and then for the future.

    Returns
    -------
    float or Estimate
        The stored information in nats.

    References
    ----------
    .. [1] J. T. Lizier, M. Prokopenko and A. Y. Zomaya, Information Sciences 208 (2012).
    .. [2] W. Bialek, I. Nemenman and N. Tishby, Neural Computation 13 (2001).
    """
    series = as_samples(series, "series")
    past = as_count(past_length, "past_length"), as_count(past_lag, "past_lag")
    shared = settings(n_neighbors, norm=norm, window=window, periods=periods, n_jobs=n_jobs)
    own = ksg_settings(variant, ties, steps, random_state)
    parts = past, as_count(future_length, "future_length"), _trials(trials)
    return finish(_core.information_storage(series, parts, shared, own), full_output)


def active_information_storage_samples(series, *, past_length=1, past_lag=1, future_length=1, trials=None):
    """Return the samples from which `active_information_storage` is estimated.

    Parameters
    ----------
    series, past_length, past_lag, future_length, trials
        See `active_information_storage`.

    Returns
    -------
    past, future : ndarray
        Past states and the values that followed.
    times : ndarray of int
        Rows of the series with the first of the future values.
    """
    past = as_count(past_length, "past_length"), as_count(past_lag, "past_lag")
    series = as_samples(series, "series")
    parts = past, as_count(future_length, "future_length"), _trials(trials)
    arrays, times = _core.information_storage_samples(series, parts)
    return StorageSamples(*arrays, times)


def autocorrelation(series):
    """Measure the dependence of rows on earlier rows.

    The integrated autocorrelation time is ``1 + 2 sum_l rho(l)`` over the initial positive sequence of Geyer [1]_, with
    the autocorrelation ``rho(l)`` at lag ``l``. ``n`` rows determine a mean as precisely as ``n / time`` independent
    rows.

    Parameters
    ----------
    series : array_like of shape (n, d) or (n,)
        The series. Rows are times.

    Returns
    -------
    Autocorrelation
        Time, significance, and surrogates that suit the rows.

    References
    ----------
    .. [1] C. J. Geyer, "Practical Markov chain Monte Carlo", Statistical Science 7 (1992).
    """
    *found, (kind, setting), period = _core.autocorrelation(as_samples(series, "series"))
    return Autocorrelation(*found, kind if kind == "shuffle" else (kind, setting), period)


def surrogate_orders(rows, *, n_surrogates=99, surrogates="shuffle", random_state=0):
    """Return the orders of rows that define surrogates, for a statistic of your own.

    Apply an order to one variable and leave the others unchanged: ``statistic(x[order], y)``. `Significance` compares
    the results.

    Parameters
    ----------
    rows : int or array_like of shape (n, d)
        Number of rows, or the variables ``z`` that a local permutation preserves.
    n_surrogates : int, default 99
        Number of orders.
    surrogates : 'shuffle' or tuple, default 'shuffle'
        ``'shuffle'``, ``('rotate', min_shift)``, ``('blocks', length)``, or ``('local', k)`` among the ``k`` nearest rows
        in ``z``.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        Seed of the orders.

    Returns
    -------
    ndarray of int, of shape (n_surrogates, n)
        Row ``i`` of a surrogate is the observed row ``order[i]``.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.random.default_rng(0).random((2, 50))
    >>> orders = knn_entropy.surrogate_orders(50)
    >>> statistics = [np.corrcoef(x[order], y)[0, 1] for order in orders]
    >>> knn_entropy.Significance(np.corrcoef(x, y)[0, 1], statistics).p_value > 0.01
    True
    """
    test = surrogate_settings(n_surrogates, surrogates, random_state)
    if np.ndim(rows) == 0:
        return _core.surrogate_orders(as_count(rows, "rows"), None, test)
    return _core.surrogate_orders(0, as_samples(rows, "rows"), test)
