"""Mutual information of all pairs of 200 columns, with Dask.

pip install "dask[distributed]"
python examples/dask_pairs.py
"""

import pairs
from dask.distributed import Client


def main():
    options = pairs.arguments()
    x = pairs.table(options.rows, options.columns)
    # The same program runs on a cluster: pass the address of its scheduler to Client.
    with Client(n_workers=options.workers, threads_per_worker=1, dashboard_address=None) as client:

        def run(x, parts):
            everywhere = client.scatter(x, broadcast=True)
            return client.gather([client.submit(pairs.information, everywhere, part, pure=False) for part in parts])

        pairs.compare("Dask", run, x, options)


if __name__ == "__main__":
    main()
