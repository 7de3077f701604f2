//! Fast small-batch training of multi-layer perceptrons on a CPU, and evidence on how to normalize and which batch size to use
