"""scikit-learn's StandardScaler on the two tables. It has one thread, whatever it is given."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import sklearn
from protocol import answer, finite
from sklearn.preprocessing import StandardScaler


class Peer:
    def __init__(self, folder):
        self.folder = folder
        self.listed = {case["name"]: case for case in json.loads((folder / "cases.json").read_text())}
        self.last = None

    def table(self, name):
        if self.last is None or self.last[0] != name:
            case = self.listed[name]
            values = np.fromfile(self.folder / f"{name}.features", dtype="<f4")
            self.last = name, values.reshape(case["n_samples"], case["n_features"])
        return self.last[1]

    def answer(self, cell):
        raw, seconds = self.table(cell["case"]), cell["seconds"]
        fitted = StandardScaler().fit(raw)
        match cell["optimizer"]:
            case "fit":
                calls, taken, _ = measure(seconds, lambda: StandardScaler().fit(raw))
                error = deviation(raw, fitted.mean_, fitted.scale_)
            case "transform":
                calls, taken, scaled = measure(seconds, lambda: fitted.transform(raw))
                error = deviation(scaled, 0.0, 1.0)
            case "in place":
                # Scaled data again and again: a scaler fitted to them leaves them as they are.
                scaled = fitted.transform(raw)
                again = StandardScaler(copy=False).fit(scaled)
                calls, taken, scaled = measure(seconds, lambda: again.transform(scaled))
                error = deviation(scaled, 0.0, 1.0)
            case other:
                raise ValueError(f"it has no `{other}`")
        return {
            "samples": calls * len(raw),
            "seconds": taken,
            "loss_before": finite(deviation(raw, 0.0, 1.0)),
            "loss_after": finite(error),
        }


def measure(seconds, work):
    """Calls once to warm up, then until so many seconds have passed."""
    result = work()
    start, calls = time.perf_counter(), 0
    while True:
        result = None
        result = work()
        calls += 1
        taken = time.perf_counter() - start
        if taken >= seconds:
            return calls, taken, result


def deviation(values, shift, scale):
    """How far features are from mean 0 and variance 1 once shifted and scaled, at most."""
    n_features = values.shape[1]
    sums, squares = np.zeros(n_features), np.zeros(n_features)
    for part in np.array_split(values, max(1, len(values) // 10_000)):
        z = (part.astype(np.float64) - shift) / scale
        sums += z.sum(axis=0)
        squares += (z * z).sum(axis=0)
    n = len(values)
    return float(max(np.abs(sums / n).max(), np.abs(squares / n - 1.0).max()))


if __name__ == "__main__":
    peer = Peer(Path(sys.argv[1]))
    answer({"version": sklearn.__version__})
    for line in sys.stdin:
        try:
            answer(peer.answer(json.loads(line)))
        except Exception as error:  # The next cell may well work.
            answer({"error": f"{type(error).__name__}: {error}"})
