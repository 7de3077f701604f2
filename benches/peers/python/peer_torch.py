"""PyTorch, eager, on the CPU: batches gathered by index from tensors in memory, fused optimizers."""

import torch
import torch.nn.functional as F
from protocol import serve, threads
from torch import nn


ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}

LOSSES = {
    "classes": F.cross_entropy,
    "binary": F.binary_cross_entropy_with_logits,
    "values": F.mse_loss,
}


def targets_of(case, targets):
    """Classes as they are, the others as columns of f32."""
    targets = torch.from_numpy(targets)
    return targets if case.task == "classes" else targets.float().unsqueeze(1)


def optimizer_named(name, parameters, learning_rate):
    if name == "adam":
        return torch.optim.Adam(parameters, lr=learning_rate, fused=True)
    momentum = 0.9 if name == "momentum" else 0.0
    return torch.optim.SGD(parameters, lr=learning_rate, momentum=momentum, fused=True)


@torch.no_grad()
def linear(weight, bias):
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.copy_(torch.from_numpy(weight))
    layer.bias.copy_(torch.from_numpy(bias))
    return layer


class Training:
    def __init__(self, case, batch, optimizer, learning_rate, weights):
        torch.manual_seed(1)
        self.case, self.batch = case, batch
        self.loss_of = LOSSES[case.task]
        self.features = torch.from_numpy(case.features)
        self.targets = targets_of(case, case.targets)
        layers = []
        for weight, bias in weights:
            layers += [linear(weight, bias), ACTIVATIONS[case.activation]()]
        self.model = nn.Sequential(*layers[:-1])
        self.optimizer = optimizer_named(optimizer, self.model.parameters(), learning_rate)
        self.order = iter(())

    def update(self, features, targets):
        self.optimizer.zero_grad(set_to_none=True)
        self.loss_of(self.model(features), targets).backward()
        self.optimizer.step()
        return len(targets)

    def train(self, n_samples):
        done = 0
        if self.batch == len(self.targets):
            while done < n_samples:
                done += self.update(self.features, self.targets)
            return done
        while True:
            for index in self.order:
                done += self.update(self.features[index], self.targets[index])
                if done >= n_samples:
                    return done
            self.order = iter(torch.randperm(len(self.targets)).split(self.batch))

    @torch.no_grad()
    def loss(self, features, targets):
        return self.loss_of(self.model(torch.from_numpy(features)), targets_of(self.case, targets)).item()


if __name__ == "__main__":
    torch.set_num_threads(threads())
    serve(torch.__version__, Training)
