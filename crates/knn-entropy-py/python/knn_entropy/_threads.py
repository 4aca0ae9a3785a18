"""Number of threads of an estimate."""

import multiprocessing
import os
import sys
import threading

from . import _core
from ._arrays import as_count

# More threads than this for each core only take memory.
_THREADS_PER_CORE = 4

# A process that was forked later has another id.
_PROCESS = os.getpid()


def _is_worker():
    """Return true if an engine or a pool runs this code beside other work of the same kind."""
    if threading.current_thread() is not threading.main_thread():
        return True
    if os.getpid() != _PROCESS or multiprocessing.parent_process() is not None:
        return True
    ray = sys.modules.get("ray")
    try:
        return ray is not None and ray.is_initialized() and ray.get_runtime_context().worker.mode == 1
    except AttributeError:
        return False


def n_threads(n_jobs):
    """Return the number of threads for ``n_jobs``, as described in the documentation of the module."""
    if n_jobs is not None:
        jobs = as_count(n_jobs, "n_jobs", least=-sys.maxsize)
        if jobs == 0:
            raise ValueError("n_jobs is 0; use 1 for one thread, or -1 for all cores")
        cores = _core.available_threads()
        return min(jobs, _THREADS_PER_CORE * cores) if jobs > 0 else max(1, cores + 1 + jobs)
    for variable in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(variable, "")
        if value.isdigit() and int(value) > 0:
            return min(int(value), _core.available_threads())
    return 1 if _is_worker() else _core.available_threads()
