"""`cargo xtask bench --accuracy`: smallbatch's `advise` and scikit-learn on the same splits of the same tables.

Cells that are done are kept in the folder, so that an interrupted run goes on; those of smallbatch count for one build of the program.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

# Before NumPy is loaded: a processor second is one thread's.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import judge  # noqa: E402
import ours  # noqa: E402
import page  # noqa: E402
import reference  # noqa: E402
import tables  # noqa: E402


class Cells:
    """What is known of each table, split and method, one JSON line each in a file that only grows."""

    def __init__(self, path):
        self.path = path
        self.known = {}
        if path.is_file():
            for line in path.read_text().splitlines():
                try:
                    self.add(json.loads(line))
                except ValueError:
                    # The last line of a run that was killed.
                    continue

    def add(self, cell):
        self.known[cell["table"], cell["split"], cell["method"], cell["fingerprint"]] = cell

    def cell(self, split, method, compute):
        """The cell that is known, or a new one. One that failed is not kept for the next run."""
        key = (split.table, split.index, method, split.fingerprint)
        if key not in self.known:
            cell = {"table": split.table, "split": split.index, "method": method, "fingerprint": split.fingerprint}
            try:
                cell.update(compute())
            except Exception as error:  # The next table may well work.
                return {**cell, "error": str(error) or type(error).__name__}
            self.add(cell)
            with self.path.open("a") as file:
                file.write(json.dumps(cell) + "\n")
        return self.known[key]


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--program", type=Path, required=True)
    for names in ("--tables", "--target", "--ignore"):
        parser.add_argument(names, type=lambda text: text.split(","))
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def remark(text):
    print(f"accuracy: {text}", file=sys.stderr, flush=True)


def measure(asked):
    """All cells by table, split and method, and those that failed. Ctrl-C ends with what there is."""
    of_sklearn = Cells(asked.folder / f"sklearn-{reference.VERSION}.jsonl")
    version = ours.version(asked.program)
    of_ours = Cells(asked.folder / f"smallbatch-{version}.jsonl")
    source = tables.Source(asked.data_dir, asked.tables, asked.target, asked.ignore)
    models = asked.folder / "models"
    found, failures, begun = {}, [], time.monotonic()
    try:
        # Split by split, so that an early end has some of every table.
        for index in range(asked.splits):
            for split in tables.splits(source, asked.folder / "splits", index):
                methods = [of_sklearn.cell(split, method, lambda: reference.cell(split, method)) for method in reference.METHODS]
                methods.append(of_ours.cell(split, "ours", lambda: ours.cell(split, asked.program, models)))
                by_method = found.setdefault(split.table, {}).setdefault(index, {})
                for cell in methods:
                    if "error" not in cell:
                        by_method[cell["method"]] = cell
                    elif cell["method"] == "ours":
                        failures.append(cell)
                    else:
                        remark(f"{split.table}, split {index + 1}: scikit-learn's {cell['method']} failed: {cell['error']}")
                remark(f"{time.monotonic() - begun:.0f} s, split {index + 1}/{asked.splits}, {split.table}: {page.latest(methods)}")
    except KeyboardInterrupt:
        remark("interrupted; what was measured is kept")
    return found, failures


def check(asked):
    """Ends where a table that was named is not there, or there is none."""
    there = sorted(path.stem for path in asked.data_dir.glob("*.csv"))
    if not there:
        sys.exit(f"accuracy: {asked.data_dir} has no file that ends in .csv")
    unknown = [name for name in asked.tables or [] if name not in there]
    if unknown:
        sys.exit(f"accuracy: there is no table {unknown[0]!r}; there are {', '.join(there)}")


def main():
    asked = options()
    check(asked)
    found, failures = measure(asked)
    rows = judge.rows(found, failures)
    goals = judge.goals(rows, failures)
    print(page.markdown(rows, goals) if asked.markdown else page.text(rows, goals))
    for failure in failures:
        remark(f"{failure['table']}, split {failure['split'] + 1}: {failure['error']}")


if __name__ == "__main__":
    main()
