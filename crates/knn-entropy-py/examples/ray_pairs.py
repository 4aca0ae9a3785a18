"""Mutual information of all pairs of 200 columns, with Ray.

pip install ray
python examples/ray_pairs.py
"""

import os

import pairs
import ray


def main():
    options = pairs.arguments()
    x = pairs.table(options.rows, options.columns)
    here = os.path.dirname(os.path.abspath(__file__))
    ray.init(num_cpus=options.workers, include_dashboard=False, runtime_env={"env_vars": {"PYTHONPATH": here}})
    information = ray.remote(pairs.information)

    def run(x, parts):
        # Ray keeps one copy of the table on each machine, and hands out read-only arrays.
        everywhere = ray.put(x)
        return ray.get([information.remote(everywhere, part) for part in parts])

    pairs.compare("Ray", run, x, options)


if __name__ == "__main__":
    main()
