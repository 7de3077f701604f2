"""Writes the Parquet files of this folder with pyarrow, for the tests to read."""

import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = Path(__file__).parent

TABLE = pa.table(
    {
        "single": pa.array([0.1, None, 1e-30], pa.float32()),
        "double": pa.array([0.1, 2.5, None], pa.float64()),
        "small": pa.array([1, -2, 3], pa.int8()),
        "large": pa.array([2**62, 0, None], pa.int64()),
        "truth": pa.array([True, False, None], pa.bool_()),
        "town": pa.array(["Ulm, old", " Bonn ", None], pa.string()),
        "day": pa.array([datetime.date(2013, 1, 31), None, None], pa.date32()),
        "price": pa.array([Decimal("10.50"), None, None], pa.decimal128(9, 2)),
        "__index_level_0__": pa.array([7, 8, 9], pa.int64()),
        "y": pa.array([1.0, 2.0, 3.0], pa.float64()),
    }
)
# Texts are categories only where they are repeated.
TABLE = pa.concat_tables([TABLE] * 4)

for codec in ["none", "snappy", "gzip", "lz4", "zstd"]:
    pq.write_table(TABLE, FOLDER / f"{codec}.parquet", compression=codec, store_schema=False)
NESTED = pa.table({"x": [1, 2], "list": [[1], [2, 3]]})
pq.write_table(NESTED, FOLDER / "nested.parquet", store_schema=False)
pq.write_table(TABLE.slice(0, 0), FOLDER / "empty.parquet", store_schema=False)
