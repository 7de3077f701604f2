"""Writes the fixtures of this folder: make.py, with scikit-learn and safetensors.

Each NAME.safetensors is a network, NAME.json says what it is, with ten rows and what scikit-learn or numpy predicts of them.
"""

import json
import warnings

import numpy as np
from scipy.special import erf
from safetensors.numpy import save_file
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from save_mlp import save_mlp

warnings.filterwarnings("ignore")


def describe(name, activation, loss, rows, predictions):
    fixture = {"activation": activation, "loss": loss, "rows": rows.tolist(), "predictions": np.reshape(predictions, (len(rows), -1)).tolist()}
    with open(f"{name}.json", "w") as file:
        json.dump(fixture, file)


def of_sklearn(name, model, data, loss, scaled=True):
    scaler = StandardScaler().fit(data.data) if scaled else None
    of = scaler.transform if scaled else lambda rows: rows
    model.fit(of(data.data), data.target)
    save_mlp(f"{name}.safetensors", model, scaler)
    rows = data.data[::17][:10]
    predictions = model.predict_proba(of(rows)) if hasattr(model, "predict_proba") else model.predict(of(rows))
    # Of two classes smallbatch's network gives the second's probability.
    if loss == "BinaryCrossEntropy":
        predictions = predictions[:, 1]
    describe(name, model.activation, loss, rows, predictions)


def in_torch_layout():
    """What `save_file(torch.nn.Sequential(Linear(4, 6), GELU(), Dropout(), Linear(6, 5), GELU(), Linear(5, 2)).state_dict())` writes."""
    random = np.random.default_rng(1)
    sizes, numbers = [4, 6, 5, 2], [0, 3, 5]
    rows = random.normal(size=(10, 4)).astype(np.float32)
    tensors, values = {}, rows.astype(np.float64)
    for at, (fan_in, fan_out) in zip(numbers, zip(sizes, sizes[1:])):
        bound = fan_in**-0.5
        weight = random.uniform(-bound, bound, (fan_out, fan_in)).astype(np.float32)
        bias = random.uniform(-bound, bound, fan_out).astype(np.float32)
        tensors |= {f"{at}.weight": weight, f"{at}.bias": bias}
        values = values @ weight.T.astype(np.float64) + bias
        if at != numbers[-1]:
            values = values * (1 + erf(values / np.sqrt(2))) / 2
    save_file(tensors, "torch_layout.safetensors", metadata={"format": "pt"})
    describe("torch_layout", "gelu", "MeanSquaredError", rows.astype(np.float64), values)


shared = {"random_state": 0, "max_iter": 30}
of_sklearn("classifier", MLPClassifier(hidden_layer_sizes=(8, 5), activation="tanh", **shared), load_wine(), "SoftmaxCrossEntropy")
of_sklearn("two_classes", MLPClassifier(hidden_layer_sizes=(6,), activation="relu", **shared), load_breast_cancer(), "BinaryCrossEntropy")
of_sklearn("regressor", MLPRegressor(hidden_layer_sizes=(7,), activation="logistic", **shared), load_diabetes(), "MeanSquaredError", scaled=False)
in_torch_layout()
