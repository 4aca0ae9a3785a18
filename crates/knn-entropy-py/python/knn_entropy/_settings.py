"""Settings that the estimators share, in the form that the compiled module takes."""

from ._arrays import as_count, as_numbers, as_seed
from ._threads import n_threads

_NORMS = ("l1", "l2", "linf")
_SURROGATES = ("shuffle", "rotate", "blocks", "local")


def choice(value, name, known):
    """Return ``value`` if it is one of the known names."""
    if value in known:
        return value
    names = ", ".join(repr(one) for one in known[:-1]) + f" or {known[-1]!r}"
    raise ValueError(f"{name} is {value!r}; use {names}")


def settings(n_neighbors, *, n_jobs, norm="l2", window=0, periods=None, floor=None, softening=None, columns=None):
    """Return the settings of every estimator. A single period holds for all ``columns``."""
    return {
        "k": as_count(n_neighbors, "n_neighbors", least=1),
        "norm": choice(norm, "norm", _NORMS),
        "window": as_count(window, "window"),
        "periods": None if periods is None else as_numbers(periods, "periods", columns),
        "floor": None if floor is None else float(floor),
        "softening": None if softening is None else float(softening),
        "threads": n_threads(n_jobs),
    }


def ksg_settings(variant=1, ties="count", steps=None, random_state=0, columns=None):
    """Return the settings of the estimators by Kraskov, Stoegbauer and Grassberger."""
    dithers = choice(ties, "ties", ("count", "error", "dither")) == "dither"
    if dithers and steps is None:
        raise ValueError("ties is 'dither' but there are no steps; give the rounding step of each column, x first")
    return {
        "variant": choice(variant, "variant", (1, 2)),
        "ties": ties,
        "steps": None if steps is None else as_numbers(steps, "steps", columns),
        "seed": as_seed(random_state) if dithers else 0,
    }


def surrogate_settings(n_surrogates, surrogates, random_state):
    """Return the settings of a test with surrogates."""
    if surrogates is None:
        kind = None
    elif surrogates == "shuffle":
        kind = ("shuffle", 0)
    elif isinstance(surrogates, tuple) and len(surrogates) == 2:
        kind = (choice(surrogates[0], "surrogates", _SURROGATES), as_count(surrogates[1], "the number in surrogates"))
    else:
        raise ValueError(
            f"surrogates is {surrogates!r}; use 'shuffle', ('rotate', min_shift), ('blocks', length) or ('local', k)"
        )
    return {"count": as_count(n_surrogates, "n_surrogates"), "seed": as_seed(random_state), "kind": kind}
