//! Tables, splits and mini-batches for training, and built-in data sets
