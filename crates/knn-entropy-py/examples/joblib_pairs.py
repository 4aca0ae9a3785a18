"""Mutual information of all pairs of 200 columns, with joblib.

pip install joblib
python examples/joblib_pairs.py
"""

import joblib
import pairs


def main():
    options = pairs.arguments()
    x = pairs.table(options.rows, options.columns)
    with joblib.Parallel(n_jobs=options.workers) as parallel:

        def run(x, parts):
            # joblib gives each worker one file in memory for the table.
            return parallel(joblib.delayed(pairs.information)(x, part) for part in parts)

        pairs.compare("joblib", run, x, options)


if __name__ == "__main__":
    main()
