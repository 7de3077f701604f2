"""Writes the fixtures of this folder: make.py, with scikit-learn, PyTorch and safetensors.

Each NAME.safetensors is a network, NAME.json says what it is, with ten rows and what scikit-learn or PyTorch predicts of them.
"""

import json
import warnings

import numpy as np
import torch
from safetensors.torch import save_file as save_torch
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


def of_torch():
    """A network that PyTorch trained and wrote; its own predictions, in double precision."""
    torch.manual_seed(1)
    layers = [torch.nn.Linear(4, 6), torch.nn.GELU(), torch.nn.Dropout(0.1), torch.nn.Linear(6, 5), torch.nn.GELU(), torch.nn.Linear(5, 2)]
    model = torch.nn.Sequential(*layers)
    rows = torch.randn(200, 4)
    targets = torch.stack([rows[:, 0] * rows[:, 1], rows[:, 2].sin()], 1)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(200):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(rows), targets).backward()
        optimizer.step()
    save_torch(model.state_dict(), "torch.safetensors")
    rows = rows[:10].double()
    with torch.no_grad():
        predictions = model.eval().double()(rows)
    describe("torch", "gelu", "MeanSquaredError", rows.numpy(), predictions.numpy())


shared = {"random_state": 0, "max_iter": 30}
of_sklearn("classifier", MLPClassifier(hidden_layer_sizes=(8, 5), activation="tanh", **shared), load_wine(), "SoftmaxCrossEntropy")
of_sklearn("two_classes", MLPClassifier(hidden_layer_sizes=(6,), activation="relu", **shared), load_breast_cancer(), "BinaryCrossEntropy")
of_sklearn("regressor", MLPRegressor(hidden_layer_sizes=(7,), activation="logistic", **shared), load_diabetes(), "MeanSquaredError", scaled=False)
of_torch()
