"""Writes the Arrow files of this folder with pyarrow, for the tests to read."""

import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

FOLDER = Path(__file__).parent

TABLE = pa.table(
    {
        "single": pa.array([0.1, None, 1e-30], pa.float32()),
        "double": pa.array([0.1, 2.5, None], pa.float64()),
        "small": pa.array([1, -2, 3], pa.int8()),
        "large": pa.array([2**62, 0, None], pa.int64()),
        "truth": pa.array([True, False, None], pa.bool_()),
        "town": pa.array(["Ulm, old", " Bonn ", None], pa.string()).dictionary_encode(),
        "day": pa.array([datetime.date(2013, 1, 31), None, None], pa.date32()),
        "moment": pa.array([datetime.datetime(2013, 1, 31, 12, 30), None, None], pa.timestamp("ms")),
        "price": pa.array([Decimal("10.50"), None, Decimal("7.25")], pa.decimal128(9, 2)),
        "__index_level_0__": pa.array([7, 8, 9], pa.int64()),
        "y": pa.array([1.0, 2.0, 3.0], pa.float64()),
    }
)
# Texts are categories only where they are repeated.
TABLE = pa.concat_tables([TABLE] * 4)


def write(name, table, compression=None, stream=False):
    options = pa.ipc.IpcWriteOptions(compression=compression)
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(FOLDER / f"{name}.arrow", table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=5)


write("none", TABLE)
write("lz4", TABLE, "lz4")
write("zstd", TABLE, "zstd")
write("stream", TABLE, stream=True)
write("nested", pa.table({"x": [1, 2], "list": [[1], [2, 3]]}))
write("empty", TABLE.slice(0, 0))
