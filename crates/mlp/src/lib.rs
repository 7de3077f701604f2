//! Multi-layer perceptrons without autograd: forward, backward by hand, losses, optimizers, curvature.
//!
//! A network of dense layers is small enough to differentiate by hand. Then nothing stands between the arithmetic and the
//! processor: no graph, no allocation, no dispatch by operation. This crate holds that arithmetic. It opens no files, knows no
//! epochs and no data sets: slices and matrices in, numbers out.
//!
//! Its matrices are those of nalgebra, which is re-exported as [`nalgebra`].
//!
//! Most programs want `smallbatch-train`, which has the loop around it. Use this crate for a loop of your own, or to ask why
//! a training goes as it goes.
//!
//! - [`MlpSpec`] describes a network, [`Mlp`] is one; [`Mlp::train_step`] is one update on one [`Batch`].
//! - [`Loss`]es take logits and give the *mean* over the batch. [`OptimizerSpec`] describes an optimizer, [`Optimizer`]
//!   holds its state.
//! - [`Mlp::largest_hessian_eigenvalue`] and [`Mlp::hessian_vector_product`] tell how large a learning rate can be,
//!   [`Mlp::gradient_noise`] how noisy a mini-batch's gradient is. All are exact.
//!
//! # Samples are columns
//!
//! `X` is `(n_features, n_samples)`, a weight is `(fan_out, fan_in)`, and `Z = W·A + b`, as textbooks write it. nalgebra is
//! column-major, so a sample lies in one piece. This is the transpose of scikit-learn's and PyTorch's rows.
//!
//! # A training loop by hand
//!
//! ```
//! use nalgebra::DMatrix;
//! use smallbatch_mlp::{Activation, Batch, Loss, MlpSpec, OptimizerSpec, Targets};
//!
//! // y = sin(3x), 64 samples.
//! let inputs = DMatrix::from_fn(1, 64, |_, j| j as f32 / 32.0 - 1.0);
//! let targets = inputs.map(|x| (3.0 * x).sin());
//! let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
//!
//! let spec = MlpSpec::new([1, 32, 1]).activation(Activation::Tanh).loss(Loss::MeanSquaredError);
//! let mut network = spec.build::<f32>(7)?;
//! let mut optimizer = OptimizerSpec::adam().build(network.n_parameters())?;
//! let mut workspace = network.workspace(64);
//! let before = network.loss(&batch, &mut workspace)?;
//! for _ in 0..500 {
//!     network.train_step(&batch, &mut optimizer, 0.02, 0, &mut workspace)?;
//! }
//! let after = network.loss(&batch, &mut workspace)?;
//! assert!(after < 0.01 * before, "{before} to {after}");
//! # Ok::<(), smallbatch_mlp::Error>(())
//! ```
//!
//! A network that PyTorch or scikit-learn trained is read by [`Mlp::from_safetensors`] (feature `safetensors`, on by default).
//!
//! # What can be relied on
//!
//! - **The seed decides every draw.** Weights come from the stream `init`, the first direction of the method of Lanczos from
//!   the stream `lanczos`, masks of dropout from a counter-based generator keyed by the seed. It is enough to record the
//!   seed with a result.
//! - **Numbers too small to matter count as 0**: in `f32`, inputs and weights below 1.1e-19. A processor may take a hundred
//!   cycles for a number below 1.2e-38, and a training that succeeds makes such numbers. Inputs that small need a scaler.

mod activation;
mod batch;
mod buffer;
mod curvature;
mod cuts;
mod destination;
mod dropout;
mod error;
mod evaluation;
mod finite;
mod gradient;
#[cfg(feature = "safetensors")]
mod import;
mod initializer;
mod inputs;
mod kernel;
mod lanczos;
mod loss;
mod negligible;
mod network;
mod nodes;
mod noise;
mod optimizer;
mod pace;
mod parameters;
mod passes;
mod philox;
mod product;
mod sampled;
mod spec;
mod step;
mod team;
mod workspace;

pub use nalgebra;

/// The number type of a network.
///
/// ```
/// use smallbatch_mlp::{Mlp, MlpSpec, Scalar};
///
/// fn size_of_weights<T: Scalar>(network: &Mlp<T>) -> f64 {
///     network.parameters().as_slice().iter().map(|w| w.to_f64().abs()).sum()
/// }
///
/// // The same seed gives the same network, in f32 that of f64 rounded.
/// let spec = MlpSpec::new([3, 4, 2]);
/// let (narrow, wide) = (size_of_weights(&spec.build::<f32>(1)?), size_of_weights(&spec.build::<f64>(1)?));
/// assert!((narrow - wide).abs() < 1e-6 * wide);
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
#[doc(inline)]
pub use smallbatch_base::{InputScaling, Scalar, StoredFeatures, StoredValues};

pub use activation::Activation;
pub use batch::{Batch, Targets};
pub use curvature::Eigenvalue;
pub use cuts::CHUNK;
pub use dropout::DropoutKey;
pub use error::Error;
pub use initializer::Initializer;
pub use lanczos::Lanczos;
pub use loss::{Loss, PredictionKind};
pub use network::Mlp;
pub use noise::GradientNoise;
pub use optimizer::{Optimizer, OptimizerSpec, UpdateRule};
pub use parameters::Parameters;
pub use spec::MlpSpec;
pub use workspace::Workspace;
