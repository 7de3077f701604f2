"""From the cells to answers: paired differences over splits, and whether each goal holds.

The measure is the relative loss of `scores`: what a model loses on held-out rows over what a constant loses. It makes tables
comparable; 0 is perfect, 1 is worth nothing.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy import stats

RIVALS = ("mlp", "mlp_early", "linear")
"""What ours is held against. Boosting is for orientation."""

TITLES = {"mlp": "the MLP", "mlp_early": "the MLP with early stopping", "linear": "the straight line"}

SURE = 0.05
"""The probability that any table is called worse where none is, for one rival."""

TIMES = 3.0
SECONDS = 2.0
"""Ours may take 3 times the processor time of an MLP's fit, or 2 s if that is more."""

LEVEL = 0.9
COVERAGE = (0.88, 0.92)
"""Of the intervals, and in the mean over tables."""


def worse(differences, test_over_train):
    """The one-sided p-value of "ours is worse" (a mean difference above 0) over splits that share rows.

    Nadeau & Bengio (2003), "Inference for the Generalization Error": the splits' training rows overlap, so the variance of the
    mean is s²·(1/J + n_test/n_train) and not s²/J; Student's t with J - 1 degrees of freedom.

    >>> round(worse([0.03, 0.01, 0.02, 0.02], 1 / 3), 4)
    0.0245
    """
    differences = np.asarray(differences, dtype=float)
    n_splits = len(differences)
    if n_splits < 2:
        return 1.0
    error = np.sqrt(differences.var(ddof=1) * (1 / n_splits + test_over_train))
    if error == 0:
        return 0.0 if differences.mean() > 0 else 1.0
    return float(stats.t.sf(differences.mean() / error, n_splits - 1))


def holm(p_values):
    """Holm's adjusted p-values, in the order given.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    adjusted, largest = [1.0] * len(p_values), 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = largest
    return adjusted


@dataclass
class Row:
    """What is known of one table: means over the splits that every method has."""

    table: str
    n_rows: int
    n_splits: int
    n_test: int
    classes: bool
    relative: dict[str, float]
    score: dict[str, float]
    """Accuracy or R²."""
    p_worse: dict[str, float]
    """By rival, before Holm's correction."""
    seconds: float
    limit: float
    covered: float | None
    surely_worse: list[str] = field(default_factory=list)


@dataclass
class Goal:
    holds: bool
    text: str


def rows(cells, failures):
    """A row for each table that ours and all rivals have a split of; `cells[table][split][method]`."""
    found = []
    for table, by_split in sorted(cells.items()):
        whole = [methods for _, methods in sorted(by_split.items()) if {"ours", *RIVALS} <= methods.keys()]
        if whole and table not in {failure["table"] for failure in failures}:
            found.append(row(table, whole))
    for rival in RIVALS:
        adjusted = holm([one.p_worse[rival] for one in found])
        for one, p_value in zip(found, adjusted):
            if p_value <= SURE:
                one.surely_worse.append(rival)
    return found


def row(table, splits):
    def mean(method, key):
        known = [methods[method][key] for methods in splits if method in methods]
        return float(np.mean(known)) if known else float("nan")

    first = splits[0]["ours"]
    classes = "accuracy" in first
    methods = ("ours", *RIVALS, "boosting")
    p_worse = {}
    for rival in RIVALS:
        differences = [methods["ours"]["relative"] - methods[rival]["relative"] for methods in splits]
        p_worse[rival] = worse(differences, first["n_test"] / first["n_train"])
    return Row(
        table=table,
        n_rows=first["n_train"] + first["n_test"],
        n_splits=len(splits),
        n_test=first["n_test"],
        classes=classes,
        relative={method: mean(method, "relative") for method in methods},
        score={method: mean(method, "accuracy" if classes else "r2") for method in methods},
        p_worse=p_worse,
        seconds=mean("ours", "seconds"),
        limit=max(SECONDS, TIMES * mean("mlp", "seconds")),
        covered=None if classes else mean("ours", "covered"),
    )


def coverage_range(one, n_tables):
    """Where the share of covered rows lies if the intervals are right, in all of `n_tables` tables with probability 95 %.

    The quantile is that of the training rows' errors, and so random as the share of the test rows is: its variance is
    p (1 - p) (1 / n_test + 1 / n_train) a split, and the splits are drawn independently. Many splits do not make more of a table
    than its rows: as if each had been tested once.
    """
    n_rows = round(min(one.n_rows, one.n_splits * one.n_test * (one.n_rows - one.n_test) / one.n_rows))
    tail = SURE / n_tables / 2
    return tuple(float(stats.binom.ppf(p, n_rows, LEVEL)) / n_rows for p in (tail, 1 - tail))


def goals(found, failures):
    """Each goal, and what was measured of it."""
    made = [Goal(not failures, f"no model failed: {len(failures)} did")]
    if not found:
        return made
    for rival in RIVALS:
        names = [one.table for one in found if rival in one.surely_worse]
        text = f"on no table surely worse than {TITLES[rival]}: on {len(names)} of {len(found)}"
        made.append(Goal(not names, text + (f" ({', '.join(names)})" if names else "")))
    ours = np.mean([one.relative["ours"] for one in found])
    for rival in RIVALS:
        theirs = np.mean([one.relative[rival] for one in found])
        text = f"better than {TITLES[rival]} in the mean over tables: {ours:.3f} against {theirs:.3f}"
        made.append(Goal(bool(ours < theirs), text))
    n_better = sum(one.relative["ours"] < one.relative["mlp"] for one in found)
    made.append(Goal(3 * n_better >= 2 * len(found), f"better than the MLP on two thirds of the tables: on {n_better} of {len(found)}"))
    slow = [f"{one.table} {one.seconds:.1f} s of {one.limit:.1f}" for one in found if one.seconds > one.limit]
    text = f"at most {TIMES:.0f} times the MLP's processor time, or {SECONDS:.0f} s: {len(slow)} of {len(found)} take more"
    made.append(Goal(not slow, text + (f" ({', '.join(slow)})" if slow else "")))
    return made + coverage_goals([one for one in found if one.covered is not None])


def percent(share, digits=1):
    return f"{100 * share:.{digits}f} %"


def coverage_goals(of_numbers):
    if not of_numbers:
        return []
    mean = np.mean([one.covered for one in of_numbers])
    low, high = COVERAGE
    text = f"intervals of {percent(LEVEL, 0)} cover {100 * low:.0f} to {percent(high, 0)} in the mean over tables: {percent(mean)}"
    outside = []
    for one in of_numbers:
        least, most = coverage_range(one, len(of_numbers))
        if not least <= one.covered <= most:
            outside.append(f"{one.table} {percent(one.covered)}, not {100 * least:.1f} to {percent(most)}")
    of_each = f"and each table's share is within its binomial range: {len(outside)} of {len(of_numbers)} are outside"
    return [
        Goal(bool(low <= mean <= high), text),
        Goal(not outside, of_each + (f" ({'; '.join(outside)})" if outside else "")),
    ]
