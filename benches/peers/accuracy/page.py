"""What the comparison prints: a table of the tables, and the goals."""

import numpy as np

METHODS = ("ours", "mlp", "mlp_early", "linear", "boosting")

HEADER = ("table", "rows", "ours", "MLP", "early", "line", "boost", "score", "ours", "MLP", "s", "limit", "cover")

LEGEND = """\
relative loss on held-out rows: 0 is perfect, 1 is what a constant loses; means over splits
early: the MLP with early stopping; line: ridge or logistic regression; boost: gradient boosting
"""

NOTE = {"mlp": "MLP", "mlp_early": "early", "linear": "line"}


def latest(cells):
    """One table's losses, for the progress."""
    shown = []
    for cell in cells:
        value = "failed" if "error" in cell else f"{cell['relative']:.3f}"
        shown.append(f"{cell['method']} {value}")
    return ", ".join(shown)


def text(rows, goals):
    """In 100 columns."""
    lines = []
    if rows:
        lines += [LEGEND, aligned(HEADER)]
        lines += [(aligned(fields(row)) + worse(row, "  worse than ")).rstrip() for row in rows]
        lines += [aligned(("mean", *means(rows))), ""]
    lines += [f"{'holds         ' if goal.holds else 'does not hold '} {goal.text}" for goal in goals]
    lines.append(f"{sum(goal.holds for goal in goals)} of {len(goals)} goals hold")
    return "\n".join(lines)


def markdown(rows, goals):
    lines = ["| " + " | ".join(HEADER) + " |", "|---|" + "--:|" * (len(HEADER) - 1)]
    for row in rows:
        name, *others = fields(row)
        lines.append("| " + " | ".join((name + worse(row, ", worse than "), *others)) + " |")
    if rows:
        lines.append("| " + " | ".join(("mean", *means(rows), *[""] * 6)) + " |")
    lines += ["", "| goal | holds |", "|---|---|"]
    lines += [f"| {goal.text} | {'yes' if goal.holds else 'no'} |" for goal in goals]
    return "\n".join(lines)


def fields(row):
    return (
        row.table,
        str(row.n_rows),
        *[loss(row.relative[method]) for method in METHODS],
        "right" if row.classes else "R²",
        *[f"{row.score[method]:.3f}" for method in METHODS[:2]],
        f"{row.seconds:.1f}",
        f"{row.limit:.1f}",
        "" if row.covered is None else f"{100 * row.covered:.1f}",
    )


def means(rows):
    """Over the tables, of methods that have them all."""
    return ("", *[loss(np.mean([row.relative[method] for row in rows])) for method in METHODS])


def loss(value):
    return "" if np.isnan(value) else f"{value:.3f}"


def worse(row, before):
    return before + " and ".join(NOTE[rival] for rival in row.surely_worse) if row.surely_worse else ""


WIDTHS = (19, 5, 6, 6, 6, 6, 6, 5, 6, 6, 5, 5, 5)


def aligned(cells):
    first, *others = zip(cells, WIDTHS)
    return " ".join((f"{first[0]:<{first[1]}}", *[f"{cell:>{width}}" for cell, width in others])).rstrip()
