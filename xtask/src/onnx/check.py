"""Has onnxruntime predict what smallbatch predicted: check.py FOLDER

The folder has models as NUMBER.onnx, each with NUMBER.json: its columns, rows, and smallbatch's predictions.
"""

import collections
import datetime
import json
import math
import pathlib
import sys

import numpy
import onnx
import onnxruntime

# Of the larger of 1 and the number itself.
TOLERANCE = 1e-5
EPOCH = datetime.datetime(1970, 1, 1)


def days(moment):
    return (moment - EPOCH) / datetime.timedelta(days=1)


def turned(moment):
    """The angle of the hand of a clock of 24 hours."""
    return 2 * math.pi * (moment.hour + moment.minute / 60) / 24


PARTS = {
    "days": days,
    "month": lambda moment: moment.month,
    "weekday": lambda moment: moment.weekday(),
    "hour": lambda moment: moment.hour,
    # 0 and 1 are exact: quantiles may jump there.
    "sine": lambda moment: round(math.sin(turned(moment)), 15),
    "cosine": lambda moment: round(math.cos(turned(moment)), 15),
}


def tensor(declared, case):
    """The column, or the part of a date or a time, that an input asks for."""
    name, part = declared.name, None
    if name not in case["columns"]:
        name, _, part = name.rpartition(".")
    at = case["columns"].index(name)
    cells = [row[at] for row in case["rows"]]
    if declared.type == "tensor(string)":
        return numpy.array([[cell or ""] for cell in cells], dtype=object)
    if part:
        kind = datetime.time if part in ("sine", "cosine") else datetime.datetime
        of = lambda text: PARTS[part](kind.fromisoformat(text))
    else:
        of = float
    return numpy.array([[math.nan if cell is None else of(cell)] for cell in cells])


def difference(model, case):
    """The worst, in units of the larger of 1 and the number itself."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    inputs = {declared.name: tensor(declared, case) for declared in session.get_inputs()}
    names = [declared.name for declared in session.get_outputs()]
    outputs = dict(zip(names, session.run(names, inputs)))
    ours = numpy.array(case["predictions"])
    # Where an input has an output's name, the output has a 1 behind it.
    named = lambda name: outputs.pop(name + "1" * (name in inputs))
    if case["classes"]:
        theirs = named("probabilities")
        labels = [case["classes"].index(str(label)) for label in named("label")]
        clear = numpy.sort(ours, axis=1)
        clear = clear[:, -1] - clear[:, -2] > TOLERANCE
        assert (labels == ours.argmax(axis=1))[clear].all(), "other labels"
    else:
        theirs = named("variable")
    if case["intervals"]:
        ours = numpy.hstack([ours, case["intervals"]])
        theirs = numpy.hstack([theirs, named("low"), named("high")])
    assert not outputs, f"outputs {list(outputs)}"
    assert theirs.shape == ours.shape, f"shape {theirs.shape}, not {ours.shape}"
    return float((abs(theirs - ours) / numpy.maximum(1, abs(ours))).max())


def main(folder):
    worst, rows, operators = (0.0, "none"), 0, collections.Counter()
    classes = numbers = intervals = 0
    models = sorted(pathlib.Path(folder).glob("*.onnx"))
    for file in models:
        case = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        try:
            model = onnx.load(file)
            onnx.checker.check_model(model, full_check=True)
            worst = max(worst, (difference(file.read_bytes(), case), file.name))
        except Exception as error:
            sys.exit(f"{file}: {error}")
        rows += len(case["rows"])
        operators.update(node.op_type for node in model.graph.node)
        classes += bool(case["classes"])
        numbers += not case["classes"]
        intervals += bool(case["intervals"])
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
    print(f"{len(models)} models ({classes} of classes, {numbers} of numbers, {intervals} with intervals), {rows} rows, {len(operators)} operators")
    print(f"worst difference {worst[0]:.1e} ({worst[1]}); allowed {TOLERANCE:.0e}")
    if not models or not worst[0] <= TOLERANCE:
        sys.exit("the predictions differ")


main(sys.argv[1])
