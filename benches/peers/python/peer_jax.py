"""JAX on the CPU: jitted scans over the batches of an epoch, parameters and optimizer state donated."""

import os

from protocol import serve, threads

# XLA reads the number of threads when it is loaded.
os.environ["NPROC"] = str(threads())
os.environ["JAX_PLATFORMS"] = "cpu"

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np

SCAN_OPERATIONS = 10e9
"""A scan has about so many floating-point operations at the most, so that a slow epoch is several scans."""


ACTIVATIONS = {
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "gelu": functools.partial(jax.nn.gelu, approximate=False),
}

LOSSES = {
    "classes": lambda outputs, targets: -jnp.sum(jax.nn.log_softmax(outputs) * targets, axis=1),
    "binary": lambda outputs, targets: jax.nn.softplus(outputs) - outputs * targets,
    "values": lambda outputs, targets: (outputs - targets) ** 2,
}


def loss_of(activation, task, parameters, features, targets):
    *hidden, (weight, bias) = parameters
    for hidden_weight, hidden_bias in hidden:
        features = ACTIVATIONS[activation](features @ hidden_weight + hidden_bias)
    return jnp.mean(LOSSES[task](features @ weight + bias, targets))


def moved(optimizer, learning_rate, parameters, state, gradient):
    """The parameters and the optimizer's state after one update."""
    tree = jax.tree.map
    if optimizer == "sgd":
        return tree(lambda w, g: w - learning_rate * g, parameters, gradient), state
    if optimizer == "momentum":
        velocity = tree(lambda v, g: 0.9 * v + g, state, gradient)
        return tree(lambda w, v: w - learning_rate * v, parameters, velocity), velocity
    first, second, step = state
    step = step + 1
    first = tree(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = tree(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
    first_scale = 1 / (1 - 0.9**step)
    second_scale = 1 / (1 - 0.999**step)

    def moved_weight(w, m, v):
        return w - learning_rate * (m * first_scale) / (jnp.sqrt(v * second_scale) + 1e-8)

    return tree(moved_weight, parameters, first, second), (first, second, step)


@functools.lru_cache(maxsize=None)
def compiled(activation, task, optimizer, learning_rate):
    """The functions of one kind of network and optimizer. JAX compiles them once for each shape, and keeps what it compiled."""

    loss = functools.partial(loss_of, activation, task)

    def update(carry, features, targets):
        parameters, state = carry
        gradient = jax.grad(loss)(parameters, features, targets)
        return moved(optimizer, learning_rate, parameters, state, gradient)

    @functools.partial(jax.jit, donate_argnums=0)
    def on_all(carry, features, targets):
        return update(carry, features, targets)

    @functools.partial(jax.jit, donate_argnums=0)
    def on_batches(carry, batches, rest, features, targets):
        def on_batch(carry, index):
            return update(carry, features[index], targets[index]), None

        carry, _ = jax.lax.scan(on_batch, carry, batches)
        return update(carry, features[rest], targets[rest]) if len(rest) else carry

    return on_all, on_batches


def initial(optimizer, weights):
    """The parameters, as copies, since each update gives its own away, and the optimizer's state."""
    parameters = [(jnp.array(weight.T), jnp.array(bias)) for weight, bias in weights]

    def zeros():
        return jax.tree.map(jnp.zeros_like, parameters)

    state = {"sgd": lambda: (), "momentum": zeros, "adam": lambda: (zeros(), zeros(), jnp.float32(0))}
    return parameters, state[optimizer]()


compiled_shapes = set()

latest = {}
"""The arrays of the case that was asked for last, as JAX has them."""


def targets_of(case, targets):
    """Classes as rows with one 1, the others as columns of f32."""
    if case.task == "classes":
        return np.eye(case.layer_sizes[-1], dtype=np.float32)[targets]
    return targets.astype(np.float32)[:, None]


def on_device(case):
    if case.name not in latest:
        latest.clear()
        latest[case.name] = jnp.asarray(case.features), jnp.asarray(targets_of(case, case.targets))
    return latest[case.name]


class Training:
    def __init__(self, case, batch, optimizer, learning_rate, weights):
        self.case, self.n_samples, self.batch = case, case.n_samples, batch
        self.features, self.targets = on_device(case)
        self.on_all, self.on_batches = compiled(case.activation, case.task, optimizer, learning_rate)
        self.random = np.random.default_rng(2)
        n_weights = sum(a * b for a, b in zip(case.layer_sizes, case.layer_sizes[1:]))
        self.n_scans = math.ceil(6 * n_weights * self.n_samples / SCAN_OPERATIONS)
        self.scans = iter(())
        self.carry = initial(optimizer, weights)
        if self.batch < self.n_samples:
            self.compile((case.name, optimizer, learning_rate))
            self.carry = initial(optimizer, weights)

    def epoch(self):
        """The scans of a new epoch: the batches of each, and the samples of the short last batch in the last of them."""
        order = self.random.permutation(self.n_samples).astype(np.int32)
        n_batches = self.n_samples // self.batch
        batches = order[: n_batches * self.batch].reshape(n_batches, self.batch)
        rest = order[n_batches * self.batch :]
        size = n_batches // min(self.n_scans, n_batches)
        starts = [scan * size for scan in range(n_batches // size)]
        for start, end in zip(starts, [*starts[1:], n_batches]):
            yield batches[start:end], rest if end == n_batches else rest[:0]

    def compile(self, key):
        """Runs one scan of each shape that an epoch has, so that none is compiled while the clock runs."""
        for batches, rest in self.epoch():
            shape = (*key, batches.shape, rest.shape)
            if shape not in compiled_shapes:
                compiled_shapes.add(shape)
                self.carry = self.on_batches(self.carry, batches, rest, self.features, self.targets)

    def train(self, n_samples):
        done = 0
        if self.batch == self.n_samples:
            while done < n_samples:
                self.carry = self.on_all(self.carry, self.features, self.targets)
                done += self.n_samples
        while done < n_samples:
            for batches, rest in self.scans:
                self.carry = self.on_batches(self.carry, batches, rest, self.features, self.targets)
                done += batches.size + rest.size
                if done >= n_samples:
                    break
            else:
                self.scans = self.epoch()
        jax.block_until_ready(self.carry)
        return done

    def loss(self, features, targets):
        data = jnp.asarray(features), jnp.asarray(targets_of(self.case, targets))
        return float(loss_of(self.case.activation, self.case.task, self.carry[0], *data))


if __name__ == "__main__":
    serve(jax.__version__, Training)
