"""Compares knn_entropy with scikit-learn, SciPy, infomeasure, ennemi and published values, and writes docs/python.md.

    pip install . scikit-learn scipy infomeasure ennemi matplotlib
    python comparison/compare.py --write

Every estimator runs on one thread. Times are those of the CPU, which other work on the machine hardly changes: medians over
turns that alternate between the estimators.
"""

import argparse
import contextlib
import importlib.metadata
import io
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import warnings

for variable in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import ennemi
import infomeasure
import numpy as np
import scipy
import sklearn
from scipy.stats import differential_entropy
from sklearn.feature_selection import mutual_info_regression

import knn_entropy

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent.parent
PUBLISHED = REPOSITORY / "crates/knn-entropy/tests/data/published"
K = 3


def dithered(x, y):
    """Spread rounded numbers within their steps first."""
    return knn_entropy.mutual_information(knn_entropy.dither(x), knn_entropy.dither(y, random_state=1), n_neighbors=K)


INFORMATION = {
    "knn_entropy": lambda x, y: knn_entropy.mutual_information(x, y, n_neighbors=K),
    "scikit-learn": lambda x, y: mutual_info_regression(x[:, None], y, n_neighbors=K, random_state=0)[0],
    "ennemi": lambda x, y: float(np.ravel(ennemi.estimate_mi(y, x, k=K, preprocess=False))[0]),
    "infomeasure": lambda x, y: infomeasure.mutual_information(x, y, approach="ksg", k=K, noise_level=0),
}
ENTROPY = {
    "knn_entropy": lambda x: knn_entropy.entropy(x, n_neighbors=K),
    "SciPy": lambda x: float(differential_entropy(x[:, 0])) if x.shape[1] == 1 else None,
    "ennemi": lambda x: float(np.ravel(ennemi.estimate_entropy(x, k=K, multidim=True))[0]),
    "infomeasure": lambda x: infomeasure.entropy(x, approach="kl", k=K, noise_level=0, minkowski_p=2),
}


def quietly(function, *arguments, **settings):
    """Call an estimator without its warnings and output. Return None if it fails."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            return function(*arguments, **settings)
        except Exception:
            return None


def table(title, heads, rows):
    """Return a table in Markdown."""
    lines = [f"| {title} | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    return "\n".join(lines + [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows])


def errors(found, truth):
    """Return the mean error and the standard deviation as text, and the mean error."""
    if any(value is None for value in found):
        return "none", np.nan
    if not np.isfinite(found).all():
        return "infinite", np.nan
    error = np.mean(found) - truth
    return f"{error:+.3f} ({np.std(found):.3f})", error


def normal_pair(rng, n, rho):
    x, noise = rng.standard_normal((2, n))
    return x, rho * x + np.sqrt(1 - rho**2) * noise


def accuracy_of_information(repeats):
    correlations = (0.0, 0.6, 0.9, 0.99, 0.9999)
    rows, curves = [], {}
    for name, estimate in INFORMATION.items():
        cells = []
        for rho in correlations:
            rng = np.random.default_rng(0)
            found = [quietly(estimate, *normal_pair(rng, 1000, rho)) for _ in range(repeats)]
            text, error = errors(found, -0.5 * np.log(1 - rho**2))
            cells.append(text)
            curves.setdefault(name, []).append(error)
        rows.append((name, cells))
    cells = []
    for rho in correlations:
        rng = np.random.default_rng(0)
        strong = knn_entropy.nonuniform_mutual_information
        found = [quietly(strong, *normal_pair(rng, 1000, rho)) for _ in range(repeats)]
        cells.append(errors(found, -0.5 * np.log(1 - rho**2))[0])
    rows.append(("knn_entropy, `nonuniform_mutual_information`", cells))
    return table("correlation", [f"{rho} ({0.0 - 0.5 * np.log(1 - rho**2):.2f} nats)" for rho in correlations], rows)


def accuracy_of_entropy(repeats):
    dimensions = (1, 2, 5, 10)
    rows = []
    for name, estimate in ENTROPY.items():
        cells = []
        for d in dimensions:
            rng = np.random.default_rng(0)
            found = [quietly(estimate, rng.standard_normal((1000, d))) for _ in range(repeats)]
            cells.append(errors(found, d / 2 * np.log(2 * np.pi * np.e))[0])
        rows.append((name, cells))
    cells = []
    for d in dimensions:
        rng, found = np.random.default_rng(0), []
        for _ in range(repeats):
            samples, term = knn_entropy.correct(rng.standard_normal((1000, d)), knn_entropy.WHITENED)
            found.append(knn_entropy.truncated_entropy(samples, n_neighbors=K) + term)
        cells.append(errors(found, d / 2 * np.log(2 * np.pi * np.e))[0])
    rows.append(("knn_entropy, `correct` and `truncated_entropy`", cells))
    return table("dimensions", [str(d) for d in dimensions], rows)


def ties(repeats):
    """Return the errors for normal pairs with a correlation of 0.6 that were rounded."""
    steps, rho = (0.01, 0.1, 0.25, 0.5, 1.0), 0.6
    # The truth is the information of the rounded pair, from the probabilities of the cells.
    truths = []
    for step in steps:
        edges = np.arange(-8, 8 + step, step) - step / 2
        cell = max(1, round(step / 0.02))
        fine = np.linspace(edges[0], edges[-1], (len(edges) - 1) * cell + 1)
        middle = (fine[1:] + fine[:-1]) / 2
        x, y = np.meshgrid(middle, middle, indexing="ij")
        p = np.exp(-(x**2 - 2 * rho * x * y + y**2) / (2 * (1 - rho**2)))
        count = len(edges) - 1
        p = p.reshape(count, cell, count, cell).sum(axis=(1, 3))
        p /= p.sum()
        independent = p.sum(axis=1, keepdims=True) * p.sum(axis=0, keepdims=True)
        keep = p > 0
        truths.append((p[keep] * np.log(p[keep] / independent[keep])).sum())
    rows, curves = [], {}
    for name, estimate in (*INFORMATION.items(), ("knn_entropy, `dither`", dithered)):
        cells = []
        for step, truth in zip(steps, truths, strict=True):
            rng = np.random.default_rng(0)
            pairs = [normal_pair(rng, 1000, rho) for _ in range(repeats)]
            rounded = [tuple(step * np.round(column / step) for column in pair) for pair in pairs]
            text, error = errors([quietly(estimate, *pair) for pair in rounded], truth)
            curves.setdefault(name, []).append(error)
            cells.append(text)
        rows.append((name, cells))
    rounded = [
        step * np.round(column / step) for step in (0.1,) for column in normal_pair(np.random.default_rng(0), 1000, rho)
    ]
    units = []
    for name, estimate in INFORMATION.items():
        meters, feet = (quietly(estimate, *(unit * column for column in rounded)) for unit in (1, 3.280839895))
        units.append((name, [f"{meters:.4f}", f"{feet:.4f}"]))
    heads = [f"{step} ({truth:.3f} nats)" for step, truth in zip(steps, truths, strict=True)]
    return table("step", heads, rows), table("unit", ["meters", "feet"], units), (steps, curves)


def times(turns):
    """Return the median times in turns, and their ratios."""
    rows, curves = [], {}
    sizes = (1000, 10_000, 100_000)
    for work, estimators, make in (
        ("mutual information, 1 + 1 dimensions", INFORMATION, lambda n: normal_pair(np.random.default_rng(0), n, 0.6)),
        ("entropy, 3 dimensions", ENTROPY, lambda n: (np.random.default_rng(0).standard_normal((n, 3)),)),
    ):
        medians = {}
        for n in sizes:
            data = make(n)
            taken = {name: [] for name in estimators}
            skipped = {name for name in estimators if medians.get((name, n // 10), 0) > 3}
            for turn in range(turns):
                for name, estimate in estimators.items():
                    if name in skipped or (turn and taken[name][-1] > 20):
                        continue
                    start = time.process_time()
                    if quietly(estimate, *data) is None:
                        skipped.add(name)
                    taken[name].append(time.process_time() - start)
            for name in set(estimators) - skipped:
                medians[name, n] = statistics.median(taken[name])
        for name in estimators:
            cells = []
            for n in sizes:
                own, other = medians["knn_entropy", n], medians.get((name, n))
                cells.append(
                    ""
                    if other is None
                    else f"{1e3 * other:.1f} ms" + ("" if name == "knn_entropy" else f" ({other / own:.1f})")
                )
                if other is not None and work.startswith("mutual"):
                    curves.setdefault(name, []).append((n, other))
            if any(cells):
                rows.append((f"{work}: {name}", cells))
    return table("samples", [f"{n:,}".replace(",", " ") for n in sizes], rows), curves


MEMORY = """
import pathlib, re, sys
sys.path.insert(0, {here!r})
import compare
import numpy as np
data = compare.normal_pair(np.random.default_rng(0), {n}, 0.6)
small = compare.normal_pair(np.random.default_rng(0), 100, 0.6)
compare.quietly(compare.INFORMATION[{name!r}], *small)
def size(name):
    return int(re.search(name + r":\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text()).group(1))


# Linux forgets the largest size so far.
pathlib.Path("/proc/self/clear_refs").write_text("5")
before = size("VmRSS")
compare.quietly(compare.INFORMATION[{name!r}], *data)
print(size("VmHWM") - before)
"""


def memory(n=100_000):
    rows = []
    for name in INFORMATION:
        script = MEMORY.format(here=str(HERE), name=name, n=n)
        kilobytes = int(subprocess.check_output([sys.executable, "-c", script], text=True).split()[-1])
        rows.append((name, [f"{kilobytes / 1024:.0f} MB"]))
    return table(f"mutual information of {n} pairs", ["additional memory"], rows)


def published():
    """Compare with the values in the unit tests of JIDT, which are those of MILCA and TRENTOOL."""
    values = json.loads((PUBLISHED / "values.json").read_text())

    def columns(name, which):
        path = PUBLISHED / f"{name}.txt"
        return (
            knn_entropy.correct(np.loadtxt(path, comments="%")[:, which], "standardize").samples if path.exists() else None
        )

    largest, compared = {}, {}
    for entry in values["multi_information"]:
        blocks = [columns(entry["file"], block) for block in entry["blocks"]]
        if any(block is None for block in blocks):
            continue
        found = quietly(knn_entropy.multi_information, blocks, variant=2, n_neighbors=entry["k"])
        source = f"multi-information, {entry['source']}"
        largest[source] = max(largest.get(source, 0), abs(found - entry["value"]))
        compared[source] = compared.get(source, 0) + 1
    for entry in values["transfer_entropy"]:
        source, target = (columns(entry["file"], [entry[f"{side}_column"]]) for side in ("source", "target"))
        found = quietly(
            knn_entropy.transfer_entropy,
            source,
            target,
            n_neighbors=entry["k"],
            source_length=entry["length"],
            target_length=entry["length"],
            window=entry["window"],
        )
        name = f"transfer entropy, {entry['source']}"
        largest[name] = max(largest.get(name, 0), abs(found - entry["value"]))
        compared[name] = compared.get(name, 0) + 1
    rows = [(name, [str(compared[name]), f"{largest[name]:.1e}"]) for name in largest]
    return table("published by", ["values", "largest difference"], rows)


def plot(of_ties, of_times):
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "knn_entropy"
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    steps, curves = of_ties
    for name, curve in curves.items():
        # The errors of infomeasure are too large for the picture.
        if name != "infomeasure":
            left.plot(steps, curve, "o-", label=name)
    left.axhline(0, color="gray", linewidth=0.8)
    left.set(xscale="log", xlabel="rounding step in standard deviations", ylabel="mean error in nats")
    left.set_title("rounded normal pairs, correlation 0.6, n = 1000")
    for name, curve in of_times.items():
        right.plot(*zip(*curve, strict=True), "o-", label=name)
    right.set(
        xscale="log", yscale="log", xlabel="pairs", ylabel="seconds of the CPU", title="mutual information, one thread"
    )
    left.legend()
    path = REPOSITORY / "docs/images/python-comparison.svg"
    figure.savefig(path, metadata={"Date": None})
    print(f"wrote {path}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="write the tables into docs/python.md")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    of_rounding, of_units, tie_curves = ties(options.repeats)
    of_times, time_curves = times(options.turns)
    versions = (
        f"knn_entropy {knn_entropy.__version__}, scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}, "
        f"ennemi {importlib.metadata.version('ennemi')}, infomeasure {infomeasure.__version__}, NumPy {np.__version__}"
    )
    tables = {
        "versions": versions + ".",
        "information": accuracy_of_information(options.repeats),
        "entropy": accuracy_of_entropy(options.repeats),
        "ties": of_rounding,
        "units": of_units,
        "published": published(),
        "times": of_times,
        "memory": memory(),
    }
    for name, text in tables.items():
        print(f"\n{name}\n{text}")
    if options.write:
        plot(tie_curves, time_curves)
        page = REPOSITORY / "docs/python.md"
        text = page.read_text()
        for name, content in tables.items():
            start, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
            before, rest = text.split(start)
            text = before + start + content + end + rest.split(end, 1)[1]
        page.write_text(text)


if __name__ == "__main__":
    main()
