//! Samples drawn from known distributions, for experiments whose answer is known.
//!
//! All draws come from the stream "synth" of the seed, so the same arguments give the same data.
//!
//! ```
//! use smallbatch_data::synthetic;
//!
//! # fn main() -> Result<(), smallbatch_data::Error> {
//! let raw = synthetic::textbook_two_inputs(1000, 7)?;
//! assert!((raw.features().row(0).mean() - 1e6).abs() < 3e4);
//! assert!((raw.features().row(1).mean() - 50.0).abs() < 1.5);
//! # Ok(())
//! # }
//! ```

use nalgebra::DMatrix;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use smallbatch_base::{Scalar, limits::MOST_DRAWN_VALUES};

use crate::stream::{Stream, generator};
use crate::{Dataset, Error, Target};

/// The textbook's two inputs, one about 1,000,000 and one about 50: two classes, both inputs equally important.
///
/// With z₁, z₂ and e standard normal, the features are x₁ = 10⁶·(1 + 0.2 z₁) and x₂ = 50·(1 + 0.2 z₂), and the class
/// is 1 where z₁ + z₂ + 0.3 e > 0, else 0. After standardization both inputs weigh the same; before it x₁ is 20,000
/// times larger. The best possible accuracy is 1 - atan(0.3/√2)/π, about 93 %.
///
/// # Errors
/// [`Error::TooSmall`] for fewer than 2 samples, [`Error::TooLarge`] above 2³⁰.
///
/// ```
/// let two = smallbatch_data::synthetic::textbook_two_inputs(100, 7).unwrap();
/// assert_eq!(two.feature_names(), ["about_1000000", "about_50"]);
/// assert_eq!(two.target().names(), ["low", "high"]);
/// ```
pub fn textbook_two_inputs(n_samples: usize, seed: u64) -> Result<Dataset, Error> {
    check_count("the number of samples", n_samples, 2, 2)?;
    let mut rng = generator(seed, Stream::Synthetic, 0);
    let mut labels = Vec::with_capacity(n_samples);
    let features = two_inputs(n_samples, &mut rng, |z1, z2, e| {
        labels.push(u32::from(z1 + z2 + 0.3 * e > 0.0));
    });
    named_two_inputs(
        features,
        Target::Classes {
            labels,
            names: vec!["low".into(), "high".into()],
        },
    )
}

/// As [`textbook_two_inputs`], with a number as the target: y = z₁ + z₂ + ½ z₁ z₂ + 0.1 e.
///
/// The formula is symmetric in z₁ and z₂, and not linear. The smallest possible root mean squared error is 0.1; that
/// of always answering the mean is √2.26, about 1.5.
///
/// # Errors
/// [`Error::TooSmall`] for 0 samples, [`Error::TooLarge`] above 2³⁰.
///
/// ```
/// let two = smallbatch_data::synthetic::textbook_two_inputs_regression(100, 7).unwrap();
/// assert_eq!(two.n_outputs(), 1);
/// ```
pub fn textbook_two_inputs_regression(n_samples: usize, seed: u64) -> Result<Dataset, Error> {
    check_count("the number of samples", n_samples, 1, 2)?;
    let mut rng = generator(seed, Stream::Synthetic, 0);
    let mut values = Vec::with_capacity(n_samples);
    let features = two_inputs(n_samples, &mut rng, |z1, z2, e| {
        values.push((z1 + z2 + 0.5 * z1 * z2 + 0.1 * e) as f32);
    });
    named_two_inputs(features, Target::numbers(values))
}

/// LeCun's example: two classes of normally distributed points in the plane, around (-0.4, -0.8) and (0.4, 0.8).
///
/// The covariance of all points together has the eigenvalues 0.84, along (1, 2), and 0.036, across it. Along (1, 2) the
/// two centres alone give 0.4² + 0.8² = 0.8, so each class has the variance 0.04 there, and 0.036 across. For a linear
/// unit with squared error this covariance is the Hessian: gradient descent diverges above the rate 2/0.84 = 2.38, and
/// its time grows with 0.84/0.036 = 23. Classes take turns; the original has 100 points.
///
/// Y. LeCun, L. Bottou, G. Orr, K.-R. Müller (1998), "Efficient BackProp", in *Neural Networks: Tricks of the Trade*.
///
/// # Errors
/// [`Error::TooSmall`] for fewer than 2 samples, [`Error::TooLarge`] above 2³⁰.
///
/// ```
/// let points = smallbatch_data::synthetic::lecun_two_gaussians(100, 7).unwrap();
/// assert_eq!(points.target().class_counts(), Some(vec![50, 50]));
/// ```
pub fn lecun_two_gaussians(n_samples: usize, seed: u64) -> Result<Dataset, Error> {
    check_count("the number of samples", n_samples, 2, 2)?;
    let mut rng = generator(seed, Stream::Synthetic, 0);
    let (along, across) = (0.04_f64.sqrt(), 0.036_f64.sqrt());
    // The unit vector of (0.4, 0.8).
    let (u1, u2) = (1.0 / 5.0_f64.sqrt(), 2.0 / 5.0_f64.sqrt());
    let mut features = DMatrix::zeros(2, n_samples);
    for (index, mut point) in features.column_iter_mut().enumerate() {
        let sign = if index % 2 == 0 { -1.0 } else { 1.0 };
        let (a, b) = (along * normal(&mut rng), across * normal(&mut rng));
        point[0] = (0.4 * sign + a * u1 - b * u2) as f32;
        point[1] = (0.8 * sign + a * u2 + b * u1) as f32;
    }
    let labels = (0..n_samples).map(|index| (index % 2) as u32).collect();
    let names = vec!["negative".into(), "positive".into()];
    Ok(Dataset::new(features, Target::Classes { labels, names })?.with_name("lecun_two_gaussians"))
}

/// A redundant data set: the whole of `dataset`, `copies` times over.
///
/// The gradient of the full batch is the same for any number of copies, at `copies` times the work. Copies of one sample
/// form a group, as do the copies of a group where `dataset` has groups, so a grouped split keeps them together.
///
/// # Errors
/// [`Error::TooSmall`] for 0 copies, [`Error::TooLarge`] for more than 2³¹ values of features.
///
/// ```
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let wine = smallbatch_data::builtin::wine()?;
/// let ten_times = smallbatch_data::synthetic::redundant(&wine, 10)?;
/// assert_eq!(ten_times.n_samples(), 1780);
/// assert_eq!(ten_times.features().column(178), wine.features().column(0));
/// # Ok(())
/// # }
/// ```
pub fn redundant<T: Scalar>(dataset: &Dataset<T>, copies: usize) -> Result<Dataset<T>, Error> {
    let n_samples = dataset.n_samples();
    check_count("the number of copies", copies, 1, dataset.features().len())?;
    let indices: Vec<usize> = (0..copies).flat_map(|_| 0..n_samples).collect();
    let repeated = dataset
        .subset(&indices)?
        .with_name(format!("{} x {copies}", dataset.name()));
    match dataset.groups() {
        Some(_) => Ok(repeated),
        None => repeated.with_groups(indices.iter().map(|&index| index as u32).collect()),
    }
}

fn two_inputs(
    n_samples: usize,
    rng: &mut ChaCha8Rng,
    mut target: impl FnMut(f64, f64, f64),
) -> DMatrix<f32> {
    let mut features = DMatrix::zeros(2, n_samples);
    for mut sample in features.column_iter_mut() {
        let (z1, z2, e) = (normal(rng), normal(rng), normal(rng));
        sample[0] = (1e6 * (1.0 + 0.2 * z1)) as f32;
        sample[1] = (50.0 * (1.0 + 0.2 * z2)) as f32;
        target(z1, z2, e);
    }
    features
}

fn named_two_inputs(features: DMatrix<f32>, target: Target) -> Result<Dataset, Error> {
    Dataset::new(features, target)?
        .with_name("textbook_two_inputs")
        .with_feature_names(vec!["about_1000000".into(), "about_50".into()])
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Refuses a count below its minimum, and one that makes too many values at so many `values_each`.
pub(crate) fn check_count(
    what: &'static str,
    value: usize,
    minimum: usize,
    values_each: usize,
) -> Result<(), Error> {
    let maximum = (MOST_DRAWN_VALUES / values_each).max(1);
    if value < minimum {
        Err(Error::TooSmall {
            what,
            value,
            minimum,
        })
    } else if value > maximum {
        Err(Error::TooLarge {
            what,
            value,
            maximum,
        })
    } else {
        Ok(())
    }
}
