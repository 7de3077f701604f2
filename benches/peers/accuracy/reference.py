"""scikit-learn on a table, as its user would set it up: missing numbers by the median, categories one-hot, all standardized."""

import time
import warnings

import numpy as np
import scores
import sklearn
import tables
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

VERSION = sklearn.__version__

METHODS = ("mlp", "mlp_early", "linear", "boosting")
"""The MLP with its defaults, the same with early stopping, the straight line, gradient boosting for orientation."""

MOST_CATEGORIES = 255
"""Boosting takes no more in one column; then it sees their numbers."""


class Features:
    """A table as numbers: categories by their place in the sorted list of the training rows', -1 for unknown or missing."""

    def __init__(self, train):
        self.columns, self.used = [], []
        for at in range(len(train.names) - 1):
            cells = train.column(at)
            if all(tables.is_missing(cell, True) for cell in cells):
                continue
            self.used.append(at)
            if tables.holds_numbers(cells):
                self.columns.append(None)
            else:
                texts = sorted({cell for cell in cells if not tables.is_missing(cell, False)})
                self.columns.append({text: place for place, text in enumerate(texts)})
        self.categorical = [at for at, places in enumerate(self.columns) if places is not None]
        self.numeric = [at for at, places in enumerate(self.columns) if places is None]

    def matrix(self, table):
        """Shape (n_rows, n_columns); a missing number is NaN. A column that is empty in training is left out."""
        columns = []
        for at, places in zip(self.used, self.columns):
            cells = table.column(at)
            if places is None:
                numbers = (None if tables.is_missing(cell, True) else tables.number(cell) for cell in cells)
                columns.append([np.nan if value is None else value for value in numbers])
            else:
                columns.append([places.get(cell, -1) for cell in cells])
        return np.array(columns, dtype=float).T

    def pipeline(self, model):
        encode = ColumnTransformer(
            [
                ("numbers", SimpleImputer(strategy="median"), self.numeric),
                ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), self.categorical),
            ]
        )
        return make_pipeline(encode, StandardScaler(), model)

    def boosting(self, kind, seed):
        few = [at for at in self.categorical if len(self.columns[at]) <= MOST_CATEGORIES]
        return kind(categorical_features=few or None, random_state=seed)


def model(method, features, classes, seed):
    if method == "boosting":
        kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
        return features.boosting(kind, seed)
    if method == "linear":
        straight = LogisticRegression(max_iter=1000) if classes else RidgeCV(alphas=np.logspace(-3, 3, 13))
        return features.pipeline(straight)
    kind = MLPClassifier if classes else MLPRegressor
    network = features.pipeline(kind(early_stopping=method == "mlp_early", random_state=seed))
    # A target in large units would be a handicap that no careful user gives it.
    return network if classes else TransformedTargetRegressor(network, transformer=StandardScaler())


def cell(split, method):
    """The scores of one method on one split, and the processor time of its fit."""
    train, test = tables.read(split.train), tables.read(split.test)
    classes = tables.has_classes(train)
    features = Features(train)
    x_train, x_test = features.matrix(train), features.matrix(test)
    if classes:
        names, y_train = np.unique(train.targets(), return_inverse=True)
        y_test = np.searchsorted(names, test.targets())
    else:
        y_train, y_test = (np.array(part.targets(), dtype=float) for part in (train, test))
    fitted = model(method, features, classes, split.index)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        begun = time.process_time()
        fitted.fit(x_train, y_train)
        seconds = time.process_time() - begun
        if classes:
            score = scores.of_classes(y_test, fitted.predict_proba(x_test), y_train)
        else:
            score = scores.of_numbers(y_test, fitted.predict(x_test))
    return {"n_train": len(y_train), "n_test": len(y_test), "seconds": seconds, **score}
