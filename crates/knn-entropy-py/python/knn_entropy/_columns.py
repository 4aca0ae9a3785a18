"""Replacements for scikit-learn's scores of features."""

import numpy as np

from . import _core
from ._arrays import as_count, as_labels, as_samples
from ._threads import n_threads


def _discrete_mask(discrete_features, sparse, n_features):
    if isinstance(discrete_features, str):
        if discrete_features != "auto":
            raise ValueError(f"discrete_features is {discrete_features!r}; use 'auto', a bool, a mask or indices")
        discrete_features = sparse
    given = np.asarray(discrete_features)
    if given.ndim == 0:
        return np.full(n_features, bool(given))
    if given.dtype == bool:
        if given.shape != (n_features,):
            raise IndexError(f"discrete_features has {given.size} entries for {n_features} features; use one for each")
        return given
    mask = np.zeros(n_features, dtype=bool)
    mask[given] = True
    return mask


def _scores(X, y, discrete_target, discrete_features, n_neighbors, n_jobs):  # noqa: N803
    k = as_count(n_neighbors, "n_neighbors", least=1)
    sparse = hasattr(X, "toarray")
    table = X.tocsc() if sparse else np.asarray(X)
    if table.ndim != 2:
        raise ValueError(f"X has {table.ndim} dimensions; use two, with a row for each sample")
    n_features = table.shape[1]
    discrete = _discrete_mask(discrete_features, sparse, n_features)
    if sparse and not discrete.all():
        raise ValueError("X is sparse but has continuous features; convert it with toarray()")
    rows = np.shape(y)[0] if np.ndim(y) else 0
    if table.shape[0] != rows:
        raise ValueError(f"X has {table.shape[0]} rows and y has {rows}; row i of both must be the same sample")
    if sparse:
        columns = [as_labels(table[:, [place]].toarray(), f"feature {place}") for place in range(n_features)]
    else:
        samples = None if discrete.all() else as_samples(table[:, ~discrete], "X")
        numbers = iter(range(n_features))
        columns = [
            as_labels(table[:, place], f"feature {place}") if discrete[place] else samples[:, [next(numbers)]]
            for place in range(n_features)
        ]
    target = as_labels(y, "y") if discrete_target else as_samples(y, "y")
    if not discrete_target and target.shape[1] != 1:
        raise ValueError(f"y has {target.shape[1]} columns; use one")
    scores = _core.columns_about(columns, target, k, n_threads(n_jobs))
    return np.maximum(scores, 0.0)


def mutual_info_regression(
    X,  # noqa: N803
    y,
    *,
    discrete_features="auto",
    n_neighbors=3,
    copy=True,
    random_state=None,
    n_jobs=None,
):
    """Estimate the mutual information of each feature about a continuous target, in nats.

    A replacement for the function of the same name in scikit-learn, with the same parameters. Continuous features are
    standardized. Unlike there, no noise is added: rows at equal distances are all counted [2]_, so the result has no
    randomness and does not depend on units.

    Parameters
    ----------
    X : array_like or sparse matrix of shape (n_samples, n_features)
        Features. A sparse matrix must have discrete features only.
    y : array_like of shape (n_samples,)
        Continuous target.
    discrete_features : {'auto', bool, array_like}, default 'auto'
        True for all or none, a mask, or indices of the discrete features. ``'auto'`` is False for arrays and True for
        sparse matrices.
    n_neighbors : int, default 3
        Number of the neighbor.
    copy : bool, default True
        Without effect, since no argument is changed.
    random_state : object, optional
        Without effect, since there is no noise.
    n_jobs : int, optional
        Number of threads. Features are distributed over them; see the documentation of the module.

    Returns
    -------
    ndarray of shape (n_features,)
        Information of each feature about the target in nats, at least 0: the estimator of Kraskov et al. [1]_ for
        continuous features, and that of Ross [3]_ for discrete ones.

    References
    ----------
    .. [1] A. Kraskov, H. Stoegbauer and P. Grassberger, Physical Review E 69 (2004).
    .. [2] O. C. Mesner and C. R. Shalizi, IEEE Transactions on Information Theory 67 (2021).
    .. [3] B. C. Ross, PLoS ONE 9 (2014).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((500, 3))
    >>> knn_entropy.mutual_info_regression(X, np.sin(6 * X[:, 1])).argmax()
    np.int64(1)
    """
    return _scores(X, y, False, discrete_features, n_neighbors, n_jobs)


def mutual_info_classif(
    X,  # noqa: N803
    y,
    *,
    discrete_features="auto",
    n_neighbors=3,
    copy=True,
    random_state=None,
    n_jobs=None,
):
    """Estimate the mutual information of each feature about a label, in nats.

    A replacement for the function of the same name in scikit-learn, with the same parameters. It adds no noise. If
    samples of a label coincide, as in rounded features, the feature is scored by the estimator of Mesner and Shalizi
    [2]_, which counts all rows at equal distances.

    Parameters
    ----------
    X : array_like or sparse matrix of shape (n_samples, n_features)
        Features. A sparse matrix must have discrete features only.
    y : array_like of shape (n_samples,)
        Label of each row.
    discrete_features, n_neighbors, copy, random_state, n_jobs
        See `mutual_info_regression`.

    Returns
    -------
    ndarray of shape (n_features,)
        Information of each feature about the label in nats, at least 0: the estimator of Ross [1]_ for continuous
        features, and the information of the counts for discrete ones.

    References
    ----------
    .. [1] B. C. Ross, PLoS ONE 9 (2014).
    .. [2] O. C. Mesner and C. R. Shalizi, IEEE Transactions on Information Theory 67 (2021).
    """
    return _scores(X, y, True, discrete_features, n_neighbors, n_jobs)
