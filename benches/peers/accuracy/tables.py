"""Tables as CSV files whose last column is the target, and their splits: files that both sides read.

What is a missing cell, and whether a target is classes or numbers, is decided here as smallbatch's `TableReader` documents it.
"""

import csv
import hashlib
import json
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TEST_SHARE = 0.25

MISSING = {"", "?", "na", "#na", "n/a", "#n/a", "nan", "null"}
NO_NUMBER = {"none", "-", "--", "."}
MOST_WHOLE_CLASSES = 10
MOST_CLASSES = 50


@dataclass
class Table:
    names: list[str]
    rows: list[list[str]]

    @property
    def target(self):
        return self.names[-1]

    def targets(self):
        return [row[-1] for row in self.rows]

    def column(self, at):
        return [row[at] for row in self.rows]


def read(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        # Equal cells are one text in memory: a table of 50 million cells has few distinct ones.
        names, *rows = [[sys.intern(cell.strip()) for cell in row] for row in csv.reader(file) if row]
    return Table(names, rows)


def write(path, table):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([table.names, *table.rows])


def number(cell):
    """The number in a cell, or None."""
    try:
        return float(cell)
    except ValueError:
        return None


def is_missing(cell, numbers):
    cell = cell.lower()
    return cell in MISSING or (numbers and cell in NO_NUMBER)


def holds_numbers(cells):
    """Whether all cells that are there are numbers."""
    return all(number(cell) is not None for cell in cells if not is_missing(cell, True))


def is_whole(cell):
    try:
        return int(cell) is not None
    except ValueError:
        return False


def has_classes(table):
    """Whether the target is classes: texts, or few whole numbers."""
    cells = table.targets()
    if not holds_numbers(cells):
        return True
    distinct = set(cells)
    named = table.target.lower() in ("class", "label")
    most = MOST_CLASSES if named else MOST_WHOLE_CLASSES
    return len(distinct) <= most and all(map(is_whole, distinct))


def split(table, classes, seed):
    """Whether each row is for testing: a quarter of the rows (of each class), rows with equal features together."""
    rng = np.random.default_rng(seed)
    copies = {}
    for at, row in enumerate(table.rows):
        features = hashlib.sha256("\0".join(row[:-1]).encode()).digest()
        copies.setdefault(features, []).append(at)
    strata = {}
    for rows in copies.values():
        # Copies of several classes go with the first one's.
        key = table.rows[rows[0]][-1] if classes else None
        strata.setdefault(key, []).append(rows)
    is_test = np.zeros(len(table.rows), dtype=bool)
    for _, units in sorted(strata.items(), key=str):
        lacking = TEST_SHARE * sum(map(len, units))
        for unit in (units[at] for at in rng.permutation(len(units))):
            if len(unit) < 2 * lacking:
                is_test[unit] = True
                lacking -= len(unit)
    if classes:
        known = {row[-1] for row, test in zip(table.rows, is_test) if not test}
        for rows in copies.values():
            if any(table.rows[at][-1] not in known for at in rows):
                is_test[rows] = False
    return is_test


@dataclass
class Split:
    """One split of one table, as files."""

    table: str
    index: int
    folder: Path
    fingerprint: int
    """Of the table's file: what was computed on another file of that name does not count."""

    @property
    def train(self):
        return self.folder / "train.csv"

    @property
    def test(self):
        return self.folder / "test.csv"


@dataclass
class Source:
    """A folder of tables, and what is said of them."""

    folder: Path
    names: list[str] | None = None
    """Of the tables to take; None for all."""
    targets: list[str] | None = None
    """A table's target is the first of these columns that it has, or its last column."""
    ignored: list[str] | None = None
    """Columns that are left out where they are."""

    def paths(self):
        paths = sorted(self.folder.glob("*.csv"))
        return [path for path in paths if not self.names or path.stem in self.names]

    def fingerprint(self, path):
        said = "".join(f"\0{name}" for name in [*(self.targets or []), "", *(self.ignored or [])])
        return zlib.crc32(said.strip("\0").encode(), zlib.crc32(path.read_bytes()))

    def table(self, path):
        """With the target in the last column, and without rows that have none."""
        table = read(path)
        target = next((name for name in self.targets or [] if name in table.names), table.target)
        kept = [at for at, name in enumerate(table.names) if name != target and name not in (self.ignored or [])]
        kept.append(table.names.index(target))
        rows = [[row[at] for at in kept] for row in table.rows]
        return Table([table.names[at] for at in kept], [row for row in rows if not is_missing(row[-1], False)])


def splits(source, folder, index):
    """Split number `index` of every table, written to `folder` where it is not there yet."""
    for path in source.paths():
        fingerprint = source.fingerprint(path)
        one = Split(path.stem, index, folder / path.stem / str(index), fingerprint)
        done = one.folder / "split.json"
        if not done.is_file() or json.loads(done.read_text())["fingerprint"] != fingerprint:
            table = source.table(path)
            classes = has_classes(table)
            is_test = split(table, classes, [zlib.crc32(path.stem.encode()), index])
            one.folder.mkdir(parents=True, exist_ok=True)
            for file, wanted in ((one.train, False), (one.test, True)):
                rows = [row for row, test in zip(table.rows, is_test) if test == wanted]
                write(file, Table(table.names, rows))
            facts = {"fingerprint": fingerprint, "target": table.target, "task": "classes" if classes else "numbers"}
            done.write_text(json.dumps(facts))
        yield one
