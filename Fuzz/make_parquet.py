"""Parquet files that lie, each in one respect, for the fuzzer to start from and the ordinary tests to read.

    python Fuzz/make_parquet.py

writes Fuzz/Corpora/parquet/*.parquet. What is said of each is in Tests/ParquetTests/HostileFileTests.swift. Nothing but Python is needed:
no library would write such files.
"""

import base64
import pathlib
import struct

OUT = pathlib.Path(__file__).parent / "Corpora" / "parquet"


def varint(number):
    """LEB128."""
    text = bytearray()
    while number >= 0x80:
        text.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(text) + bytes([number])


class Long(int):
    """A number of 64 bits; others are of 32 in their type, whatever they are."""


def thrift(value):
    """A type of Thrift's compact protocol, and the value in it: integers, bytes, lists of one type, structures as {field: value}."""
    if isinstance(value, int):
        return 6 if isinstance(value, Long) else 5, varint(value * 2 if value >= 0 else -value * 2 - 1)
    if isinstance(value, bytes):
        return 8, varint(len(value)) + value
    if isinstance(value, list):
        parts = [thrift(item) for item in value]
        kind = parts[0][0] if parts else 12
        head = bytes([len(parts) << 4 | kind]) if len(parts) < 15 else bytes([0xF0 | kind]) + varint(len(parts))
        return 9, head + b"".join(part for _, part in parts)
    text = b""
    last = 0
    for field, item in sorted(value.items()):
        kind, part = thrift(item)
        text += bytes([field - last << 4 | kind]) + part
        last = field
    return 12, text + b"\0"


INT64, TEXT = 2, 6
THREE = struct.pack("<qqq", 1, 2, 3)


def page(body, count=3, encoding=0, size=None, uncompressed=None, kind=0):
    """A data page of version 1, or a dictionary page (kind 2)."""
    own = {5: {1: count, 2: encoding, 3: 3, 4: 3}} if kind == 0 else {7: {1: count, 2: encoding}}
    size = len(body) if size is None else size
    header = {1: kind, 2: size if uncompressed is None else uncompressed, 3: size, **own}
    return thrift(header)[1] + body


def chunk(size, type=INT64, codec=0, values=3, offset=4):
    size, values, offset = Long(size), Long(values), Long(offset)
    return {2: offset, 3: {1: type, 2: [0], 3: [b"a"], 4: codec, 5: values, 6: size, 7: size, 9: offset}}


def file(
    pages=page(THREE), rows=3, total=None, chunks=None, schema=None, type=INT64, repetition=0, metadata=None, **options
):
    """One row group of one column, unless it is said otherwise."""
    schema = schema or [{4: b"schema", 5: 1}, {1: type, 3: repetition, 4: b"a"}]
    chunks = chunks or [chunk(len(pages), type=type, **options)]
    total = Long(rows if total is None else total)
    footer = {1: 2, 2: schema, 3: total, 4: [{1: chunks, 2: Long(0), 3: Long(rows)}]}
    if metadata:
        footer[5] = [{1: key, 2: value} for key, value in metadata.items()]
    return whole(thrift(footer)[1], pages)


def whole(footer, pages=b"", size=None):
    return b"PAR1" + pages + footer + struct.pack("<I", len(footer) if size is None else size) + b"PAR1"


def text(*values):
    return b"".join(struct.pack("<I", len(value)) + value for value in values)


def levels(runs):
    return struct.pack("<I", len(runs)) + runs


def snappy(compressed, size):
    """Three INT64 values in a page that is compressed so."""
    return file(page(compressed, uncompressed=size), codec=1)


def main():
    two = [{4: b"schema", 5: 2}, {1: INT64, 3: 0, 4: b"a"}, {1: INT64, 3: 0, 4: b"b"}]
    size = len(page(THREE))
    dictionary = page(THREE, kind=2)
    far = base64.b64encode(b"\xff\xff\xff\xff\x10\0\0\0" + struct.pack("<Iii", 4, 0x7FFFFFFF, 0))
    files = {
        "sound": file(),
        "footer-beyond-the-file": whole(b"\0", size=1 << 31),
        "structures-without-end": whole(b"\x1c" * 4000),
        "lists-without-end": whole(b"\x19" + b"\x19" * 4000),
        "list-of-nothing": whole(b"\x29\xfc" + varint(1 << 40)),
        "number-without-end": whole(b"\x16" + b"\xff" * 40),
        "schema-of-more-columns": file(schema=[{4: b"schema", 5: 9}, {1: INT64, 3: 0, 4: b"a"}]),
        "group-of-more-columns": file(schema=[{4: b"schema", 5: 1}, {4: b"a", 5: 1 << 40}]),
        "rows-beyond-measure": file(rows=1 << 40, values=1 << 40),
        "rows-below-nothing": file(rows=-1),
        "rows-unlike-groups": file(total=5),
        "values-unlike-rows": file(values=4),
        "chunk-outside": file(chunks=[chunk(1 << 40)]),
        "chunk-before-the-file": file(chunks=[chunk(size, offset=-4)]),
        "chunks-in-one-place": file(schema=two, chunks=[chunk(size), chunk(size)]),
        "another-type": file(chunks=[chunk(size, type=TEXT)]),
        "page-beyond-its-chunk": file(page(THREE, size=1 << 31)),
        "page-without-values": file(page(THREE[:16])),
        "pages-with-too-few": file(page(THREE[:16], count=2)),
        "pages-with-too-many": file(page(THREE + THREE, count=6)),
        "page-of-another-size": file(page(THREE, uncompressed=25)),
        "no-dictionary": file(page(b"\1\3\0", encoding=8)),
        "two-dictionaries": file(dictionary + dictionary + page(THREE)),
        "dictionary-beyond-measure": file(page(THREE, count=1 << 40, kind=2) + page(b"\1\3\0", encoding=8)),
        "index-outside-dictionary": file(dictionary + page(b"\4\6\7", encoding=8)),
        "index-too-wide": file(dictionary + page(b"\xff\6\7", encoding=8)),
        "run-too-wide": file(dictionary + page(b"\1\6\7", encoding=8)),
        "run-without-bits": file(page(levels(b"\xff\xff\xff\x7f\1") + THREE, count=9), repetition=1, rows=9, values=9),
        "run-of-nothing": file(page(levels(b"\0\0" * 9) + THREE), repetition=1),
        "levels-beyond-the-page": file(page(struct.pack("<I", 1 << 31) + THREE), repetition=1),
        "snappy-beyond-measure": snappy(varint(1 << 30) + b"\0a", 1 << 30),
        "snappy-of-another-size": snappy(varint(25) + b"\x5c" + THREE, 24),
        "snappy-before-its-beginning": snappy(varint(24) + b"\x04ab\x01\x09", 24),
        "snappy-of-nothing-repeated": snappy(varint(24) + b"\x01\x00", 24),
        "snappy-with-more": snappy(varint(24) + b"\x60" + THREE + b"a", 24),
        "snappy-cut-short": snappy(varint(24) + b"\x5c" + THREE[:20], 24),
        "text-not-utf8": file(page(text(b"a", b"\xff", b"c")), type=TEXT),
        "text-beyond-its-page": file(page(b"\xff\xff\xff\xff" * 3), type=TEXT),
        "runs-of-numbers": file(page(levels(b"\6\1"), encoding=3)),
        "arrow-no-base64": file(metadata={b"ARROW:schema": b"***"}),
        "arrow-empty": file(metadata={b"ARROW:schema": b""}),
        "arrow-far-away": file(metadata={b"ARROW:schema": far}),
    }
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.parquet"):
        old.unlink()
    for name, contents in files.items():
        (OUT / f"{name}.parquet").write_bytes(contents)


main()
