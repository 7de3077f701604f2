//! The number types a training can run in.

/// The number type of a training: `f32` (the default) or `f64` (for checks).
///
/// It asks for both what a network needs ([`smallbatch_mlp::Scalar`]) and what a data set needs
/// ([`smallbatch_preprocess::Scalar`]), and every type that has both has it. Only `f32` and `f64` do.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_data::{BatchSize, Dataset, Target};
/// use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Error, Scalar, Trainer};
///
/// /// The training loss of a linear model of two classes, in whichever type the data has.
/// fn linear<T: Scalar>(training: &Dataset<T>) -> Result<f64, Error> {
///     let trainer = Trainer::new(MlpSpec::new([training.n_features(), 2])).batch_size(BatchSize::Full);
///     Ok(trainer.fit(training, None)?.record().training_loss)
/// }
///
/// let features = DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// let wide = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1]))?;
/// let narrow = wide.cast::<f32>()?;
/// assert!((linear(&narrow)? - linear(&wide)?).abs() < 1e-5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Scalar: smallbatch_mlp::Scalar + smallbatch_preprocess::Scalar {}

impl<T: smallbatch_mlp::Scalar + smallbatch_preprocess::Scalar> Scalar for T {}

/// This number as `f64`, exactly. (Both parents of [`Scalar`] have such a method: one of them is chosen here, once.)
#[inline]
pub(crate) fn to_f64<T: Scalar>(value: T) -> f64 {
    smallbatch_mlp::Scalar::to_f64(value)
}
