"""Exact nearest neighbors."""

import numpy as np

from . import _core
from ._arrays import as_count, as_samples
from ._results import Neighbors
from ._settings import choice, settings

_ALGORITHMS = ("auto", "kd_tree", "brute", "blocked", "sorted")


def _widths(blocks):
    return None if blocks is None else [as_count(width, "a width in blocks") for width in blocks]


def nearest_neighbors(
    x,
    queries=None,
    *,
    n_neighbors=3,
    norm="l2",
    window=0,
    periods=None,
    blocks=None,
    algorithm="auto",
    n_jobs=None,
):
    """Find the nearest neighbors of each query, exactly.

    Neighbors are ordered by distance and, for equal distances, by index. Every algorithm returns the same neighbors, and
    distances that are equal in every bit.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Points, one per row.
    queries : array_like of shape (m, d) or (m,), optional
        Points whose neighbors are searched. By default each row of `x` is a query and not its own neighbor.
    n_neighbors : int, default 3
        Number of neighbors.
    norm : {'l2', 'l1', 'linf'}, default 'l2'
        Norm of the distances.
    window : int, default 0
        Theiler window without `queries`: rows up to so many rows before or after a row are not its neighbors.
    periods : float or array_like of shape (d,), optional
        Period of each coordinate. ``inf`` stands for a coordinate that is not periodic.
    blocks : sequence of int, optional
        Widths of consecutive blocks of coordinates. The distance is the largest of the distances within blocks.
    algorithm : {'auto', 'kd_tree', 'brute', 'blocked', 'sorted'}, default 'auto'
        Search. ``'auto'`` chooses the fastest.
    n_jobs : int, optional
        Number of threads; see the documentation of the module.

    Returns
    -------
    distances : ndarray of shape (m, n_neighbors)
        Distances, the smallest first.
    indices : ndarray of shape (m, n_neighbors)
        Rows of `x`.

    Examples
    --------
    >>> distances, indices = knn_entropy.nearest_neighbors([0.0, 1.0, 5.0], n_neighbors=1)
    >>> indices.ravel().tolist(), distances.ravel().tolist()
    ([1, 0, 1], [1.0, 1.0, 4.0])
    """
    x = as_samples(x, "x")
    if queries is not None:
        queries = as_samples(queries, "queries")
        if window != 0:
            raise ValueError("a window needs neighbors within x; leave out the window or the queries")
    shared = settings(n_neighbors, norm=norm, window=window, periods=periods, n_jobs=n_jobs, columns=x.shape[1])
    found = _core.nearest_neighbors(x, queries, _widths(blocks), shared, choice(algorithm, "algorithm", _ALGORITHMS))
    return Neighbors(found[0], found[1].view(np.intp))


def count_neighbors(x, radius, *, closed=True, norm="l2", window=0, periods=None, blocks=None, n_jobs=None):
    """Count the other points within a radius of each point.

    Parameters
    ----------
    x : array_like of shape (n, d) or (n,)
        Points, one per row.
    radius : float or array_like of shape (n,)
        Radius of each point, or one for all.
    closed : bool, default True
        Count points at the radius.
    norm, window, periods, blocks, n_jobs
        See `nearest_neighbors`.

    Returns
    -------
    ndarray of int, of shape (n,)
        Number of other points within the radius of each point.
    """
    x = as_samples(x, "x")
    radii = (
        np.broadcast_to(np.asarray(radius, dtype=np.float64).reshape(-1), (len(x),))
        if np.ndim(radius) == 0
        else (np.asarray(radius, dtype=np.float64).reshape(-1))
    )
    shared = settings(1, norm=norm, window=window, periods=periods, n_jobs=n_jobs, columns=x.shape[1])
    return _core.count_neighbors(x, radii, bool(closed), _widths(blocks), shared).view(np.intp)
