"""Computes what `tests/population.rs` holds the built-in tables against, and writes it beside this file as JSON.

    python make.py

Only the standard library, and nothing of the crate: the files are unpacked by Python's gzip, read by its csv, and averaged by
`math.fsum`. Rows, features and classes are given in the test by hand, from the description of the tables.
"""

import csv
import gzip
import json
from math import fsum, sqrt
from pathlib import Path

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "data"
# Of numbers; all others are of classes.
NUMBERS = """abalone airfoil aquatic_toxicity auto_mpg bike_sharing concrete fish_toxicity forest_fires grid_stability power_plant
real_estate skillcraft synchronous_machine wine_red wine_white yacht""".split()


def rows(path):
    lines = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with lines:
        return list(csv.reader(lines))[1:]


def mean(values):
    return fsum(values) / len(values)


def statistics(name, table):
    features = list(zip(*([float(cell) for cell in row[:-1]] for row in table)))
    found = dict(
        means=[mean(f) for f in features],
        # Root of the mean square, so that a wrong row shows even where its mean fits.
        roots=[sqrt(mean([x * x for x in f])) for f in features],
        low=min(map(min, features)),
        high=max(map(max, features)),
    )
    target = [row[-1] for row in table]
    if name in NUMBERS:
        values = [float(cell) for cell in target]
        return found | dict(target_mean=mean(values), target_root=sqrt(mean([x * x for x in values])))
    # Classes that are whole numbers are ordered as such.
    order = sorted(set(target), key=lambda c: (int(c), "") if c.lstrip("-").isdigit() else (0, c))
    return found | dict(classes={c: target.count(c) for c in order})


paths = [*DATA.glob("*.csv"), *DATA.glob("population/*.csv.gz")]
tables = {p.name.split(".")[0].replace("digits8x8", "digits"): p for p in paths}
content = {name: statistics(name, rows(tables[name])) for name in sorted(tables)}
(HERE / "statistics.json").write_text(json.dumps(content, indent=1) + "\n")
