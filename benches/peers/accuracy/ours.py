"""smallbatch on a table: `advise` with nothing but file and target, then `predict`."""

import csv
import hashlib
import io
import resource
import shutil
import subprocess

import numpy as np
import scores
import tables

LONGEST = 1_800
"""Seconds after which `advise` has failed."""


def version(program):
    """What was measured with another build does not count."""
    return hashlib.sha256(program.read_bytes()).hexdigest()[:12]


def cell(split, program, folder):
    """The scores of the advised model on one split, and the processor time of `advise`, all threads together."""
    train, test = tables.read(split.train), tables.read(split.test)
    out = folder / split.table / str(split.index)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run([program, "advise", split.train, "--target", train.target, *said(train), "--out", out])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    answer = run([program, "predict", out, split.test])
    (out / "predictions.csv").write_text(answer)
    score = scored(answer, train.targets(), test.targets(), tables.has_classes(train))
    return {"n_train": len(train.rows), "n_test": len(test.rows), "seconds": seconds, **score}


def said(table):
    """What must be said: a few whole numbers are classes, unless they are said to be numbers."""
    whole = not tables.has_classes(table) and all(float(y).is_integer() for y in table.targets())
    return ["--task", "numbers"] if whole else []


def run(command):
    """What the command printed. It raises with the last line of its errors."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it did not say why"]
        raise RuntimeError(f"{command[1]} ended with exit code {done.returncode}: {lines[-1]}")
    return done.stdout


def scored(answer, train_targets, test_targets, classes):
    """The scores of what `predict` printed: for classes a column `p(NAME)` each; for numbers `prediction`, `low` and `high`."""
    names, *rows = list(csv.reader(io.StringIO(answer)))
    if len(rows) != len(test_targets):
        raise ValueError(f"predict printed {len(rows)} rows for {len(test_targets)}")
    columns = dict(zip(names, zip(*rows)))

    def numbers(name):
        if name not in columns:
            raise ValueError(f"predict printed no column {name!r}, but {', '.join(names)[:80]}")
        values = np.array(columns[name], dtype=float)
        if not np.isfinite(values).all():
            raise ValueError(f"predict printed what is not finite in the column {name!r}")
        return values

    if classes:
        known = sorted(set(train_targets))
        probabilities = np.array([numbers(f"p({name})") for name in known]).T
        place = {name: at for at, name in enumerate(known)}
        labels = [[place[name] for name in targets] for targets in (test_targets, train_targets)]
        return scores.of_classes(labels[0], probabilities, labels[1])
    values = np.array(test_targets, dtype=float)
    score = scores.of_numbers(values, numbers("prediction"))
    low, high = numbers("low"), numbers("high")
    score["covered"] = float(((low <= values) & (values <= high)).mean())
    score["width"] = float(((high - low) / values.std()).mean())
    return score
