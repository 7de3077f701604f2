//! Multi-layer perceptrons without autograd: forward, backward by hand, losses, optimizers, curvature
