//! The features of samples as they are stored, borrowed: what a data set hands out, and a network reads.

use std::vec;

use nalgebra::DMatrixView;

use crate::Scalar;

/// Features as they are stored, and how they are scaled when they are read: for whoever reads them on the way to their use, without a
/// copy of them all.
///
/// ```
/// use nalgebra::dmatrix;
/// use smallbatch_base::{InputScaling, StoredFeatures, StoredValues};
///
/// // Two images of three pixels.
/// let pixels = dmatrix![0_u8, 7; 128, 0; 255, 9];
/// let scaling = InputScaling { shift: &[128.0_f32; 3], rest: &[0.0; 3], scale: &[64.0; 3] };
/// let features = StoredFeatures { values: StoredValues::Bytes(pixels.as_view()), scaling: Some(scaling) };
/// let mut first = Vec::new();
/// features.for_each_sample(|index, sample| if index == 0 { first = sample.to_vec() });
/// assert_eq!(first, [-2.0, 0.0, 1.984375]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct StoredFeatures<'a, T: Scalar> {
    /// What is stored, shape (`n_features`, `n_samples`).
    pub values: StoredValues<'a, T>,
    /// How each value is scaled when it is read; `None` where it is not.
    pub scaling: Option<InputScaling<'a, T>>,
}

/// Features as numbers, or as bytes that are read as the numbers 0 to 255; shape (`n_features`, `n_samples`).
#[derive(Clone, Copy, Debug)]
pub enum StoredValues<'a, T: Scalar> {
    /// Numbers.
    Numbers(DMatrixView<'a, T>),
    /// Bytes.
    Bytes(DMatrixView<'a, u8>),
}

/// How features are scaled when they are read: `x' = ((x - shift) - rest) / scale`, one of each a feature.
///
/// The shift is in two parts, so that it may be finer than the number type is: with the nearest number of the type as `shift`
/// and what that leaves as `rest`, inputs near the shift come out as exact as their own type allows. Each of the three
/// operations is rounded: what is read is what a loop over these operations would have stored.
#[derive(Clone, Copy, Debug)]
pub struct InputScaling<'a, T> {
    /// What is subtracted first, in the feature's unit.
    pub shift: &'a [T],
    /// What is subtracted then: the shift's remainder; 0 where there is none.
    pub rest: &'a [T],
    /// What is then divided by, in the feature's unit; not 0.
    pub scale: &'a [T],
}

impl<T: Scalar> StoredValues<'_, T> {
    /// (`n_features`, `n_samples`).
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Self::Numbers(numbers) => numbers.shape(),
            Self::Bytes(bytes) => bytes.shape(),
        }
    }
}

impl<T: Scalar> StoredFeatures<'_, T> {
    /// Calls `read` with each sample in turn, as it is read: as numbers, scaled. Allocates room for one.
    pub fn for_each_sample(&self, mut read: impl FnMut(usize, &[T])) {
        let (n_features, n_samples) = self.values.shape();
        let mut sample = vec![T::of(0.0); n_features];
        for index in 0..n_samples {
            self.read_sample(index, &mut sample);
            read(index, &sample);
        }
    }

    /// One sample, as it is read, into a slice of as many numbers as there are features.
    pub fn read_sample(&self, index: usize, sample: &mut [T]) {
        match self.values {
            StoredValues::Numbers(numbers) => {
                for (number, &stored) in sample.iter_mut().zip(numbers.column(index).iter()) {
                    *number = stored;
                }
            }
            StoredValues::Bytes(bytes) => {
                for (number, &stored) in sample.iter_mut().zip(bytes.column(index).iter()) {
                    *number = T::of(f64::from(stored));
                }
            }
        }
        if let Some(InputScaling { shift, rest, scale }) = self.scaling {
            let by = shift.iter().zip(rest).zip(scale);
            for (x, ((&shift, &rest), &scale)) in sample.iter_mut().zip(by) {
                *x = ((*x - shift) - rest) / scale;
            }
        }
    }
}
