//! z = W·a + b for one sample: a panel would have fifteen idle lanes of sixteen.

use pulp::{Arch, Simd, WithSimd};

use super::{Vectors, in_tiles};

/// `output = weight · input + bias`, one number a unit. The sums run over a vector's lanes first, so that they differ by
/// rounding from those over panels.
pub(crate) fn one_sample<T: Vectors>(output: &mut [T], weight: &[T], bias: &[T], input: &[T]) {
    Arch::new().dispatch(OneSample {
        output,
        weight,
        bias,
        input,
    });
}

pub(super) struct OneSample<'a, T> {
    pub(super) output: &'a mut [T],
    pub(super) weight: &'a [T],
    pub(super) bias: &'a [T],
    pub(super) input: &'a [T],
}

impl<T: Vectors> WithSimd for OneSample<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        in_tiles!(6, self.bias.len(), |M, unit| self.tile::<S, M>(simd, unit));
    }
}

impl<T: Vectors> OneSample<'_, T> {
    /// M units.
    #[inline(always)]
    fn tile<S: Simd, const M: usize>(&mut self, simd: S, unit: usize) {
        let fan_in = self.input.len();
        let weight = &self.weight[unit * fan_in..][..M * fan_in];
        let (input, rest) = T::vectors::<S>(self.input);
        let mut sums = [T::splat(simd, T::ZERO); M];
        for (k, &a) in input.iter().enumerate() {
            for (m, sum) in sums.iter_mut().enumerate() {
                let (row, _) =
                    T::vectors::<S>(&weight[m * fan_in + k * T::lanes::<S>()..][..T::lanes::<S>()]);
                *sum = T::mul_add(simd, row[0], a, *sum);
            }
        }
        if !rest.is_empty() {
            let a = T::partial_load(simd, rest);
            for (m, sum) in sums.iter_mut().enumerate() {
                let row = &weight[(m + 1) * fan_in - rest.len()..][..rest.len()];
                *sum = T::mul_add(simd, T::partial_load(simd, row), a, *sum);
            }
        }
        for (m, &sum) in sums.iter().enumerate() {
            self.output[unit + m] = T::add(self.bias[unit + m], T::sum_of_lanes(simd, sum));
        }
    }
}
