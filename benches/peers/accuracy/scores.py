"""What a prediction is worth on held-out rows. Smaller is better, and 1 is what a constant is worth."""

import numpy as np

LEAST_PROBABILITY = 1e-15


def of_classes(labels, probabilities, train_labels):
    """Labels are indices of columns; `probabilities` has shape (n_rows, n_classes).

    `loss` is the mean of -ln p(the row's class); `relative` is that over the loss of always answering the shares of the
    classes in the training rows.
    """
    labels, train_labels = np.asarray(labels), np.asarray(train_labels)
    probabilities = np.asarray(probabilities, dtype=float)
    own = probabilities[np.arange(len(labels)), labels]
    loss = -np.log(np.clip(own, LEAST_PROBABILITY, 1.0)).mean()
    shares = np.bincount(train_labels, minlength=probabilities.shape[1]) / len(train_labels)
    constant = -np.log(np.clip(shares[labels], LEAST_PROBABILITY, 1.0)).mean()
    accuracy = (probabilities.argmax(axis=1) == labels).mean()
    return {"loss": float(loss), "relative": float(loss / constant), "accuracy": float(accuracy)}


def of_numbers(values, predictions):
    """`loss` is the mean squared error, `relative` is that over the variance of the held-out values: 1 - R²."""
    values, predictions = np.asarray(values, dtype=float), np.asarray(predictions, dtype=float)
    loss = ((values - predictions) ** 2).mean()
    relative = loss / values.var()
    return {"loss": float(loss), "relative": float(relative), "r2": float(1 - relative)}
