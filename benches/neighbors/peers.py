"""Times the same work in knn-entropy and in Python libraries, in turns, and prints ratios.

    pip install numpy scipy scikit-learn faiss-cpu torch
    cargo build --release --examples && python benches/neighbors/peers.py --threads 2

Run it from the root of the repository. The two sides take three turns each. The time of a turn is
the fastest of several runs, and the ratio is the ratio of the median times.
"""
import argparse
import json
import os
import statistics
import subprocess
import time

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--ours", default="target/release/examples/timing")
arguments = parser.parse_args()
os.environ["RAYON_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(arguments.threads)

import faiss
import numpy as np
import torch
from scipy.spatial import cKDTree
from sklearn.feature_selection import mutual_info_regression
from sklearn.neighbors import NearestNeighbors

torch.set_num_threads(arguments.threads)
faiss.omp_set_num_threads(arguments.threads)
rng = np.random.default_rng(0)


def fastest(work):
    start, best = time.perf_counter(), float("inf")
    while time.perf_counter() - start < 1 or best == float("inf"):
        run = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - run)
    return 1e3 * best


def scipy_tree(x, k):
    return lambda: cKDTree(x).query(x, k + 1, workers=arguments.threads)


def sklearn_neighbors(x, k):
    return lambda: NearestNeighbors(n_neighbors=k, n_jobs=arguments.threads).fit(x).kneighbors()


def faiss_flat(x, k):
    x = x.astype(np.float32)

    def work():
        index = faiss.IndexFlatL2(x.shape[1])
        index.add(x)
        index.search(x, k + 1)

    return work


def sklearn_information(x, k):
    return lambda: mutual_info_regression(x[:, :1], x[:, 1], n_neighbors=k)


def torch_gradient(x, k):
    """Computes the gradient of the Kozachenko-Leonenko entropy in PyTorch.

    This is the usual way: all distances, the k-th smallest, and the backward pass through the
    logarithm.
    """
    z = torch.tensor(x, dtype=torch.float32, requires_grad=True)
    n, d = x.shape

    def work():
        z.grad = None
        distance = torch.cdist(z, z, compute_mode="donot_use_mm_for_euclid_dist")
        distance = distance + torch.diag(torch.full((n,), float("inf")))
        nearest = distance.topk(k, largest=False).indices[:, -1]
        (d * (z - z[nearest]).norm(dim=1).log().mean()).backward()

    return work


WORK = [
    ("neighbors", 100_000, 3, 4, "SciPy cKDTree", scipy_tree),
    ("neighbors", 1_000_000, 3, 4, "SciPy cKDTree", scipy_tree),
    ("neighbors", 100_000, 1, 4, "SciPy cKDTree", scipy_tree),
    ("neighbors", 10_000, 64, 4, "faiss IndexFlatL2, f32", faiss_flat),
    ("neighbors", 10_000, 64, 4, "scikit-learn", sklearn_neighbors),
    ("neighbors", 10_000, 512, 4, "faiss IndexFlatL2, f32", faiss_flat),
    ("neighbors", 10_000, 512, 4, "scikit-learn", sklearn_neighbors),
    ("information", 100_000, 2, 3, "scikit-learn mutual_info_regression", sklearn_information),
] + [("gradient", n, d, 1, "PyTorch, f32", torch_gradient) for n in (128, 512, 2048, 8192) for d in (16, 64, 128)]

print("| work | n | d | peer | peer, ms | here, ms | ratio |\n|---|---|---|---|---|---|---|")
for work, n, d, k, name, make in WORK:
    x = rng.standard_normal((n, d))
    peer = make(x, k)
    ours, theirs = [], []
    for turn in range(3):
        output = subprocess.run([arguments.ours, work, str(n), str(d), str(k)], check=True, capture_output=True)
        ours.append(json.loads(output.stdout)["ms"])
        theirs.append(fastest(peer))
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    print(f"| {work} | {n} | {d} | {name} | {theirs:.2f} | {ours:.2f} | {ours / theirs:.2f} |", flush=True)
