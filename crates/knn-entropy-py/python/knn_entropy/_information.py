"""Estimators of mutual and conditional information."""

from . import _core
from ._arrays import as_count, as_labels, as_samples
from ._results import Significance, finish
from ._settings import choice, ksg_settings, settings, surrogate_settings


def _blocks(blocks, names):
    arrays = [as_samples(block, name) for block, name in zip(blocks, names, strict=True)]
    return arrays, sum(array.shape[1] for array in arrays)


def mutual_information(
    x,
    y,
    *,
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
    """Estimate the mutual information between two blocks of variables, in nats.

    The estimators of Kraskov, Stoegbauer and Grassberger [1]_::

        variant 1    I = psi(k) + psi(n) - < psi(n_x + 1) + psi(n_y + 1) >
        variant 2    I = psi(k) - 1/k + psi(n) - < psi(n_x) + psi(n_y) >

    ``r_i`` is the distance to the k-th neighbor in the joint space, where the distance is the larger of the blocks'
    distances. ``n_x`` and ``n_y`` are the numbers of samples within it in each block. The estimate is 0 on average for
    independent blocks, and can be negative. It cannot exceed about ``psi(n) - psi(k)``.

    The estimate depends on the scales of the blocks. Standardize them unless they have a common unit; `correct` does
    it. For labels see `label_mutual_information`, and for mixtures `mixed_mutual_information`.

    Parameters
    ----------
    x : array_like of shape (n, dx) or (n,)
        First block. Row ``i`` of both blocks is one observation.
    y : array_like of shape (n, dy) or (n,)
        Second block.
    n_neighbors : int, default 3
        Number ``k`` of the neighbor. 3 to 5 is usual.
    variant : {1, 2}, default 1
        Algorithm of the paper: one radius for all blocks, or one for each.
    norm : {'linf', 'l2', 'l1'}, default 'linf'
        Norm within a block.
    ties : {'count', 'error', 'dither'}, default 'count'
        Rule for rows with several neighbors at the same distance, as rounded numbers have: count them all [2]_, raise an
        error, or spread numbers within their `steps`.
    steps : float or array_like of shape (dx + dy,), optional
        Rounding step of each column, for ``ties='dither'``.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        Seed of the dither. Nothing else is random.
    window : int, default 0
        Theiler window for series: rows up to so many rows before or after a row are not its neighbors.
    periods : float or array_like of shape (dx + dy,), optional
        Period of each column, for angles. ``inf`` stands for a column that is not periodic.
    n_jobs : int, optional
        Number of threads; see the documentation of the module.
    full_output : bool, default False
        Return an `Estimate` instead of the value.

    Returns
    -------
    float or Estimate
        The mutual information in nats.

    Raises
    ------
    ValueError
        If numbers are not finite, rows do not match, or there are not enough of them.

    Warns
    -----
    EstimateWarning
        If rows are tied, a column is constant, or the estimate is near the largest possible one.

    References
    ----------
    .. [1] A. Kraskov, H. Stoegbauer and P. Grassberger, Physical Review E 69 (2004).
    .. [2] O. C. Mesner and C. R. Shalizi, IEEE Transactions on Information Theory 67 (2021).

    Examples
    --------
    >>> import numpy as np
    >>> x, noise = np.random.default_rng(0).standard_normal((2, 2000))
    >>> round(knn_entropy.mutual_information(x, x + 0.5 * noise), 2)  # the truth is 0.80
    0.81
    """
    blocks, columns = _blocks((x, y), ("x", "y"))
    shared = settings(n_neighbors, norm=norm, window=window, periods=periods, n_jobs=n_jobs, columns=columns)
    own = ksg_settings(variant, ties, steps, random_state, columns)
    return finish(_core.ksg_information(blocks, shared, own), full_output)


def multi_information(
    blocks,
    *,
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
    """Estimate the multi-information (total correlation) of several blocks, in nats.

    ``sum_j H(X_j) - H(X_1, ..., X_m)``, estimated with one radius for all blocks::

        I = psi(k) + (m-1) psi(n) - < sum_j psi(n_j + 1) >

    Parameters
    ----------
    blocks : sequence of array_like
        Blocks of variables, each of shape (n, d) or (n,). A single array of shape (n, m) counts as ``m`` columns.
    n_neighbors, variant, norm, ties, steps, random_state, window, periods, n_jobs, full_output
        See `mutual_information`. `steps` and `periods` have one number for each column of all blocks.

    Returns
    -------
    float or Estimate
        The multi-information in nats.

    References
    ----------
    .. [1] A. Kraskov, H. Stoegbauer and P. Grassberger, Physical Review E 69 (2004).
    """
    if hasattr(blocks, "ndim") or hasattr(blocks, "columns"):
        table = as_samples(blocks, "blocks")
        blocks = [table[:, [column]] for column in range(table.shape[1])]
    blocks = list(blocks)
    blocks, columns = _blocks(blocks, [f"block {place}" for place in range(len(blocks))])
    shared = settings(n_neighbors, norm=norm, window=window, periods=periods, n_jobs=n_jobs, columns=columns)
    own = ksg_settings(variant, ties, steps, random_state, columns)
    return finish(_core.ksg_information(blocks, shared, own), full_output)


def conditional_mutual_information(
    x,
    y,
    z,
    *,
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
    """Estimate the mutual information between ``x`` and ``y`` given ``z``, in nats.

    The estimator of Frenzel and Pompe [1]_::

        I = psi(k) + < psi(n_z + 1) - psi(n_xz + 1) - psi(n_yz + 1) >

    The estimate tends to 0 if ``z`` has many dimensions.

    Parameters
    ----------
    x, y, z : array_like of shape (n, d) or (n,)
        Blocks of variables. Row ``i`` of all blocks is one observation.
    n_neighbors, variant, norm, ties, steps, random_state, window, periods, n_jobs, full_output
        See `mutual_information`. `steps` and `periods` have one number for each column of x, y and z.

    Returns
    -------
    float or Estimate
        The conditional mutual information in nats.

    References
    ----------
    .. [1] S. Frenzel and B. Pompe, Physical Review Letters 99 (2007).

    Examples
    --------
    >>> import numpy as np
    >>> z, noise_of_x, noise_of_y = np.random.default_rng(0).standard_normal((3, 2000))
    >>> x, y = z + noise_of_x, z + noise_of_y  # dependent, but not if z is known
    >>> knn_entropy.mutual_information(x, y) > 0.1 > abs(knn_entropy.conditional_mutual_information(x, y, z))
    True
    """
    (x, y, z), columns = _blocks((x, y, z), ("x", "y", "z"))
    shared = settings(n_neighbors, norm=norm, window=window, periods=periods, n_jobs=n_jobs, columns=columns)
    own = ksg_settings(variant, ties, steps, random_state, columns)
    return finish(_core.ksg_conditional(x, y, z, shared, own), full_output)


def nonuniform_mutual_information(x, y, *, n_neighbors=3, n_canonical=50, window=0, n_jobs=None, full_output=False):
    """Estimate the mutual information of two blocks that nearly determine each other, in nats.

    `mutual_information` cannot exceed ``psi(n) - psi(k)``. This estimator follows the ridge of the density within each
    neighborhood, after the idea of [1]_, with regions from canonical correlations [2]_.

    Parameters
    ----------
    x : array_like of shape (n, dx) or (n,)
        First block.
    y : array_like of shape (n, dy) or (n,)
        Second block.
    n_neighbors : int, default 3
        Number of the neighbor.
    n_canonical : int, default 50
        Number of neighbors that define the region: 50 for two variables and at least 10 per dimension for more.
    window, n_jobs, full_output
        See `mutual_information`.

    Returns
    -------
    float or Estimate
        The mutual information in nats.

    References
    ----------
    .. [1] S. Gao, G. Ver Steeg and A. Galstyan, AISTATS (2015).
    .. [2] H. Hotelling, Biometrika 28 (1936).
    """
    (x, y), _ = _blocks((x, y), ("x", "y"))
    shared = settings(n_neighbors, window=window, n_jobs=n_jobs)
    return finish(_core.local_nonuniformity(x, y, as_count(n_canonical, "n_canonical"), shared), full_output)


def mixed_mutual_information(
    x,
    y,
    *,
    n_neighbors=3,
    method="mesner-shalizi",
    norm="linf",
    window=0,
    periods=None,
    n_jobs=None,
    full_output=False,
):
    """Estimate the mutual information of variables that are continuous, discrete or a mixture, in nats.

    By default the estimator of Mesner and Shalizi [1]_::

        I = < psi(k_i) + psi(n) - psi(n_x) - psi(n_y) >

    where ``k_i``, ``n_x`` and ``n_y`` count all samples that are not farther than the k-th neighbor. ``method='gao'`` is
    that of Gao et al. [2]_, which does not suit rounded numbers.

    Encode labels as numbers whose distances are larger than the range of the other variables.

    Parameters
    ----------
    x : array_like of shape (n, dx) or (n,)
        First block.
    y : array_like of shape (n, dy) or (n,)
        Second block.
    method : {'mesner-shalizi', 'gao'}, default 'mesner-shalizi'
        Estimator.
    n_neighbors, norm, window, periods, n_jobs, full_output
        See `mutual_information`.

    Returns
    -------
    float or Estimate
        The mutual information in nats.

    References
    ----------
    .. [1] O. C. Mesner and C. R. Shalizi, IEEE Transactions on Information Theory 67 (2021).
    .. [2] W. Gao, S. Kannan, S. Oh and P. Viswanath, NeurIPS (2017).
    """
    (x, y), columns = _blocks((x, y), ("x", "y"))
    shared = settings(n_neighbors, norm=norm, window=window, periods=periods, n_jobs=n_jobs, columns=columns)
    if choice(method, "method", ("mesner-shalizi", "gao")) == "gao":
        return finish(_core.mixed_ksg(x, y, shared), full_output)
    return finish(_core.mesner_shalizi(x, y, None, shared), full_output)


def mixed_conditional_mutual_information(
    x, y, z, *, n_neighbors=3, norm="linf", window=0, periods=None, n_jobs=None, full_output=False
):
    """Estimate the mutual information of ``x`` and ``y`` given ``z``, for continuous and discrete variables, in nats.

    The estimator of Mesner and Shalizi [1]_::

        I = < psi(k_i) + psi(n_z) - psi(n_xz) - psi(n_yz) >

    Parameters
    ----------
    x, y, z : array_like of shape (n, d) or (n,)
        Blocks of variables. Row ``i`` of all blocks is one observation.
    n_neighbors, norm, window, periods, n_jobs, full_output
        See `mutual_information`.

    Returns
    -------
    float or Estimate
        The conditional mutual information in nats.

    References
    ----------
    .. [1] O. C. Mesner and C. R. Shalizi, IEEE Transactions on Information Theory 67 (2021).
    """
    (x, y, z), columns = _blocks((x, y, z), ("x", "y", "z"))
    shared = settings(n_neighbors, norm=norm, window=window, periods=periods, n_jobs=n_jobs, columns=columns)
    return finish(_core.mesner_shalizi(x, y, z, shared), full_output)


def label_mutual_information(
    x, labels, *, n_neighbors=3, norm="l2", window=0, periods=None, n_jobs=None, full_output=False
):
    """Estimate the mutual information between continuous variables and a label, in nats.

    The estimator of Ross [1]_::

        I = psi(n) - < psi(n_i) > + < psi(k_i) > - < psi(m_i) >

    ``n_i`` samples have the label of sample ``i``, ``k_i`` is the smaller of ``k`` and ``n_i - 1``, and ``m_i - 1``
    samples of any label are nearer than the ``k_i``-th neighbor of the same label. Samples with a label of their own are
    left out, with a warning.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Continuous variables.
    labels : array_like of shape (n,)
        Label of each row, of any type.
    n_neighbors, norm, window, periods, n_jobs, full_output
        See `mutual_information`.

    Returns
    -------
    float or Estimate
        The mutual information in nats.

    Raises
    ------
    ValueError
        If samples of a label coincide; use `mixed_mutual_information`.

    References
    ----------
    .. [1] B. C. Ross, "Mutual information between discrete and continuous data sets", PLoS ONE 9 (2014).
    """
    x = as_samples(x, "x")
    shared = settings(n_neighbors, norm=norm, window=window, periods=periods, n_jobs=n_jobs, columns=x.shape[1])
    return finish(_core.ross(x, as_labels(labels, "labels"), shared), full_output)


def mutual_information_test(
    x,
    y,
    *,
    n_surrogates=99,
    surrogates=None,
    random_state=0,
    n_neighbors=3,
    variant=1,
    norm="linf",
    ties="count",
    steps=None,
    window=0,
    periods=None,
    n_jobs=None,
):
    """Test whether ``x`` and ``y`` are independent, by their mutual information.

    The information is compared with that of random rearrangements of the rows of ``x``. Independent rows are shuffled.
    With a `window`, or if both variables are autocorrelated, the rows count as a series, and ``x`` is rotated instead.

    Parameters
    ----------
    x, y : array_like of shape (n, d) or (n,)
        Blocks of variables. Row ``i`` of both blocks is one observation.
    n_surrogates : int, default 99
        Number of rearrangements. The smallest possible p-value is ``1 / (n_surrogates + 1)``.
    surrogates : 'shuffle' or tuple, optional
        Kind of rearrangement: ``'shuffle'``, ``('rotate', min_shift)`` or ``('blocks', length)``; see `autocorrelation`.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default 0
        Seed of the rearrangements.
    n_neighbors, variant, norm, ties, steps, window, periods, n_jobs
        See `mutual_information`.

    Returns
    -------
    Significance
        Information of the observed rows and of each surrogate, p-value and z-score.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).random(100)
    >>> knn_entropy.mutual_information_test(x, np.sin(6 * x)).p_value
    0.01
    """
    (x, y), columns = _blocks((x, y), ("x", "y"))
    shared = settings(n_neighbors, norm=norm, window=window, periods=periods, n_jobs=n_jobs, columns=columns)
    own = ksg_settings(variant, ties, steps, random_state, columns)
    test = surrogate_settings(n_surrogates, surrogates, random_state)
    return Significance(*_core.ksg_test(x, y, shared, own, test))


def conditional_mutual_information_test(
    x,
    y,
    z,
    *,
    n_surrogates=99,
    surrogates=None,
    random_state=0,
    n_neighbors=3,
    variant=1,
    norm="linf",
    ties="count",
    steps=None,
    window=0,
    periods=None,
    n_jobs=None,
):
    """Test whether ``x`` and ``y`` are independent given ``z``, by their conditional mutual information.

    Rows of ``x`` are permuted among rows with nearly the same ``z`` [1]_, so that ``x`` still depends on ``z``. Rows of
    a series are rotated instead.

    Parameters
    ----------
    x, y, z : array_like of shape (n, d) or (n,)
        Blocks of variables. Row ``i`` of all blocks is one observation.
    surrogates : 'shuffle' or tuple, optional
        Kind of rearrangement, as in `mutual_information_test`, or ``('local', k)``: among the ``k`` nearest rows in ``z``.
    n_surrogates, random_state
        See `mutual_information_test`.
    n_neighbors, variant, norm, ties, steps, window, periods, n_jobs
        See `conditional_mutual_information`.

    Returns
    -------
    Significance
        Information of the observed rows and of each surrogate, p-value and z-score.

    References
    ----------
    .. [1] J. Runge, "Conditional independence testing based on a nearest-neighbor estimator of conditional mutual
       information", AISTATS (2018).
    """
    (x, y, z), columns = _blocks((x, y, z), ("x", "y", "z"))
    shared = settings(n_neighbors, norm=norm, window=window, periods=periods, n_jobs=n_jobs, columns=columns)
    own = ksg_settings(variant, ties, steps, random_state, columns)
    test = surrogate_settings(n_surrogates, surrogates, random_state)
    return Significance(*_core.ksg_conditional_test(x, y, z, shared, own, test))
