from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

_Array: TypeAlias = npt.NDArray[np.floating[Any]]
_Doubles: TypeAlias = npt.NDArray[np.float64]
_Rows: TypeAlias = npt.NDArray[np.uintp]
_Labels: TypeAlias = npt.NDArray[np.int64]
_Settings: TypeAlias = Mapping[str, object]
# The embedding of the past, the length of the future, and the numbers of rows of the trials.
_Parts: TypeAlias = tuple[tuple[int, int], int, Sequence[int]]
_Estimated: TypeAlias = tuple[float, float, _Doubles, float, list[str]]
_Tested: TypeAlias = tuple[float, _Doubles]
_Given: TypeAlias = Sequence[tuple[_Array, int, int, int]]
_Limits: TypeAlias = tuple[Sequence[float], Sequence[float]] | None

__all__ = [
    "version",
    "available_threads",
    "entropy",
    "entropies",
    "entropy_and_gradient",
    "truncated_entropy",
    "truncated_entropy_and_gradient",
    "lombardi_pant_entropy",
    "renyi_entropy",
    "correct",
    "neighbor_weights",
    "dither",
    "rounding_steps",
    "sampling_interval",
    "ksg_information",
    "ksg_conditional",
    "ksg_test",
    "ksg_conditional_test",
    "mesner_shalizi",
    "mixed_ksg",
    "local_nonuniformity",
    "ross",
    "transfer_entropy",
    "transfer_entropy_test",
    "transfer_entropy_scan",
    "transfer_entropy_samples",
    "information_storage",
    "information_storage_samples",
    "surrogate_orders",
    "significance",
    "autocorrelation",
    "kl_divergence",
    "kl_divergence_and_gradients",
    "jensen_shannon",
    "nearest_neighbors",
    "count_neighbors",
    "columns_about",
]

def version() -> str: ...
def available_threads() -> int: ...
def entropy(x: _Array, settings: _Settings, weights: str, bound: float) -> _Estimated: ...
def entropies(x: _Array, settings: _Settings) -> _Doubles: ...
def entropy_and_gradient(
    x: _Array, bank: _Array | None, settings: _Settings, weights: str, bound: float
) -> tuple[float, _Array]: ...
def truncated_entropy(x: _Array, limits: _Limits, settings: _Settings) -> _Estimated: ...
def truncated_entropy_and_gradient(x: _Array, limits: _Limits, settings: _Settings) -> tuple[float, _Array]: ...
def lombardi_pant_entropy(x: _Array, p: int, settings: _Settings) -> _Estimated: ...
def renyi_entropy(x: _Array, order: float, settings: _Settings, tsallis: bool) -> float: ...
def correct(x: _Array, layers: Sequence[tuple[str, int]], threads: int) -> tuple[_Doubles, list[float]]: ...
def neighbor_weights(k: int, dimension: int, weights: str, bound: float) -> list[float]: ...
def dither(x: _Array, steps: Sequence[float], seed: int) -> _Doubles: ...
def rounding_steps(x: _Array) -> list[float | None]: ...
def sampling_interval(local: _Doubles, level: float) -> tuple[float, float]: ...
def ksg_information(blocks: Sequence[_Array], settings: _Settings, own: _Settings) -> _Estimated: ...
def ksg_conditional(x: _Array, y: _Array, z: _Array, settings: _Settings, own: _Settings) -> _Estimated: ...
def ksg_test(x: _Array, y: _Array, settings: _Settings, own: _Settings, test: _Settings) -> _Tested: ...
def ksg_conditional_test(
    x: _Array, y: _Array, z: _Array, settings: _Settings, own: _Settings, test: _Settings
) -> _Tested: ...
def mesner_shalizi(x: _Array, y: _Array, z: _Array | None, settings: _Settings) -> _Estimated: ...
def mixed_ksg(x: _Array, y: _Array, settings: _Settings) -> _Estimated: ...
def local_nonuniformity(x: _Array, y: _Array, p: int, settings: _Settings) -> _Estimated: ...
def ross(x: _Array, labels: _Labels, settings: _Settings) -> _Estimated: ...
def transfer_entropy(
    source: _Array, target: _Array, given: _Given, embeddings: _Settings, settings: _Settings, own: _Settings
) -> _Estimated: ...
def transfer_entropy_test(
    source: _Array,
    target: _Array,
    given: _Given,
    embeddings: _Settings,
    settings: _Settings,
    own: _Settings,
    test: _Settings,
) -> _Tested: ...
def transfer_entropy_scan(
    source: _Array,
    target: _Array,
    given: _Given,
    embeddings: _Settings,
    ends: tuple[int, int],
    settings: _Settings,
    own: _Settings,
    test: _Settings,
) -> tuple[list[tuple[int, _Tested, float]], int]: ...
def transfer_entropy_samples(
    source: _Array, target: _Array, given: _Given, embeddings: _Settings
) -> tuple[list[_Doubles], _Rows]: ...
def information_storage(series: _Array, parts: _Parts, settings: _Settings, own: _Settings) -> _Estimated: ...
def information_storage_samples(series: _Array, parts: _Parts) -> tuple[list[_Doubles], _Rows]: ...
def surrogate_orders(rows: int, z: _Array | None, test: _Settings) -> _Rows: ...
def significance(observed: float, surrogates: _Doubles) -> tuple[float, float, float, float | None]: ...
def autocorrelation(series: _Array) -> tuple[float, bool, int, int, tuple[str, int], int | None]: ...
def kl_divergence(
    p: _Array, q: _Array, across: int | None, shared_rows: str, settings: _Settings, cross_entropy: bool
) -> _Estimated: ...
def kl_divergence_and_gradients(
    p: _Array, q: _Array, across: int | None, shared_rows: str, settings: _Settings
) -> tuple[float, _Array, _Array]: ...
def jensen_shannon(
    p: _Array, q: _Array, weight: float, seed: int, settings: _Settings
) -> tuple[float, float, float, _Estimated, _Estimated, list[str]]: ...
def nearest_neighbors(
    x: _Array, queries: _Array | None, blocks: Sequence[int] | None, settings: _Settings, algorithm: str
) -> tuple[_Doubles, _Rows]: ...
def count_neighbors(
    x: _Array, radii: _Doubles, closed: bool, blocks: Sequence[int] | None, settings: _Settings
) -> _Rows: ...
def columns_about(columns: Sequence[_Labels | _Array], target: _Labels | _Array, k: int, threads: int) -> list[float]: ...
