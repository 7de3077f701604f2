//! The number types a training can run in.

/// The number type of a training: `f32` (the default) or `f64` (for checks).
///
/// It asks for both what a network needs ([`smallbatch_mlp::Scalar`]) and what a data set needs
/// ([`smallbatch_preprocess::Scalar`]), and every type that has both has it. Only `f32` and `f64` do.
pub trait Scalar: smallbatch_mlp::Scalar + smallbatch_preprocess::Scalar {}

impl<T: smallbatch_mlp::Scalar + smallbatch_preprocess::Scalar> Scalar for T {}

/// This number as `f64`, exactly. (Both parents of [`Scalar`] have such a method: one of them is chosen here, once.)
#[inline]
pub(crate) fn to_f64<T: Scalar>(value: T) -> f64 {
    smallbatch_mlp::Scalar::to_f64(value)
}
