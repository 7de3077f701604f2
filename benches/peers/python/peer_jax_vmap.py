"""JAX's way of many small trainings: replicas of one network side by side by `vmap`, in one jitted scan.

Every replica has parameters, an optimizer's state and an order of its own; the samples of all of them count. One replica is what
`peer_jax.py` trains.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

import peer_jax
from protocol import serve

REPLICAS = 16
"""As many as numbers in a vector of AVX-512."""


@functools.lru_cache(maxsize=None)
def compiled(activation, task, optimizer, learning_rate):
    loss = functools.partial(peer_jax.loss_of, activation, task)

    def update(carry, features, targets):
        parameters, state = carry
        gradient = jax.grad(loss)(parameters, features, targets)
        return peer_jax.moved(optimizer, learning_rate, parameters, state, gradient)

    def of_one(features, targets, carry, batches, rest):
        def on_batch(carry, index):
            return update(carry, features[index], targets[index]), None

        carry, _ = jax.lax.scan(on_batch, carry, batches)
        return update(carry, features[rest], targets[rest]) if len(rest) else carry

    @functools.partial(jax.jit, donate_argnums=0)
    def of_all(carry, batches, rest, features, targets):
        return jax.vmap(functools.partial(of_one, features, targets))(carry, batches, rest)

    return of_all


class Replicas:
    def __init__(self, case, batch, optimizer, learning_rate, weights):
        if batch >= case.n_samples:
            raise ValueError("this peer is for mini-batches")
        self.case, self.batch = case, batch
        self.features, self.targets = peer_jax.on_device(case)
        self.of_all = compiled(case.activation, case.task, optimizer, learning_rate)
        self.random = np.random.default_rng(2)
        one = peer_jax.initial(optimizer, weights)
        self.carry = jax.tree.map(lambda x: jnp.stack([x] * REPLICAS), one)
        # Compiles, so that nothing is while the clock runs; the training begins anew.
        self.epoch()
        self.carry = jax.tree.map(lambda x: jnp.stack([x] * REPLICAS), peer_jax.initial(optimizer, weights))

    def epoch(self):
        n_batches = self.case.n_samples // self.batch
        orders = [self.random.permutation(self.case.n_samples) for _ in range(REPLICAS)]
        orders = np.array(orders, dtype=np.int32)
        batches = orders[:, : n_batches * self.batch].reshape(REPLICAS, n_batches, self.batch)
        rest = orders[:, n_batches * self.batch :]
        self.carry = self.of_all(self.carry, batches, rest, self.features, self.targets)

    def train(self, n_samples):
        done = 0
        while done < n_samples:
            self.epoch()
            done += REPLICAS * self.case.n_samples
        jax.block_until_ready(self.carry)
        return done

    def loss(self, features, targets):
        first = jax.tree.map(lambda x: x[0], self.carry[0])
        data = jnp.asarray(features), jnp.asarray(peer_jax.targets_of(self.case, targets))
        return float(peer_jax.loss_of(self.case.activation, self.case.task, first, *data))


if __name__ == "__main__":
    serve(jax.__version__, Replicas)
