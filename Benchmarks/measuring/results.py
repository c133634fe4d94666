"""A sitting's result: a dated pair of files, JSON with every run and Markdown to read, written anew after each measurement."""

import datetime
import json
import os
import re
import statistics
from pathlib import Path

from . import tables

SCHEMA = 2
KINDS = ("own", "peers")


def measurement(name, group, unit, runs, better=None, relative=None, floor=0.0, **more):
    """One figure.

    name      unique in a result; the same work has the same name in every result
    runs      of which the median counts
    better    higher or lower; None: a fact that is not compared with other sittings
    relative  (to what, median's share of it), for what says more than the figure itself
    floor     differences smaller than this are not worth a word, in the unit, or in shares where there is a `relative`
    """
    value = {"name": name, "group": group, "unit": unit, "better": better, "runs": list(runs),
             "median": statistics.median(runs), **more}
    if relative:
        value["relative"] = {"to": relative[0], "value": relative[1]}
    if floor:
        value["floor"] = floor
    return value


class Sitting:
    """All that is measured in one sitting."""

    def __init__(self, folder, kind, facts, settings):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        now = datetime.datetime.now().astimezone()
        self.path = self._reserve(folder, now.date().isoformat(), kind, facts)
        self.document = {
            "schema": SCHEMA, "kind": kind, "date": now.date().isoformat(),
            "started": now.isoformat(timespec="seconds"), "complete": False, "machine": facts,
            "settings": settings, "measurements": [],
        }
        self.save()

    @staticmethod
    def _reserve(folder, day, kind, facts):
        """A new name; an earlier result of the same day is kept."""
        slug = re.sub(r"[^a-z0-9]+", "-", facts["processor"].lower()).strip("-")
        stem = f"{day}-{slug}" + ("-peers" if kind == "peers" else "")
        number = 1
        while True:
            path = folder / f"{stem}{f'-{number}' if number > 1 else ''}.json"
            try:
                path.open("x").close()
            except FileExistsError:
                number += 1
            else:
                return path

    def add(self, *values):
        known = {entry["name"] for entry in self.document["measurements"]}
        for value in values:
            if value["name"] in known:
                raise ValueError(f"measured twice: {value['name']}")
            known.add(value["name"])
            self.document["measurements"].append(value)
        self.save()

    def find(self, name):
        return next((entry for entry in self.document["measurements"] if entry["name"] == name), None)

    def finish(self):
        self.document["complete"] = True
        self.save()

    def save(self):
        write_whole(self.path, json.dumps(self.document, indent=1) + "\n")
        write_whole(self.path.with_suffix(".md"), tables.page(self.document, self.path.name))


def write_whole(path, text):
    """The file is the old one or the new one, whenever it is looked at."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text)
    os.replace(temporary, path)
