"""What the Python peers share: reading cells and data, timing, and answering. See ../README.md for the protocol.

A peer is a function `start(case, batch, optimizer, learning_rate, weights)` that returns a training: an object with
`train(n_samples)`, which makes updates until at least so many samples are seen and returns how many they were, and
`loss(features, targets)`. `weights` are what it begins with: a pair for each layer, the weight, shape (fan_out, fan_in),
and the bias.
"""

import json
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

N_LOSS_SAMPLES = 1_000
"""The loss is looked at on so many samples, which is enough to see it fall."""

WARM_UP = 0.2
"""Of the asked time, what a warm-up takes once the speed is known."""

ENOUGH = 0.75
"""A run that takes this part of the asked time is a measurement."""

MOST_GROWTH = 100.0
"""From one run to the next, while the speed is being found."""


@dataclass
class Case:
    name: str
    layer_sizes: list[int]
    n_samples: int
    learning_rates: dict[str, dict[str, float]]
    """By start and optimizer."""
    activation: str
    """Of the hidden layers: relu, tanh or gelu (the exact one)."""
    task: str
    """classes (softmax cross-entropy), binary (cross-entropy of one output) or values (mean squared error)."""
    features: np.ndarray
    """Shape (n_samples, n_features), f32."""
    targets: np.ndarray
    """Shape (n_samples,), int64, or f32 where they are values."""


def read_cases(folder):
    """A function that gives a case by name, and reads its data when it is first asked for."""
    listed = {case["name"]: case for case in json.loads((folder / "cases.json").read_text())}
    read = {}

    def case(name):
        if name not in read:
            # What it is called in the options is no concern of a peer.
            fields = {key: value for key, value in listed[name].items() if key != "other"}
            features = np.fromfile(folder / f"{name}.features", dtype="<f4")
            if fields["task"] == "values":
                targets = np.fromfile(folder / f"{name}.values", dtype="<f4")
            else:
                targets = np.fromfile(folder / f"{name}.labels", dtype="<u4").astype(np.int64)
            shape = (fields["n_samples"], fields["layer_sizes"][0])
            read[name] = Case(features=features.reshape(shape), targets=targets, **fields)
        return read[name]

    return case


STARTS = ("fresh", "converged")


def read_weights(folder, case, start):
    """A weight, shape (fan_out, fan_in), and a bias for each layer."""
    if start not in STARTS:
        raise ValueError(f"there is no start {start!r}; there are {', '.join(STARTS)}")
    values = np.fromfile(folder / f"{case.name}.{start}", dtype="<f4")
    layers, position = [], 0
    for fan_in, fan_out in zip(case.layer_sizes, case.layer_sizes[1:]):
        bias = position + fan_out * fan_in
        weight = values[position:bias].reshape(fan_out, fan_in)
        position = bias + fan_out
        layers.append((weight, values[bias:position]))
    if position != len(values):
        raise ValueError(f"{case.name}.{start} has {len(values)} numbers, the network has {position} weights")
    return layers


def measure(train, seconds, known_speed):
    """Warms up, then times a run of about `seconds`: the samples and seconds of that run."""
    n_samples = 1 if known_speed is None else max(1, math.ceil(known_speed * seconds * WARM_UP))
    warm = False
    while True:
        start = time.perf_counter()
        done = train(n_samples)
        taken = time.perf_counter() - start
        if warm and taken >= ENOUGH * seconds:
            return done, taken
        growth = min(seconds / max(taken, 1e-9), MOST_GROWTH)
        n_samples = max(1, math.ceil(done * growth))
        warm = True


def serve(version, start):
    """Answers cells until there are no more."""
    folder = Path(sys.argv[1])
    case_named = read_cases(folder)
    speeds = {}
    answer({"version": version})
    for line in sys.stdin:
        cell = json.loads(line)
        try:
            case = case_named(cell["case"])
            batch = case.n_samples if cell["batch"] == "full" else cell["batch"]
            optimizer = cell["optimizer"]
            begin = cell.get("start", "fresh")
            weights = read_weights(folder, case, begin)
            training = start(case, batch, optimizer, case.learning_rates[begin][optimizer], weights)
            head = case.features[:N_LOSS_SAMPLES], case.targets[:N_LOSS_SAMPLES]
            loss_before = training.loss(*head)
            key = (case.name, batch, optimizer, begin)
            samples, seconds = measure(training.train, cell["seconds"], speeds.get(key))
            speeds[key] = samples / seconds
            loss_after = training.loss(*head)
            if begin == "fresh" and not loss_after < loss_before:
                # So few updates may not show: an epoch does. A converged loss need not fall.
                training.train(case.n_samples)
                loss_after = training.loss(*head)
            answer(
                {
                    "samples": samples,
                    "seconds": seconds,
                    "loss_before": finite(loss_before),
                    "loss_after": finite(loss_after),
                }
            )
        except Exception as error:  # The next cell may well work.
            answer({"error": f"{type(error).__name__}: {error}"})


def finite(loss):
    """JSON has no NaN."""
    return float(loss) if math.isfinite(loss) else None


def answer(fields):
    print(json.dumps(fields), flush=True)


def threads():
    """How many threads this process may use."""
    return int(sys.argv[2])
