//! A network's inputs: as they lie, as bytes, scaled on the way; and whether they can be used.

use std::ops::Range;

use nalgebra::{DMatrixView, Dim, Dyn, U1};
use smallbatch_base::{InputScaling, vectorized};

use crate::buffer::LINE;
use crate::error::check_length;
use crate::kernel::{
    AsTheyAre, Copies, Decode, FromBytes, Scaled, Source, flush_panels, into_panels,
};
use crate::product::Columns;
use crate::{Error, Scalar};

/// All inputs, as they are stored.
#[derive(Clone, Copy)]
pub(crate) enum Stored<'a, T> {
    Numbers(Columns<'a, T>),
    Bytes(Columns<'a, u8>),
}

/// All columns of a matrix, or some of them in some order; stored in one way or another.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a, T> {
    stored: Stored<'a, T>,
    scaling: Option<InputScaling<'a, T>>,
    samples: Option<&'a [usize]>,
    /// Whether each is known to be finite and, if not 0, large enough to matter: see `negligible`.
    is_normal: bool,
}

/// Evaluates `$body` with the columns as they are stored, and what makes numbers of them.
macro_rules! decoded {
    ($inputs:expr, |$columns:ident, $decode:ident| $body:expr) => {
        match ($inputs.stored, $inputs.scaling) {
            (Stored::Numbers($columns), None) => {
                let $decode = AsTheyAre;
                $body
            }
            (Stored::Bytes($columns), None) => {
                let $decode = FromBytes;
                $body
            }
            (Stored::Numbers($columns), Some(by)) => {
                let unscaled = AsTheyAre;
                let $decode = Scaled { unscaled, by };
                $body
            }
            (Stored::Bytes($columns), Some(by)) => {
                let unscaled = FromBytes;
                let $decode = Scaled { unscaled, by };
                $body
            }
        }
    };
}

impl<'a, T: Scalar> Inputs<'a, T> {
    /// Checks that the samples are there, and that there is one of each of the scaling's numbers a feature.
    pub(crate) fn new(
        stored: Stored<'a, T>,
        scaling: Option<InputScaling<'a, T>>,
        samples: Option<&'a [usize]>,
    ) -> Result<Self, Error> {
        let inputs = Self {
            stored,
            scaling,
            samples,
            is_normal: false,
        };
        let (n_features, n_columns) = decoded!(inputs, |columns, _decode| {
            (columns.n_rows, columns.n_columns())
        });
        if let Some(InputScaling { shift, rest, scale }) = scaling {
            check_length("the scaling's shift", n_features, shift.len())?;
            check_length("the scaling's rest", n_features, rest.len())?;
            check_length("the scaling's scale", n_features, scale.len())?;
        }
        let absent = |&&sample: &&usize| sample >= n_columns;
        match samples.unwrap_or_default().iter().find(absent) {
            None => Ok(inputs),
            Some(&sample) => Err(Error::SampleOutOfRange {
                sample,
                n_samples: n_columns,
            }),
        }
    }

    pub(crate) fn n_samples(&self) -> usize {
        match self.samples {
            Some(samples) => samples.len(),
            None => decoded!(self, |columns, _decode| columns.n_columns()),
        }
    }

    /// Some of the samples.
    pub(crate) fn range(&self, range: Range<usize>) -> Self {
        match (self.samples, self.stored) {
            (Some(samples), _) => Self {
                samples: Some(&samples[range]),
                ..*self
            },
            (None, Stored::Numbers(all)) => Self {
                stored: Stored::Numbers(all.range(range)),
                ..*self
            },
            (None, Stored::Bytes(all)) => Self {
                stored: Stored::Bytes(all.range(range)),
                ..*self
            },
        }
    }

    /// Where each sample of the batch stands among the columns.
    fn places(&self) -> impl Iterator<Item = usize> + use<'a, T> {
        let samples = self.samples;
        (0..self.n_samples()).map(move |place| samples.map_or(place, |samples| samples[place]))
    }

    /// A copy of them, sample after sample.
    pub(crate) fn to_vec(self) -> Vec<T> {
        decoded!(self, |columns, decode| {
            let mut numbers: Vec<T> = Vec::with_capacity(self.n_samples() * columns.n_rows);
            for place in self.places() {
                for (feature, &x) in columns.range(place..place + 1).values.iter().enumerate() {
                    numbers.push(decode.number(x, feature));
                }
            }
            numbers
        })
    }

    /// Gathers some features of all samples; see [`into_panels`].
    pub(crate) fn into_panels(
        self,
        features: &Range<usize>,
        panels: &mut [T],
        mut copies: Option<Copies<'_, T>>,
    ) {
        let copied = copies.as_mut().map(|copies| Copies {
            values: &mut *copies.values,
            ..*copies
        });
        decoded!(self, |columns, decode| {
            let source = Source {
                values: columns.values,
                stride: columns.n_rows,
                which: self.samples,
                n_samples: self.n_samples(),
            };
            into_panels(source, decode, features, panels, copied);
        });
        let are_bytes = match (self.stored, self.scaling) {
            (Stored::Bytes(_), None) => true,
            (Stored::Bytes(_), Some(_)) | (Stored::Numbers(_), _) => false,
        };
        if self.is_normal || are_bytes {
            return;
        }
        let n_lanes = self.n_samples().next_multiple_of(T::PANEL);
        flush_panels(&mut panels[..n_lanes * features.len()]);
        if let Some(copies) = copies {
            let n_copied = self.n_samples() * copies.stride;
            flush_panels(&mut copies.values[..n_copied]);
        }
    }

    /// All of them, if they lie as the weight's gradient takes them: numbers as they are, each large enough to matter, with a whole number of lines a
    /// sample, and the first at the beginning of a line. (Others are copied on the way, which is faster than loads that cross
    /// lines: 1.04 times, 784-128-10 on the full batch.)
    pub(crate) fn sample_major(&self) -> Option<Columns<'a, T>> {
        match (self.stored, self.scaling, self.samples) {
            (Stored::Numbers(all), None, None) if self.is_normal => Some(all).filter(|all| {
                all.n_rows.is_multiple_of(T::PANEL) && all.values.as_ptr().align_offset(LINE) == 0
            }),
            _ => None,
        }
    }

    /// Refuses inputs that are not finite, or are not so when they are scaled, by name; and remembers whether all are normal.
    pub(crate) fn check_finite(&mut self) -> Result<(), Error> {
        if let (Stored::Numbers(all), None) = (self.stored, self.scaling) {
            let mut is_normal = true;
            let mut check = |numbers: Columns<'_, T>, sample| {
                is_normal &= all_normal(numbers.values);
                if is_normal {
                    Ok(())
                } else {
                    check_finite(numbers, sample)
                }
            };
            match self.samples {
                None => check(all, 0)?,
                Some(samples) => samples
                    .iter()
                    .try_for_each(|&sample| check(all.range(sample..sample + 1), sample))?,
            }
            self.is_normal = is_normal;
            return Ok(());
        }
        decoded!(self, |columns, decode| {
            for sample in self.places() {
                let stored = columns.range(sample..sample + 1).values;
                let numbers = stored.iter().enumerate();
                let mut numbers = numbers.map(|(feature, &x)| decode.number(x, feature));
                if let Some(feature) = numbers.position(|number: T| !number.is_finite()) {
                    let scaled: T = decode.number(stored[feature], feature);
                    return Err(self.not_finite(sample, feature, scaled));
                }
            }
        });
        Ok(())
    }

    /// Whether each is finite and, if not 0, large enough to matter. What is scaled on the way counts as not: it is looked
    /// at then.
    pub(crate) fn are_normal(&self) -> bool {
        match (self.stored, self.scaling, self.samples) {
            (Stored::Numbers(all), None, None) => all_normal(all.values),
            _ => false,
        }
    }

    /// Takes somebody's word for it.
    pub(crate) fn vouch_normal(&mut self) {
        self.is_normal = true;
    }

    /// What to say of an input that is not finite when it is read.
    fn not_finite(&self, sample: usize, feature: usize, scaled: T) -> Error {
        let value = match self.stored {
            Stored::Numbers(all) => all.values[sample * all.n_rows + feature].to_f64(),
            Stored::Bytes(all) => f64::from(all.values[sample * all.n_rows + feature]),
        };
        match self.scaling {
            Some(by) if value.is_finite() => Error::ScaledInputNotFinite {
                sample,
                feature,
                value,
                scaled: scaled.to_f64(),
                scale: by.scale[feature].to_f64(),
            },
            _ => Error::InputNotFinite {
                sample,
                feature,
                value,
            },
        }
    }
}

impl<'a, T> From<Columns<'a, T>> for Inputs<'a, T> {
    fn from(all: Columns<'a, T>) -> Self {
        Self {
            stored: Stored::Numbers(all),
            scaling: None,
            samples: None,
            is_normal: false,
        }
    }
}

/// Inputs of a known network, as a slice; refused where one is not finite.
pub(crate) fn open_inputs<T: Scalar>(
    inputs: DMatrixView<'_, T>,
    n_inputs: usize,
) -> Result<Columns<'_, T>, Error> {
    let inputs = shaped_inputs(inputs, n_inputs)?;
    check_finite(inputs, 0)?;
    Ok(inputs)
}

/// The same, whatever is stored.
pub(crate) fn shaped_inputs<E: nalgebra::Scalar>(
    inputs: DMatrixView<'_, E>,
    n_inputs: usize,
) -> Result<Columns<'_, E>, Error> {
    if inputs.nrows() != n_inputs {
        return Err(Error::Shape {
            what: "the input matrix",
            expected_rows: n_inputs,
            expected_columns: inputs.ncols(),
            found_rows: inputs.nrows(),
            found_columns: inputs.ncols(),
        });
    }
    columns("the input matrix", inputs)
}

/// Refuses inputs that are not finite, by name. They have to be looked at: a saturated tanh makes a finite loss of an
/// infinite input, a ReLU of NaN on some processors, and the weights' gradient is NaN all the same.
fn check_finite<T: Scalar>(inputs: Columns<'_, T>, first_sample: usize) -> Result<(), Error> {
    // Which there are is asked only where some are not, or where some are too small to matter.
    match inputs.values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(place) => Err(Error::InputNotFinite {
            sample: first_sample + place / inputs.n_rows,
            feature: place % inputs.n_rows,
            value: inputs.values[place].to_f64(),
        }),
    }
}

vectorized! {
    /// Whether all values are finite and, where not 0, large enough to matter. No early exit and no branch: it reads every
    /// batch, as fast as it can be read.
    fn all_normal(values: &'a [T]) -> bool = all_normal_loop;
}

/// So many sums that their additions do not wait for one another. With 64 a batch of 784·32 f32 was read in 1.0 µs, the speed
/// of the second cache of the processor it was measured on (AVX2); with 32 the compiler made no vectors of it, and it took
/// 6.5 µs.
const SUMS: usize = 64;

/// 0 for a number that is finite, and 0 or large enough; else NaN, or above 0. So are sums of these.
#[inline(always)]
fn fault<T: Scalar>(x: T) -> T {
    let size = x.abs();
    let small = if size < T::SMALLEST { size } else { T::zero() };
    x * T::zero() + small
}

#[inline(always)]
fn all_normal_loop<T: Scalar>(values: &[T]) -> bool {
    let zero = T::zero();
    let blocks = values.chunks_exact(SUMS);
    let rest = blocks.remainder();
    let rest_is_normal = rest.iter().fold(true, |all, &x| all & (fault(x) == zero));
    let mut sums = [zero; SUMS];
    for block in blocks {
        for (sum, &value) in sums.iter_mut().zip(block) {
            *sum += fault(value);
        }
    }
    sums.iter()
        .fold(rest_is_normal, |all, &sum| all & (sum == zero))
}

/// The view as one slice; an error where its columns do not follow one another.
pub(crate) fn columns<'a, E: nalgebra::Scalar>(
    what: &'static str,
    view: DMatrixView<'a, E>,
) -> Result<Columns<'a, E>, Error> {
    let (rows, columns) = view.shape();
    if columns > 1 && view.strides().1 != rows {
        return Err(Error::NotContiguous { what });
    }
    let flat = view.reshape_generic(Dyn::from_usize(rows * columns), U1);
    Ok(Columns::new(flat.data.into_slice(), rows))
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::*;

    #[test]
    fn a_view_of_some_rows_is_refused_and_of_some_columns_taken() {
        let matrix = DMatrix::<f64>::from_fn(4, 6, |i, j| (i + 10 * j) as f64);
        let some_columns = open_inputs(matrix.columns(2, 3), 4).unwrap();
        assert_eq!(some_columns.values, &matrix.as_slice()[8..20]);
        let error = open_inputs(matrix.view((1, 0), (2, 6)), 2).err().unwrap();
        assert!(error.to_string().contains("into_owned"), "{error}");
    }

    /// Wherever it stands: in the blocks, in what is left after them, first, last.
    #[test]
    fn an_input_that_is_not_finite_is_named_wherever_it_stands() {
        for (n_rows, n_samples) in [(3, 1), (3, 50), (784, 3), (32, 2)] {
            let inputs = DMatrix::<f32>::from_fn(n_rows, n_samples, |i, j| {
                // The largest and the smallest numbers there are, of both signs, are finite.
                [f32::MAX, f32::MIN, f32::MIN_POSITIVE, -0.0, 1e-45, -1.0][(i + j) % 6]
            });
            assert!(open_inputs(inputs.as_view(), n_rows).is_ok());
            for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                for (feature, sample) in [(0, 0), (n_rows - 1, n_samples - 1), (1, n_samples / 2)] {
                    let mut broken = inputs.clone();
                    broken[(feature, sample)] = value;
                    let Some(Error::InputNotFinite {
                        sample: found_sample,
                        feature: found_feature,
                        value: found,
                    }) = open_inputs(broken.as_view(), n_rows).err()
                    else {
                        panic!("{value} of sample {sample}, feature {feature} passed")
                    };
                    assert_eq!((found_sample, found_feature), (sample, feature));
                    assert_eq!(found.to_bits(), f64::from(value).to_bits());
                }
            }
        }
    }

    /// Both ways of storing, scaled and not, chosen and all: number by number what the formula says.
    #[test]
    fn stored_inputs_become_the_numbers_of_the_formula() {
        let (n_features, n_samples) = (5, 7);
        let bytes = DMatrix::<u8>::from_fn(n_features, n_samples, |i, j| (37 * i + 91 * j) as u8);
        let numbers = bytes.map(f32::from);
        let (shift, rest) = ([127.5_f32, 0.0, -3.0, 1.0, 9.0], [1e-6, 0.0, 0.0, 0.5, 0.0]);
        let scaling = InputScaling {
            shift: &shift,
            rest: &rest,
            scale: &[3.0, 1.0, 0.1, 7.0, 255.0],
        };
        let as_bytes = Stored::Bytes(shaped_inputs(bytes.as_view(), n_features).unwrap());
        let as_numbers = Stored::Numbers(shaped_inputs(numbers.as_view(), n_features).unwrap());
        for samples in [None, Some(&[6_usize, 0, 6, 3][..])] {
            for scaling in [None, Some(scaling)] {
                let which = samples.map_or((0..n_samples).collect(), <[usize]>::to_vec);
                let expected: Vec<f32> = which
                    .iter()
                    .flat_map(|&j| (0..n_features).map(move |i| (i, j)))
                    .map(|at| match scaling {
                        None => numbers[at],
                        Some(s) => ((numbers[at] - s.shift[at.0]) - s.rest[at.0]) / s.scale[at.0],
                    })
                    .collect();
                for stored in [as_bytes, as_numbers] {
                    let mut inputs = Inputs::new(stored, scaling, samples).unwrap();
                    inputs.check_finite().unwrap();
                    assert_eq!(inputs.n_samples(), which.len());
                    assert_eq!(inputs.to_vec(), expected);
                    let some = inputs.range(1..3).to_vec();
                    assert_eq!(some, expected[n_features..3 * n_features]);
                }
            }
        }
    }

    #[test]
    fn an_input_that_overflows_when_it_is_scaled_is_named() {
        let bytes = DMatrix::<u8>::from_row_slice(2, 2, &[0, 0, 0, 200]);
        let stored = Stored::Bytes(shaped_inputs(bytes.as_view(), 2).unwrap());
        let refused = |scale: &[f32], samples| {
            let (shift, rest) = (&[0.0; 2][..], &[0.0; 2][..]);
            let scaling = InputScaling { shift, rest, scale };
            let inputs = Inputs::new(stored, Some(scaling), samples);
            let checked = inputs.and_then(|mut inputs| inputs.check_finite());
            checked.err().map(|error| error.to_string())
        };
        let named = refused(&[1.0, 1e-37], None).unwrap();
        assert!(
            named.starts_with("feature 1 of sample 1 is 200, which becomes inf"),
            "{named}"
        );
        assert_eq!(refused(&[1.0, 1e-37], Some(&[0])), None);
        assert!(
            refused(&[0.0, 1.0], None)
                .unwrap()
                .contains("feature 0 of sample 0")
        );
        assert_eq!(
            refused(&[1.0], None).unwrap(),
            "the scaling's scale has length 1; expected 2"
        );
    }
}
