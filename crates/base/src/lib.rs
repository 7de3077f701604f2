//! What the other crates stand on: number types, named random streams, loops for several vector widths, elementary functions.
//!
//! - [`Scalar`] is the number type of data, networks and trainings: `f32` or `f64`. There is one such trait, and the other
//!   crates re-export it.
//! - [`Stream`] names a stream of random numbers, and [`generator`] gives it for a seed. All names stand in one list, so that
//!   none is used twice.
//! - [`StoredFeatures`] are features as a data set stores and a network reads them: numbers or bytes, scaled on the way.
//! - [`vectors_in_use`] names the vectors that loops are computed with.
//! - [`limits`] says how large what is asked for may be.
//!
//! The rest is for this workspace's crates, is hidden from the documentation, and may change with any version:
//!
//! - `vectorized!` declares a loop that is compiled for several vector widths and chosen when the program runs.
//! - `compiled!` declares a function that is compiled once for each number type, in the crate that declares it, and not again
//!   in each crate that uses it. Both of its forms may do what only their own type can (`PerType`), so no crate
//!   has to add methods to `Scalar`.
//! - `saved_as!` implements serde's traits through a saved form, whose code is compiled in the declaring crate, too.
//! - `Vectors` are the vector operations of a number type, and `Elementary` its exponential, tanh, logarithm and normal
//!   distribution, without branches.
//! - `Number` shows a number in a message.
//! - `plausible` says how far a number lies outside the range of the training rows.
//! - `normal` has the standard normal distribution in `f64` and its inverse.
//!
//! Without the feature `std` there are `Elementary` of `f32` and `normal` alone, and no standard library is needed: what
//! predicts on a microcontroller stands on them.
//!
//! ```
//! use rand::Rng;
//! use smallbatch_base::{Scalar, Stream, generator};
//!
//! fn mean<T: Scalar>(values: &[T]) -> f64 {
//!     values.iter().map(|x| x.to_f64()).sum::<f64>() / values.len() as f64
//! }
//! assert_eq!(mean(&[1.0_f32, 2.0]), mean(&[1.0_f64, 2.0]));
//!
//! // The same seed, stream and counter give the same numbers on every machine.
//! let draw = |counter| generator(7, Stream::Shuffle, counter).next_u64();
//! assert_eq!(draw(0), draw(0));
//! assert_ne!(draw(0), draw(1));
//! ```

#![no_std]

#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
mod compiled;
mod elementary;
#[cfg(feature = "std")]
#[doc(hidden)]
pub mod erased;
pub mod limits;
#[doc(hidden)]
pub mod normal;
mod number;
#[doc(hidden)]
pub mod plausible;
#[cfg(feature = "std")]
mod random;
#[cfg(feature = "std")]
mod scalar;
#[cfg(feature = "std")]
mod stored;
mod turn;
#[cfg(feature = "std")]
mod vectorized;
#[cfg(feature = "std")]
mod vectors;

#[cfg(feature = "std")]
#[doc(hidden)]
pub use compiled::PerType;
#[doc(hidden)]
pub use elementary::Elementary;
#[doc(hidden)]
pub use number::Number;
#[cfg(feature = "std")]
#[doc(hidden)]
pub use pulp;
#[cfg(feature = "std")]
pub use random::{Stream, generator};
#[cfg(feature = "std")]
pub use scalar::Scalar;
#[cfg(feature = "std")]
pub use stored::{InputScaling, StoredFeatures, StoredValues};
#[doc(hidden)]
pub use turn::sine_and_cosine;
#[cfg(feature = "std")]
pub use vectorized::vectors_in_use;
#[cfg(feature = "std")]
#[doc(hidden)]
pub use vectors::Vectors;
