"""Conversion of arguments to arrays that the compiled module reads."""

import operator
import sys

import numpy as np


def as_samples(x, name, *, precision=None):
    """Return samples as an array ``[n, d]`` in single or double precision.

    Arrays in single or double precision are used without a copy, whatever their strides. Other numbers are converted
    to double precision.
    """
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise ValueError(f"{name} has masked entries; leave their rows out")
    if hasattr(x, "toarray"):
        raise ValueError(f"{name} is a sparse matrix; convert it with toarray()")
    array = np.asarray(x)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        if array.dtype.kind == "c":
            raise ValueError(f"{name} has complex numbers; pass real and imaginary parts as two columns")
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} has entries that are not numbers ({array.dtype}): {error}") from None
    if array.dtype.kind in "biu":
        array = array.astype(np.float64)
    elif array.dtype.itemsize == 2:
        array = array.astype(np.float32)
    if precision is not None:
        array = array.astype(precision, copy=False)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if not array.flags.aligned:
        array = array.copy()
    if array.ndim == 1:
        return array[:, np.newaxis]
    if array.ndim == 2:
        return array
    raise ValueError(f"{name} has {array.ndim} dimensions; use one for a column, or two, with a row for each sample")


def like(x, gradient):
    """Return the gradient ``[n, d]`` with respect to ``x`` in the shape of ``x``, which may have one dimension."""
    return gradient[:, 0] if np.ndim(x) == 1 else gradient


def as_labels(labels, name):
    """Return labels of any kind as consecutive numbers."""
    array = np.asarray(labels)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"{name} has {array.ndim} dimensions; use one, with a label for each sample")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(f"{name} has NaN at row {int(np.flatnonzero(np.isnan(array))[0])}; leave the row out")
    if array.dtype.kind == "O":
        numbers = {}
        return np.array([numbers.setdefault(label, len(numbers)) for label in array.tolist()], dtype=np.int64)
    return np.unique(array, return_inverse=True)[1].astype(np.int64).reshape(-1)


def as_numbers(values, name, count=None):
    """Return a list of numbers, or the same number ``count`` times."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0 and count is not None:
        return [float(array)] * count
    if array.ndim != 1:
        raise ValueError(f"{name} has {array.ndim} dimensions; use one number for each column")
    return array.tolist()


def as_count(value, name, least=0, most=sys.maxsize):
    """Return a whole number from ``least`` to ``most``."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}; it must be a whole number") from None
    if number < least:
        raise ValueError(f"{name} is {number}; it must be at least {least}")
    if number > most:
        raise ValueError(f"{name} is {number}; it must be at most {most}")
    return number


def as_seed(random_state):
    """Return a seed for the random numbers of the compiled module."""
    if random_state is None:
        return int(np.random.default_rng().integers(2**63))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return as_count(random_state, "random_state", most=2**64 - 1)
