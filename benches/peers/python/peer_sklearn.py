"""scikit-learn's MLPClassifier and MLPRegressor. The first gives its classes to each call of `fit`, which is asked for many epochs at once."""

import math
import warnings

import numpy as np
import sklearn
from protocol import serve, threads
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

NEVER = 10**9

FEWEST_SAMPLES = 256
"""`fit` is given no fewer: every class must occur in each call."""


def one_output(weight, bias):
    """Its network for two classes has one logistic output: with the difference of the two it is the same function."""
    return weight[1:] - weight[:1], bias[1:] - bias[:1]


class Training:
    def __init__(self, case, batch, optimizer, learning_rate, weights):
        self.case, self.batch = case, batch
        if case.activation == "gelu":
            raise ValueError("it has no GELU")
        if case.task == "values" and optimizer != "adam":
            # Its squared error is halved: this makes the same updates.
            learning_rate *= 2
        kind = MLPRegressor if case.task == "values" else MLPClassifier
        self.model = kind(
            activation=case.activation,
            hidden_layer_sizes=case.layer_sizes[1:-1],
            solver="adam" if optimizer == "adam" else "sgd",
            momentum=0.9 if optimizer == "momentum" else 0.0,
            nesterovs_momentum=False,
            alpha=0.0,
            batch_size=batch,
            shuffle=batch < case.n_samples,
            # It makes its weights when it first fits: they are replaced below.
            learning_rate_init=1e-30,
            max_iter=1,
            tol=0.0,
            n_iter_no_change=NEVER,
            warm_start=True,
            random_state=1,
        )
        self.model.set_params(batch_size=FEWEST_SAMPLES)
        self.model.fit(case.features[:FEWEST_SAMPLES], case.targets[:FEWEST_SAMPLES])
        self.model.set_params(batch_size=batch, learning_rate_init=learning_rate)
        if case.task == "classes" and case.layer_sizes[-1] == 2:
            weights = [*weights[:-1], one_output(*weights[-1])]
        # A warm start goes on from these; each call of `fit` makes a new optimizer.
        self.model.coefs_ = [weight.T.copy() for weight, _ in weights]
        self.model.intercepts_ = [bias.copy() for _, bias in weights]

    def train(self, n_samples):
        """Whole epochs, or an epoch of the first samples where a whole one would be too long."""
        part = math.ceil(max(n_samples, FEWEST_SAMPLES) / self.batch) * self.batch
        n_used = min(part, self.case.n_samples)
        n_epochs = max(1, round(n_samples / n_used))
        self.model.set_params(max_iter=n_epochs)
        self.model.fit(self.case.features[:n_used], self.case.targets[:n_used])
        return n_used * n_epochs

    def loss(self, features, targets):
        if self.case.task == "values":
            return mean_squared_error(targets, self.model.predict(features))
        probabilities = self.model.predict_proba(features)
        return log_loss(targets, probabilities, labels=np.arange(probabilities.shape[1]))


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    with threadpool_limits(threads()):
        serve(sklearn.__version__, Training)
