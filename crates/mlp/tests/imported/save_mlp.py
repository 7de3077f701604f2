import numpy as np
from safetensors.numpy import save_file

def save_mlp(path, mlp, scaler=None):
    tensors = {}
    for i, (weights, bias) in enumerate(zip(mlp.coefs_, mlp.intercepts_)):
        tensors[f"{2 * i}.weight"] = np.ascontiguousarray(weights.T)
        tensors[f"{2 * i}.bias"] = bias
    if scaler is not None:
        assert scaler.with_mean and scaler.with_std
        tensors |= {"scaler.mean": scaler.mean_, "scaler.scale": scaler.scale_}
    save_file(tensors, path)
