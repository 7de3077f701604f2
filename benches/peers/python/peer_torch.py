"""PyTorch, eager, on the CPU: batches gathered by index from tensors in memory, fused optimizers."""

import torch
import torch.nn.functional as F
from protocol import serve, threads
from torch import nn


def optimizer_named(name, parameters, learning_rate):
    if name == "adam":
        return torch.optim.Adam(parameters, lr=learning_rate, fused=True)
    momentum = 0.9 if name == "momentum" else 0.0
    return torch.optim.SGD(parameters, lr=learning_rate, momentum=momentum, fused=True)


class Training:
    def __init__(self, case, batch, optimizer, learning_rate):
        torch.manual_seed(1)
        self.batch = batch
        self.features = torch.from_numpy(case.features)
        self.labels = torch.from_numpy(case.labels)
        layers = []
        for fan_in, fan_out in zip(case.layer_sizes, case.layer_sizes[1:]):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
        self.model = nn.Sequential(*layers[:-1])
        self.optimizer = optimizer_named(optimizer, self.model.parameters(), learning_rate)
        self.order = iter(())

    def update(self, features, labels):
        self.optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(self.model(features), labels).backward()
        self.optimizer.step()
        return len(labels)

    def train(self, n_samples):
        done = 0
        if self.batch == len(self.labels):
            while done < n_samples:
                done += self.update(self.features, self.labels)
            return done
        while True:
            for index in self.order:
                done += self.update(self.features[index], self.labels[index])
                if done >= n_samples:
                    return done
            self.order = iter(torch.randperm(len(self.labels)).split(self.batch))

    @torch.no_grad()
    def loss(self, features, labels):
        return F.cross_entropy(self.model(torch.from_numpy(features)), torch.from_numpy(labels)).item()


if __name__ == "__main__":
    torch.set_num_threads(threads())
    serve(torch.__version__, Training)
