"""Entropy, mutual information and divergence of samples by k-nearest neighbors, in nats.

Samples are the rows of an array ``[n, d]``; an array with one dimension is a column. Lists, pandas and polars objects are
accepted wherever arrays are. Arrays in single or double precision are read where they are, without a copy, in any
memory order. Estimates are computed in double precision. They are the same in every bit on any number of threads.

Entropy
    `entropy`, `entropies`, `entropy_and_gradient`, `truncated_entropy`, `truncated_entropy_and_gradient`,
    `lombardi_pant_entropy`, `renyi_entropy`, `tsallis_entropy`, `correct`, `dither`, `rounding_step`,
    `neighbor_weights`
Information
    `mutual_information`, `multi_information`, `conditional_mutual_information`, `nonuniform_mutual_information`,
    `mixed_mutual_information`, `mixed_conditional_mutual_information`, `label_mutual_information`
Series
    `transfer_entropy`, `transfer_entropy_scan`, `transfer_entropy_samples`, `active_information_storage`,
    `active_information_storage_samples`, `autocorrelation`
Divergence
    `kl_divergence`, `kl_divergence_and_gradients`, `cross_entropy`, `jensen_shannon_divergence`
Tests against chance
    `mutual_information_test`, `conditional_mutual_information_test`, `transfer_entropy_test`, `surrogate_orders`,
    `Significance`
Neighbors
    `nearest_neighbors`, `count_neighbors`
Selection of features, as in scikit-learn
    `mutual_info_regression`, `mutual_info_classif`

**Which estimator?** `entropy` with ``n_neighbors=3`` in up to about five dimensions, and `correct` with
`truncated_entropy` in more. `mutual_information` between numbers, `label_mutual_information` between numbers and a
label, `mixed_mutual_information` if a variable is partly discrete.

**Results.** Functions return a number in nats. With ``full_output=True`` they return an `Estimate` with standard error
and local values. A doubtful estimate gives an `EstimateWarning`, for example about ties. An impossible one raises
``ValueError``, whose text names the row, the value and a remedy.

**Threads.** ``n_jobs=None`` uses the number of threads in the environment variables ``RAYON_NUM_THREADS`` or
``OMP_NUM_THREADS``, which Dask, Ray, Spark and joblib set for their workers. Without them it uses all cores in the main
thread of a main process, and 1 thread elsewhere: in other threads, in processes of ``multiprocessing``, and in forked
processes. ``n_jobs=-1`` uses all cores everywhere. No more than four threads for each core are started.
Results do not depend on the number of threads.

**Interrupts.** Estimates run without Python's global lock on threads of their own, while the calling thread looks for
signals every 50 ms. Ctrl-C stops the search for neighbors at the next row. Only searches in many dimensions and the
counting of neighbors finish a pass first.
"""

from . import _core
from ._columns import mutual_info_classif, mutual_info_regression
from ._divergence import cross_entropy, jensen_shannon_divergence, kl_divergence, kl_divergence_and_gradients
from ._entropy import (
    COPULA,
    GAUSSIAN_COPULA,
    WHITENED,
    correct,
    dither,
    entropies,
    entropy,
    entropy_and_gradient,
    lombardi_pant_entropy,
    neighbor_weights,
    renyi_entropy,
    rounding_step,
    truncated_entropy,
    truncated_entropy_and_gradient,
    tsallis_entropy,
)
from ._information import (
    conditional_mutual_information,
    conditional_mutual_information_test,
    label_mutual_information,
    mixed_conditional_mutual_information,
    mixed_mutual_information,
    multi_information,
    mutual_information,
    mutual_information_test,
    nonuniform_mutual_information,
)
from ._neighbors import count_neighbors, nearest_neighbors
from ._results import (
    Autocorrelation,
    Corrected,
    DelayScan,
    DivergenceGradients,
    EntropyGradient,
    Estimate,
    EstimateWarning,
    JensenShannonEstimate,
    Neighbors,
    Significance,
    StorageSamples,
    TransferEntropySamples,
)
from ._series import (
    Condition,
    active_information_storage,
    active_information_storage_samples,
    autocorrelation,
    surrogate_orders,
    transfer_entropy,
    transfer_entropy_samples,
    transfer_entropy_scan,
    transfer_entropy_test,
)

__version__ = _core.version()

__all__ = [
    "COPULA",
    "GAUSSIAN_COPULA",
    "WHITENED",
    "Autocorrelation",
    "Condition",
    "Corrected",
    "DelayScan",
    "DivergenceGradients",
    "EntropyGradient",
    "Estimate",
    "EstimateWarning",
    "JensenShannonEstimate",
    "Neighbors",
    "Significance",
    "StorageSamples",
    "TransferEntropySamples",
    "active_information_storage",
    "active_information_storage_samples",
    "autocorrelation",
    "conditional_mutual_information",
    "conditional_mutual_information_test",
    "correct",
    "count_neighbors",
    "cross_entropy",
    "dither",
    "entropies",
    "entropy",
    "entropy_and_gradient",
    "jensen_shannon_divergence",
    "kl_divergence",
    "kl_divergence_and_gradients",
    "label_mutual_information",
    "lombardi_pant_entropy",
    "mixed_conditional_mutual_information",
    "mixed_mutual_information",
    "multi_information",
    "mutual_info_classif",
    "mutual_info_regression",
    "mutual_information",
    "mutual_information_test",
    "nearest_neighbors",
    "neighbor_weights",
    "nonuniform_mutual_information",
    "renyi_entropy",
    "rounding_step",
    "surrogate_orders",
    "transfer_entropy",
    "transfer_entropy_samples",
    "transfer_entropy_scan",
    "transfer_entropy_test",
    "truncated_entropy",
    "truncated_entropy_and_gradient",
    "tsallis_entropy",
]

# Help, tracebacks and pickles then use the public names.
for _name in __all__:
    if hasattr(globals()[_name], "__module__"):
        globals()[_name].__module__ = __name__
del _name
