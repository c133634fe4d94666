"""Tables written and read by pyarrow, which the reader of Parquet is held against.

    pip install -r requirements.txt
    python make_parquet.py

writes `*.parquet` beside itself, and `expected.json`: for each file that is read, its columns' names, kinds and values as pyarrow gives
them (numbers as Python spells them, times as counts of their unit); for each that is refused, nothing. Every file is under 16 KiB, so that
the fuzzer starts from all of them.
"""

import datetime
import decimal
import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


def some(values, every):
    """The values, each `every`-th absent."""
    return [None if index % every == every - 1 else value for index, value in enumerate(values)]


def every_type(rows, seed=0):
    """A column of each type that is read, with and without nulls."""
    count = range(seed, seed + rows)
    floats = [((index * 37) % 101 - 50) / 7 for index in count]
    columns = {
        "file": pa.array([f"audio/{index:03}.wav" for index in count]),
        "large": pa.array(some([f"größe {index % 3}" for index in count], 4), pa.large_string()),
        "category": pa.array(some(["female", "male", "männlich"] * rows, 5)[:rows]).dictionary_encode(),
        "level": pa.array(some([index % 4 for index in count], 6)).dictionary_encode(),
        "yes": pa.array([index % 3 == 0 for index in count]),
        "maybe": pa.array(some([index % 5 < 2 for index in count], 3)),
        "int8": pa.array(some([index % 256 - 128 for index in count], 7), pa.int8()),
        "int32": pa.array([(-1) ** index * index * 12345678 % 2**31 for index in count], pa.int32()),
        "uint32": pa.array([2**32 - 1 - index for index in count], pa.uint32()),
        "int64": pa.array(some([(-1) ** index * (2**62 + index) for index in count], 5), pa.int64()),
        "uint64": pa.array([2**63 - 1 - index for index in count], pa.uint64()),
        "float": pa.array(some(floats, 8), pa.float32()),
        "double": pa.array(some([value * 1e-3 for value in floats], 4), pa.float64()),
        "special": pa.array(([float("nan"), float("inf"), -float("inf"), -0.0, 5e-324] * rows)[:rows]),
        "date": pa.array(some([datetime.date(1960, 2, 28) + datetime.timedelta(997 * i) for i in count], 6)),
        "nothing": pa.nulls(rows),
        "nulls": pa.nulls(rows, pa.float64()),
    }
    for unit in UNITS:
        columns[f"duration_{unit}"] = pa.array(some([index * 1_500_001 for index in count], 3), pa.duration(unit))
    for unit in ["ms", "us", "ns"]:
        columns[f"timestamp_{unit}"] = pa.array(some([index * 1_500_001 for index in count], 4), pa.timestamp(unit))
    return pa.table(columns)


def few(rows):
    return every_type(rows).select(["file", "category", "maybe", "int64", "double", "duration_ns"])


def kind(field):
    """As `ColumnKind` calls it."""
    type = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_boolean(type):
        return "boolean"
    if pa.types.is_date(type):
        return "date"
    if pa.types.is_timestamp(type):
        return f"timestamp({UNITS[type.unit]})"
    if pa.types.is_duration(type):
        return f"duration({UNITS[type.unit]})"
    if pa.types.is_integer(type) or pa.types.is_null(type):
        return "integer"
    return {"float": "float", "double": "double"}.get(str(type), "text")


def texts(column):
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type) or pa.types.is_duration(column.type):
        column = column.cast(pa.int64())
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    values = column.to_pylist()
    return [None if value is None else value if isinstance(value, str) else repr(value) for value in values]


def main():
    for old in HERE.glob("*.parquet"):
        old.unlink()
    plain = {"use_dictionary": False, "compression": "none"}
    # A page is closed after the batch that fills it.
    small_pages = {"data_page_size": 16, "write_batch_size": 4}
    required = pa.schema([field.with_nullable(False) for field in few(9).schema])
    complete = pa.table({name: few(9)[name].combine_chunks().drop_null().slice(0, 4) for name in required.names})
    read = {
        "defaults": (every_type(20), {}),
        "plain": (every_type(20), plain),
        "plain-snappy": (few(60), {"use_dictionary": False, "compression": "snappy"}),
        "v2": (every_type(20), {"data_page_version": "2.0", "compression": "none"}),
        "v2-plain-snappy": (every_type(20), {"data_page_version": "2.0", "use_dictionary": False}),
        "row-groups": (few(23), {"row_group_size": 7}),
        "pages": (few(50), small_pages),
        "pages-plain": (few(50), {**plain, **small_pages}),
        "pages-v2": (few(50), {**small_pages, "data_page_version": "2.0"}),
        # The dictionary grows too large midway: pages with indices, then pages with values.
        "dictionary-gives-way": (few(50), {**small_pages, "dictionary_pagesize_limit": 64}),
        "required": (complete.cast(required), {}),
        "required-v2": (complete.cast(required), {"data_page_version": "2.0"}),
        "old-format": (few(20), {"version": "1.0"}),
        "no-arrow-schema": (few(20), {"store_schema": False}),
        "statistics-and-checksums": (few(20), {"write_page_checksum": True, "write_page_index": True}),
        "no-rows": (every_type(20).slice(0, 0), {}),
        "no-columns": (pa.table({}), {}),
        "long-runs": (pa.table({"same": ["a"] * 500, "none": pa.nulls(500, pa.int64())}), {}),
        "compressible": (
            pa.table({"text": ["abcdefgh" * 40 + str(index) for index in range(30)]}),
            {"use_dictionary": False},
        ),
    }
    expected = {}
    for name, (table, options) in read.items():
        path = HERE / f"{name}.parquet"
        pq.write_table(table, path, **{"compression": "snappy", **options})
        back = pq.read_table(path)
        expected[path.name] = [
            {"name": field.name, "kind": kind(field), "values": texts(back[field.name])} for field in back.schema
        ]
    one = few(20).select(["file", "int64", "double"])
    refused = {
        **{f"refused-{codec}": (one, {"compression": codec}) for codec in ["gzip", "zstd", "brotli", "lz4"]},
        "refused-delta": (one, {"use_dictionary": False, "column_encoding": {"int64": "DELTA_BINARY_PACKED"}}),
        "refused-split": (one, {"use_dictionary": False, "column_encoding": {"double": "BYTE_STREAM_SPLIT"}}),
        "refused-types": (
            pa.table({
                "list": [[1, 2], [3]],
                "structure": [{"a": {"b": 1, "c": [2]}}, {"a": {"b": 2, "c": []}}],
                "fine": ["a", "b"],
                "decimal": pa.array([decimal.Decimal("1.5"), None]),
                "half": pa.array([1.0, 2.0], pa.float16()),
                "bytes": pa.array([b"\xff\xfe", b"b"]),
                "fixed": pa.array([b"ab", b"cd"], pa.binary(2)),
                "clock": pa.array([1, 2], pa.time64("us")),
                "vast": pa.array([2**63, 1], pa.uint64()),
                "last": [1, 2],
            }),
            {},
        ),
        "refused-int96": (
            pa.table({"a": pa.array([1, 2], pa.timestamp("ns"))}),
            {"use_deprecated_int96_timestamps": True},
        ),
        # Three million rows in a few kilobytes.
        "refused-vast": (pa.table({"none": pa.nulls(3_000_000, pa.int64())}), {"row_group_size": 3_000_000}),
    }
    for name, (table, options) in refused.items():
        pq.write_table(table, HERE / f"{name}.parquet", **{"compression": "snappy", **options})
    for path in HERE.glob("*.parquet"):
        assert path.stat().st_size < 16384, path
    lines = [f"{json.dumps(name)}: {json.dumps(columns, ensure_ascii=False)}" for name, columns in expected.items()]
    (HERE / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


main()
