from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias, overload

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

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

__version__: Final[str]
WHITENED: Final[tuple[str, ...]]
COPULA: Final[tuple[str, ...]]
GAUSSIAN_COPULA: Final[tuple[str, ...]]

_Doubles: TypeAlias = npt.NDArray[np.float64]
_Integers: TypeAlias = npt.NDArray[np.intp]
_Norm: TypeAlias = Literal["l1", "l2", "linf"]
_Weights: TypeAlias = Literal["kth", "mean", "efficient"]
_Seed: TypeAlias = int | np.random.Generator | np.random.RandomState | None
_Surrogates: TypeAlias = Literal["shuffle"] | tuple[str, int] | None

class EstimateWarning(UserWarning): ...

@dataclass(frozen=True)
class Estimate:
    value: float
    standard_error: float
    local: _Doubles = field(repr=False)
    correlation: float = field(repr=False)
    warnings: tuple[str, ...] = ()
    def __float__(self) -> float: ...
    def sampling_interval(self, level: float = 0.95) -> tuple[float, float]: ...

class Significance:
    observed: float
    surrogates: _Doubles
    p_value: float
    mean: float
    standard_deviation: float
    z_score: float | None
    def __init__(self, observed: float, surrogates: ArrayLike) -> None: ...

class EntropyGradient(NamedTuple):
    entropy: float
    gradient: npt.NDArray[np.floating[Any]]

class DivergenceGradients(NamedTuple):
    divergence: float
    p: npt.NDArray[np.floating[Any]]
    q: npt.NDArray[np.floating[Any]]

class Corrected(NamedTuple):
    samples: _Doubles
    term: float

class Neighbors(NamedTuple):
    distances: _Doubles
    indices: _Integers

@dataclass(frozen=True)
class JensenShannonEstimate:
    value: float
    distance: float
    standard_error: float
    p: Estimate = field(repr=False)
    q: Estimate = field(repr=False)
    warnings: tuple[str, ...] = ...
    def __float__(self) -> float: ...

@dataclass(frozen=True)
class Autocorrelation:
    time: float
    is_significant: bool
    min_shift: int
    block_length: int
    surrogates: str | tuple[str, int]
    period: int | None

@dataclass(frozen=True)
class DelayScan:
    delays: _Integers
    transfer_entropy: _Doubles
    p_values: _Doubles
    corrected_p_values: _Doubles
    surrogates: _Doubles = field(repr=False)
    best: int

class TransferEntropySamples(NamedTuple):
    source: _Doubles
    next: _Doubles
    target: _Doubles
    conditions: _Doubles
    times: _Integers

class StorageSamples(NamedTuple):
    past: _Doubles
    future: _Doubles
    times: _Integers

class Condition(NamedTuple):
    series: ArrayLike
    length: int = 1
    lag: int = 1
    delay: int = 1

@overload
def entropy(
    x: ArrayLike,
    *,
    n_neighbors: int = 3,
    norm: _Norm = "l2",
    weights: _Weights = "kth",
    bound: float = 5.0,
    window: int = 0,
    periods: ArrayLike | None = None,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def entropy(
    x: ArrayLike,
    *,
    n_neighbors: int = 3,
    norm: _Norm = "l2",
    weights: _Weights = "kth",
    bound: float = 5.0,
    window: int = 0,
    periods: ArrayLike | None = None,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
def entropies(
    x: ArrayLike,
    *,
    n_neighbors: int = 10,
    norm: _Norm = "l2",
    window: int = 0,
    periods: ArrayLike | None = None,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
) -> _Doubles: ...
def entropy_and_gradient(
    x: ArrayLike,
    bank: ArrayLike | None = None,
    *,
    n_neighbors: int = 1,
    norm: _Norm = "l2",
    weights: _Weights = "kth",
    bound: float = 5.0,
    window: int = 0,
    periods: ArrayLike | None = None,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
) -> EntropyGradient: ...
@overload
def truncated_entropy(
    x: ArrayLike,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    *,
    n_neighbors: int = 3,
    window: int = 0,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def truncated_entropy(
    x: ArrayLike,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    *,
    n_neighbors: int = 3,
    window: int = 0,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
def truncated_entropy_and_gradient(
    x: ArrayLike,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    *,
    n_neighbors: int = 1,
    window: int = 0,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
) -> EntropyGradient: ...
@overload
def lombardi_pant_entropy(
    x: ArrayLike,
    *,
    n_gaussian: int,
    n_neighbors: int = 3,
    window: int = 0,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def lombardi_pant_entropy(
    x: ArrayLike,
    *,
    n_gaussian: int,
    n_neighbors: int = 3,
    window: int = 0,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
def renyi_entropy(
    x: ArrayLike,
    order: float,
    *,
    n_neighbors: int = 3,
    norm: _Norm = "l2",
    window: int = 0,
    periods: ArrayLike | None = None,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
) -> float: ...
def tsallis_entropy(
    x: ArrayLike,
    order: float,
    *,
    n_neighbors: int = 3,
    norm: _Norm = "l2",
    window: int = 0,
    periods: ArrayLike | None = None,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
) -> float: ...
def neighbor_weights(
    n_neighbors: int,
    n_dimensions: int,
    *,
    weights: _Weights = "efficient",
    bound: float = 5.0,
) -> list[float]: ...
def correct(
    x: ArrayLike,
    corrections: str | Sequence[str | tuple[str, int]],
    *,
    n_jobs: int | None = None,
) -> Corrected: ...
def dither(
    x: ArrayLike,
    steps: ArrayLike | None = None,
    *,
    random_state: _Seed = 0,
) -> _Doubles: ...
def rounding_step(
    x: ArrayLike,
) -> float | None | list[float | None]: ...
@overload
def mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    random_state: _Seed = 0,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    random_state: _Seed = 0,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
@overload
def multi_information(
    blocks: Sequence[ArrayLike] | ArrayLike,
    *,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    random_state: _Seed = 0,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def multi_information(
    blocks: Sequence[ArrayLike] | ArrayLike,
    *,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    random_state: _Seed = 0,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
@overload
def conditional_mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    z: ArrayLike,
    *,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    random_state: _Seed = 0,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def conditional_mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    z: ArrayLike,
    *,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    random_state: _Seed = 0,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
@overload
def nonuniform_mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_neighbors: int = 3,
    n_canonical: int = 50,
    window: int = 0,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def nonuniform_mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_neighbors: int = 3,
    n_canonical: int = 50,
    window: int = 0,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
@overload
def mixed_mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_neighbors: int = 3,
    method: Literal["mesner-shalizi", "gao"] = "mesner-shalizi",
    norm: _Norm = "linf",
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def mixed_mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_neighbors: int = 3,
    method: Literal["mesner-shalizi", "gao"] = "mesner-shalizi",
    norm: _Norm = "linf",
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
@overload
def mixed_conditional_mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    z: ArrayLike,
    *,
    n_neighbors: int = 3,
    norm: _Norm = "linf",
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def mixed_conditional_mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    z: ArrayLike,
    *,
    n_neighbors: int = 3,
    norm: _Norm = "linf",
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
@overload
def label_mutual_information(
    x: ArrayLike,
    labels: ArrayLike,
    *,
    n_neighbors: int = 3,
    norm: _Norm = "l2",
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def label_mutual_information(
    x: ArrayLike,
    labels: ArrayLike,
    *,
    n_neighbors: int = 3,
    norm: _Norm = "l2",
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
def mutual_information_test(
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_surrogates: int = 99,
    surrogates: _Surrogates = None,
    random_state: _Seed = 0,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
) -> Significance: ...
def conditional_mutual_information_test(
    x: ArrayLike,
    y: ArrayLike,
    z: ArrayLike,
    *,
    n_surrogates: int = 99,
    surrogates: _Surrogates = None,
    random_state: _Seed = 0,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
) -> Significance: ...
@overload
def transfer_entropy(
    source: ArrayLike,
    target: ArrayLike,
    conditions: Sequence[ArrayLike | Condition] | None = None,
    *,
    source_length: int = 1,
    source_lag: int = 1,
    target_length: int = 1,
    target_lag: int = 1,
    delay: int = 1,
    trials: Sequence[int] | None = None,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    random_state: _Seed = 0,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def transfer_entropy(
    source: ArrayLike,
    target: ArrayLike,
    conditions: Sequence[ArrayLike | Condition] | None = None,
    *,
    source_length: int = 1,
    source_lag: int = 1,
    target_length: int = 1,
    target_lag: int = 1,
    delay: int = 1,
    trials: Sequence[int] | None = None,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    random_state: _Seed = 0,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
def transfer_entropy_test(
    source: ArrayLike,
    target: ArrayLike,
    conditions: Sequence[ArrayLike | Condition] | None = None,
    *,
    n_surrogates: int = 99,
    surrogates: _Surrogates = None,
    random_state: _Seed = 0,
    source_length: int = 1,
    source_lag: int = 1,
    target_length: int = 1,
    target_lag: int = 1,
    delay: int = 1,
    trials: Sequence[int] | None = None,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
) -> Significance: ...
def transfer_entropy_scan(
    source: ArrayLike,
    target: ArrayLike,
    delays: range | tuple[int, int],
    conditions: Sequence[ArrayLike | Condition] | None = None,
    *,
    n_surrogates: int = 99,
    surrogates: _Surrogates = None,
    random_state: _Seed = 0,
    source_length: int = 1,
    source_lag: int = 1,
    target_length: int = 1,
    target_lag: int = 1,
    trials: Sequence[int] | None = None,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
) -> DelayScan: ...
def transfer_entropy_samples(
    source: ArrayLike,
    target: ArrayLike,
    conditions: Sequence[ArrayLike | Condition] | None = None,
    *,
    source_length: int = 1,
    source_lag: int = 1,
    target_length: int = 1,
    target_lag: int = 1,
    delay: int = 1,
    trials: Sequence[int] | None = None,
) -> TransferEntropySamples: ...
@overload
def active_information_storage(
    series: ArrayLike,
    *,
    past_length: int = 1,
    past_lag: int = 1,
    future_length: int = 1,
    trials: Sequence[int] | None = None,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    random_state: _Seed = 0,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def active_information_storage(
    series: ArrayLike,
    *,
    past_length: int = 1,
    past_lag: int = 1,
    future_length: int = 1,
    trials: Sequence[int] | None = None,
    n_neighbors: int = 3,
    variant: Literal[1, 2] = 1,
    norm: _Norm = "linf",
    ties: Literal["count", "error", "dither"] = "count",
    steps: ArrayLike | None = None,
    random_state: _Seed = 0,
    window: int = 0,
    periods: ArrayLike | None = None,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
def active_information_storage_samples(
    series: ArrayLike,
    *,
    past_length: int = 1,
    past_lag: int = 1,
    future_length: int = 1,
    trials: Sequence[int] | None = None,
) -> StorageSamples: ...
def autocorrelation(
    series: ArrayLike,
) -> Autocorrelation: ...
def surrogate_orders(
    rows: ArrayLike,
    *,
    n_surrogates: int = 99,
    surrogates: Literal["shuffle"] | tuple[str, int] = "shuffle",
    random_state: _Seed = 0,
) -> _Integers: ...
@overload
def kl_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    n_neighbors: int = 3,
    n_neighbors_across: int | None = None,
    shared_rows: Literal["error", "leave_out"] = "error",
    norm: _Norm = "l2",
    periods: ArrayLike | None = None,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def kl_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    n_neighbors: int = 3,
    n_neighbors_across: int | None = None,
    shared_rows: Literal["error", "leave_out"] = "error",
    norm: _Norm = "l2",
    periods: ArrayLike | None = None,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
@overload
def cross_entropy(
    p: ArrayLike,
    q: ArrayLike,
    *,
    n_neighbors: int = 3,
    shared_rows: Literal["error", "leave_out"] = "error",
    norm: _Norm = "l2",
    periods: ArrayLike | None = None,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def cross_entropy(
    p: ArrayLike,
    q: ArrayLike,
    *,
    n_neighbors: int = 3,
    shared_rows: Literal["error", "leave_out"] = "error",
    norm: _Norm = "l2",
    periods: ArrayLike | None = None,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> Estimate: ...
def kl_divergence_and_gradients(
    p: ArrayLike,
    q: ArrayLike,
    *,
    n_neighbors: int = 1,
    n_neighbors_across: int | None = None,
    shared_rows: Literal["error", "leave_out"] = "error",
    norm: _Norm = "l2",
    periods: ArrayLike | None = None,
    floor: float | None = None,
    softening: float | None = None,
    n_jobs: int | None = None,
) -> DivergenceGradients: ...
@overload
def jensen_shannon_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    weight: float = 0.5,
    n_neighbors: int = 3,
    norm: _Norm = "l2",
    periods: ArrayLike | None = None,
    random_state: _Seed = 0,
    n_jobs: int | None = None,
    full_output: Literal[False] = False,
) -> float: ...
@overload
def jensen_shannon_divergence(
    p: ArrayLike,
    q: ArrayLike,
    *,
    weight: float = 0.5,
    n_neighbors: int = 3,
    norm: _Norm = "l2",
    periods: ArrayLike | None = None,
    random_state: _Seed = 0,
    n_jobs: int | None = None,
    full_output: Literal[True],
) -> JensenShannonEstimate: ...
def nearest_neighbors(
    x: ArrayLike,
    queries: ArrayLike | None = None,
    *,
    n_neighbors: int = 3,
    norm: _Norm = "l2",
    window: int = 0,
    periods: ArrayLike | None = None,
    blocks: Sequence[int] | None = None,
    algorithm: Literal["auto", "kd_tree", "brute", "blocked", "sorted"] = "auto",
    n_jobs: int | None = None,
) -> Neighbors: ...
def count_neighbors(
    x: ArrayLike,
    radius: ArrayLike,
    *,
    closed: bool = True,
    norm: _Norm = "l2",
    window: int = 0,
    periods: ArrayLike | None = None,
    blocks: Sequence[int] | None = None,
    n_jobs: int | None = None,
) -> _Integers: ...
def mutual_info_regression(
    X: object,
    y: ArrayLike,
    *,
    discrete_features: ArrayLike = "auto",
    n_neighbors: int = 3,
    copy: bool = True,
    random_state: object = None,
    n_jobs: int | None = None,
) -> _Doubles: ...
def mutual_info_classif(
    X: object,
    y: ArrayLike,
    *,
    discrete_features: ArrayLike = "auto",
    n_neighbors: int = 3,
    copy: bool = True,
    random_state: object = None,
    n_jobs: int | None = None,
) -> _Doubles: ...
