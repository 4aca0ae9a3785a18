"""Results of estimates."""

import warnings
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from . import _core


class EstimateWarning(UserWarning):
    """A reason to doubt an estimate, such as ties, rounded numbers or too few rows."""


@dataclass(frozen=True)
class Estimate:
    """An estimate in nats: the mean of one local value for each sample.

    Functions return it if ``full_output`` is true. ``float(estimate)`` is its value.

    Attributes
    ----------
    value : float
        The estimate in nats.
    standard_error : float
        ``sqrt((mean of squared local values - value**2) / n)``. It covers the variance and not the bias. Samples
        share neighbors, so it is too small: 0.7 to 0.97 times the scatter of estimates for 3 neighbors and 1000
        samples, and less for fewer samples or more neighbors.
    local : ndarray of shape (n,)
        Local value of each sample. Their mean is `value`.
    warnings : tuple of str
        Reasons to doubt the estimate. Each is also given as an `EstimateWarning`.
    correlation : float
        Informational coefficient of correlation, ``sqrt(1 - exp(-2 I))``, if the estimate is a mutual information
        ``I`` [1]_. For two jointly normal variables it is the absolute value of their correlation.

    References
    ----------
    .. [1] E. H. Linfoot, "An informational measure of correlation", Information and Control 1 (1957).
    """

    value: float
    standard_error: float
    local: np.ndarray = field(repr=False)
    correlation: float = field(repr=False)
    warnings: tuple = ()

    def __float__(self):
        """Return the value."""
        return self.value

    def sampling_interval(self, level=0.95):
        """Return the interval ``value -+ z standard_error`` as a pair.

        It would contain the *expectation* of the estimate with this probability if the standard error were exact. It
        is too small, so an interval at 0.95 contains the expectation in 85 to 94 % of the cases for up to 3 neighbors
        and 1000 samples, and less often for fewer samples or more neighbors. Bias is not included, so the
        truth can lie outside.

        Parameters
        ----------
        level : float, default 0.95
            Probability, above 0 and below 1.

        Returns
        -------
        tuple of float
            Lower and upper end in nats.
        """
        if not 0 < level < 1:
            raise ValueError(f"level is {level}; it must be above 0 and below 1")
        return _core.sampling_interval(self.local, level)


class Significance:
    """The result of a test of dependence with surrogates.

    In a surrogate, the rows of one variable are rearranged so that they depend on the others only by chance.

    Parameters
    ----------
    observed : float
        Statistic of the observed rows.
    surrogates : array_like of shape (n_surrogates,)
        Statistic of each surrogate.

    Attributes
    ----------
    observed : float
        Statistic of the observed rows, in nats for information.
    surrogates : ndarray of shape (n_surrogates,)
        Statistic of each surrogate.
    p_value : float
        Probability of a statistic at least as large if there is no dependence: ``(1 + number of surrogates at least as
        large) / (1 + number of surrogates)`` [1]_. It is never 0.
    mean : float
        Mean of the surrogates, which is the bias of the estimate if there is no dependence.
    standard_deviation : float
        Standard deviation of the surrogates.
    z_score : float or None
        Distance of `observed` above `mean`, in standard deviations. None if all surrogates are equal.

    References
    ----------
    .. [1] B. Phipson and G. K. Smyth, "Permutation p-values should never be zero", Statistical Applications in Genetics
       and Molecular Biology 9 (2010).
    """

    def __init__(self, observed, surrogates):
        self.observed = float(observed)
        self.surrogates = np.array(surrogates, dtype=np.float64)
        found = _core.significance(self.observed, self.surrogates)
        self.p_value, self.mean, self.standard_deviation, self.z_score = found

    def __repr__(self):
        """Return the observed statistic and its p-value."""
        return f"Significance(observed={self.observed!r}, p_value={self.p_value!r})"


class EntropyGradient(NamedTuple):
    """An entropy in nats, and its gradient ``[n, d]`` with respect to each sample."""

    entropy: float
    gradient: np.ndarray


class DivergenceGradients(NamedTuple):
    """A divergence in nats, and its gradients with respect to the samples of both sets."""

    divergence: float
    p: np.ndarray
    q: np.ndarray


class Corrected(NamedTuple):
    """Samples ``[n, d]`` after a change of variables, and the sum of its Jacobian terms in nats.

    The entropy of the original samples is the entropy of the new samples plus `term`.
    """

    samples: np.ndarray
    term: float


class Neighbors(NamedTuple):
    """Distances and rows of the nearest neighbors, both ``[n, n_neighbors]``, the nearest first."""

    distances: np.ndarray
    indices: np.ndarray


@dataclass(frozen=True)
class JensenShannonEstimate:
    """An estimate of a Jensen-Shannon divergence.

    Attributes
    ----------
    value : float
        The divergence in nats.
    distance : float
        Square root of the divergence, which is a metric if the weights are equal.
    standard_error : float
        Standard error of the divergence.
    p, q : Estimate
        Estimates of ``E_p ln(p/m)`` and ``E_q ln(q/m)``, with a local value for each sample.
    warnings : tuple of str
        Reasons to doubt the estimate. Each is also given as an `EstimateWarning`.
    """

    value: float
    distance: float
    standard_error: float
    p: Estimate = field(repr=False)
    q: Estimate = field(repr=False)
    warnings: tuple = ()

    def __float__(self):
        """Return the value."""
        return self.value


@dataclass(frozen=True)
class Autocorrelation:
    """The dependence of the rows of a series on earlier rows.

    Attributes
    ----------
    time : float
        Integrated autocorrelation time in rows, the largest of all columns.
    is_significant : bool
        True if the autocorrelation of a column at a lag from 1 to 10 exceeds ``4 / sqrt(n)``.
    min_shift : int
        Shift beyond which the series hardly depends on itself, for ``("rotate", min_shift)``.
    block_length : int
        Length for ``("blocks", block_length)``.
    surrogates : str or tuple
        Surrogates that suit the rows: rotations if the autocorrelation is significant, and shuffles otherwise.
    period : int or None
        Period in rows of a season, such as 24 for hourly rows that depend on the time of day.
    """

    time: float
    is_significant: bool
    min_shift: int
    block_length: int
    surrogates: object
    period: int | None


@dataclass(frozen=True)
class DelayScan:
    """The transfer entropy at every delay of a range, with tests against chance.

    Attributes
    ----------
    delays : ndarray of int
        The delays in steps.
    transfer_entropy : ndarray
        Transfer entropy at each delay, in nats.
    p_values : ndarray
        Probability of a transfer entropy at least as large at this delay, if there is no dependence.
    corrected_p_values : ndarray
        Probability of a transfer entropy at least as large at *any* of the delays, if there is no dependence.
    surrogates : ndarray of shape (n_delays, n_surrogates)
        Transfer entropy of each surrogate at each delay.
    best : int
        Place of the delay with the largest transfer entropy: ``delays[best]``. Its link is significant if
        ``corrected_p_values[best]`` is small.
    """

    delays: np.ndarray
    transfer_entropy: np.ndarray
    p_values: np.ndarray
    corrected_p_values: np.ndarray
    surrogates: np.ndarray = field(repr=False)
    best: int


class TransferEntropySamples(NamedTuple):
    """The samples of a transfer entropy. Row ``i`` of each array belongs to row ``times[i]`` of the series."""

    source: np.ndarray
    next: np.ndarray
    target: np.ndarray
    conditions: np.ndarray
    times: np.ndarray


class StorageSamples(NamedTuple):
    """The samples of an active information storage. Row ``i`` belongs to row ``times[i]`` of the series."""

    past: np.ndarray
    future: np.ndarray
    times: np.ndarray


def warn(texts, stacklevel):
    """Give warnings that point at the code that called the estimator."""
    for text in texts:
        warnings.warn(text, EstimateWarning, stacklevel=stacklevel + 1)


def finish(raw, full_output, *, quiet=False):
    """Return the value of an estimate or, with ``full_output``, all of it.

    The function that users call must call this one itself, so that warnings point at their code.
    """
    value, standard_error, local, correlation, texts = raw
    if not quiet:
        warn(texts, 3)
    return Estimate(value, standard_error, local, correlation, tuple(texts)) if full_output else value
