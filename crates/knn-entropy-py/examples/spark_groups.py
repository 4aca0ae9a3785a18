"""Mutual information in each group of a Spark table.

pip install pyspark pandas pyarrow        # and a Java runtime
python examples/spark_groups.py
"""

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession

import knn_entropy


def information(group: pd.DataFrame) -> pd.DataFrame:
    """Return one row for a group."""
    found = knn_entropy.mutual_information(group["x"], group["y"], full_output=True)
    return pd.DataFrame({"site": [group["site"].iloc[0]], "nats": [found.value], "error": [found.standard_error]})


def main():
    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    rng = np.random.default_rng(0)
    site = np.repeat(np.arange(8), 2000)
    x, noise = rng.standard_normal((2, site.size))
    correlation = site / 10
    y = correlation * x + np.sqrt(1 - correlation**2) * noise
    table = spark.createDataFrame(pd.DataFrame({"site": site, "x": x, "y": y}))
    found = table.groupBy("site").applyInPandas(information, "site long, nats double, error double").toPandas()
    found["truth"] = -0.5 * np.log(1 - (found["site"] / 10) ** 2)
    print(found.sort_values("site").round(3).to_string(index=False))
    assert (np.abs(found["nats"] - found["truth"]) < 4 * found["error"] + 0.02).all()
    spark.stop()


if __name__ == "__main__":
    main()
