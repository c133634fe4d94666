"""A database written by audformat, its tables as CSV and as Parquet, whose manifests must be the same.

    pip install -r requirements.txt
    python make_audformat.py

writes `audformat-csv` and `audformat-parquet` beside itself. There is no audio: the tests make some.
"""

import datetime
import pathlib
import shutil

import audformat
import pandas as pd

HERE = pathlib.Path(__file__).parent
SPEAKERS = [f"s{index}" for index in range(4)]
FILES = [f"audio/{index:02}.wav" for index in range(12)]
SPLITS = {"train": FILES[:6], "dev": FILES[6:9], "test": FILES[9:]}


def every(values, index, gap):
    """One of the values, or none for each `gap`-th index."""
    return None if index % gap == gap - 1 else values[index % len(values)]


def set_columns(db, table, columns):
    for name, (scheme, values) in columns.items():
        db[table][name] = audformat.Column(scheme_id=scheme, rater_id="gold" if scheme in ["arousal"] else None)
        db[table][name].set(values)


def labels(count):
    days = [datetime.datetime(2020, 2, 29), datetime.datetime(1969, 7, 20)]
    pauses = [pd.Timedelta(seconds=1.5), pd.Timedelta(hours=-3), pd.Timedelta(days=2)]
    columns = {
        "arousal": ("arousal", [0.1, 0.25, 1 / 3, 1.0, 1e-05], 7),
        "valence": ("valence", [-1.5, 0.0, 2.0], 5),
        "rating": ("rating", [1, 2, 3], 4),
        "acted": ("acted", [True, False], 3),
        "note": (None, ["plain", 'a "quoted", one', "ümlaut"], 6),
        "day": ("day", days, 5),
        "taken": ("day", [datetime.datetime(2020, 2, 29, 13, 0, 0, 250000)], 5),
        "pause": ("pause", pauses, 5),
    }
    return {
        name: (scheme, [every(values, index, gap) for index in range(count)])
        for name, (scheme, values, gap) in columns.items()
    }


def database():
    db = audformat.Database("fixture", source="synthetic", usage="unrestricted", languages=["eng"])
    db.raters["gold"] = audformat.Rater("human")
    db.schemes["age"] = audformat.Scheme("int", minimum=0)
    db["speakers"] = audformat.MiscTable(pd.Index(SPEAKERS, name="speaker", dtype="string"))
    set_columns(db, "speakers", {"age": ("age", [20, 30, None, 50])})
    db.schemes["speaker"] = audformat.Scheme("str", labels="speakers")
    db.schemes["gender"] = audformat.Scheme("str", labels=["female", "male"])
    db.schemes["arousal"] = audformat.Scheme("float", minimum=0, maximum=1)
    db.schemes["valence"] = audformat.Scheme("float")
    db.schemes["rating"] = audformat.Scheme("int", labels=[1, 2, 3])
    db.schemes["acted"] = audformat.Scheme("bool")
    db.schemes["day"] = audformat.Scheme("date")
    db.schemes["pause"] = audformat.Scheme("time")
    db["files"] = audformat.Table(audformat.filewise_index(FILES))
    set_columns(
        db,
        "files",
        {
            "speaker": ("speaker", [every(SPEAKERS, index, 9) for index in range(len(FILES))]),
            "gender": ("gender", [every(["female", "male"], index, 7) for index in range(len(FILES))]),
        },
    )
    for split, files in SPLITS.items():
        db.splits[split] = audformat.Split(split)
        db[f"emotion.{split}"] = audformat.Table(audformat.filewise_index(files), split_id=split)
        set_columns(db, f"emotion.{split}", labels(len(files)))
        # Two segments of each file, the second to its end; beginnings with a fraction that no binary number has.
        starts = [pd.Timedelta(0), pd.Timedelta("1.1s")] * len(files)
        ends = [pd.Timedelta("1.100000001s"), pd.NaT] * len(files)
        index = audformat.segmented_index([file for file in files for _ in range(2)], starts, ends)
        db[f"segments.{split}"] = audformat.Table(index, split_id=split)
        set_columns(db, f"segments.{split}", labels(len(index)))
    return db


for form in ["csv", "parquet"]:
    folder = HERE / f"audformat-{form}"
    shutil.rmtree(folder, ignore_errors=True)
    database().save(folder, storage_format=form)
