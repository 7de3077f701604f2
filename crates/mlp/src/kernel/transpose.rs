//! From samples to panels, and back.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::Vectors;
use super::decode::Decode;
use super::turn::{Block, SIDE, turned};
use crate::Scalar;

/// Samples of a data set: all of its columns one after the other, as they are stored, and which of them.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a, E> {
    pub(crate) values: &'a [E],
    /// From one column to the next.
    pub(crate) stride: usize,
    /// None for the first `n_samples`.
    pub(crate) which: Option<&'a [usize]>,
    pub(crate) n_samples: usize,
}

/// Room for samples one after the other.
pub(crate) struct Copies<'a, T> {
    pub(crate) values: &'a mut [T],
    /// From one sample to the next.
    pub(crate) stride: usize,
}

/// Gathers some rows of the samples into panels and, where there are `copies`, sample-major as well, both decoded: in one go,
/// so that the arithmetic of the one goes on while the other waits for memory. Lanes beyond the last sample become zero:
/// what was computed before, NaN even, must not live on in them.
pub(crate) fn into_panels<T: Scalar, D: Decode<T>>(
    source: Source<'_, D::Stored>,
    decode: D,
    rows: &Range<usize>,
    panels: &mut [T],
    copies: Option<Copies<'_, T>>,
) {
    Arch::new().dispatch(IntoPanels {
        source,
        decode,
        features: rows.clone(),
        panels,
        copies,
    });
}

/// Puts `n_samples` samples of `n_rows` numbers together again, `stride` apart.
pub(crate) fn from_panels<T: Scalar>(
    panels: &[T],
    n_rows: usize,
    n_samples: usize,
    samples: &mut [T],
    stride: usize,
) {
    Arch::new().dispatch(FromPanels {
        panels,
        n_rows,
        n_samples,
        samples,
        stride,
    });
}

/// 0 in the place of numbers that are too small to matter, in panels and in copies. After gathering, where it is needed: within
/// it, the compiler made the turned blocks' loads several times as slow.
pub(crate) fn flush_panels<T: Vectors>(values: &mut [T]) {
    Arch::new().dispatch(Flush { values });
}

struct Flush<'a, T> {
    values: &'a mut [T],
}

impl<T: Vectors> WithSimd for Flush<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (vectors, rest) = T::vectors_mut::<S>(self.values);
        for vector in vectors {
            *vector = T::flushed(simd, *vector, T::SMALLEST);
        }
        for number in rest {
            *number = T::flush(*number, T::SMALLEST);
        }
    }
}

struct IntoPanels<'a, T, D: Decode<T>> {
    source: Source<'a, D::Stored>,
    decode: D,
    features: Range<usize>,
    panels: &'a mut [T],
    copies: Option<Copies<'a, T>>,
}

impl<T: Scalar, D: Decode<T>> WithSimd for IntoPanels<'_, T, D> {
    type Output = ();

    /// As many samples at a time as a block has rows: all of a panel, or half of it.
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let n_features = self.features.len();
        for first in (0..self.source.n_samples).step_by(SIDE) {
            let n_samples = SIDE.min(self.source.n_samples - first);
            let mut samples: [&[D::Stored]; SIDE] = [&[]; SIDE];
            for (index, values) in samples.iter_mut().enumerate() {
                // Beyond the last sample the first is read again: a whole block is turned at the cost of a part.
                let sample = first + if index < n_samples { index } else { 0 };
                let place = self.source.which.map_or(sample, |which| which[sample]);
                let place = place * self.source.stride + self.features.start;
                *values = &self.source.values[place..][..n_features];
            }
            if n_features < SIDE {
                self.number_by_number(&samples[..n_samples], first);
            } else {
                self.blocks(simd, &samples, first, n_samples);
            }
            let (panel, lane) = (first / T::PANEL, first % T::PANEL);
            let is_last = first + SIDE >= self.source.n_samples;
            if is_last && lane + n_samples < T::PANEL {
                let panel = &mut self.panels[panel * n_features * T::PANEL..];
                for line in panel.chunks_exact_mut(T::PANEL).take(n_features) {
                    line[lane + n_samples..].fill(T::ZERO);
                }
            }
        }
    }
}

impl<T: Scalar, D: Decode<T>> IntoPanels<'_, T, D> {
    #[inline(always)]
    fn blocks<S: Simd>(
        &mut self,
        simd: S,
        samples: &[&[D::Stored]; SIDE],
        first: usize,
        n_samples: usize,
    ) {
        let n_features = self.features.len();
        let (panel, lane) = (first / T::PANEL, first % T::PANEL);
        for start in starts(n_features) {
            let mut block: Block<T> = [[T::ZERO; SIDE]; SIDE];
            for (row, stored) in block.iter_mut().zip(samples) {
                *row = self
                    .decode
                    .block(&stored[start..][..SIDE], self.features.start + start);
            }
            if let Some(copies) = &mut self.copies {
                let copy = &mut copies.values[first * copies.stride + start..];
                // A loop over all rows, or they would have to be in memory.
                for (index, row) in block.iter().enumerate() {
                    if index < n_samples {
                        copy[index * copies.stride..][..SIDE].copy_from_slice(row);
                    }
                }
            }
            let lines = &mut self.panels[(panel * n_features + start) * T::PANEL + lane..];
            for (index, turned) in turned(simd, block).iter().enumerate() {
                lines[index * T::PANEL..][..SIDE].copy_from_slice(turned);
            }
        }
    }

    /// Fewer features than a block has.
    #[inline(always)]
    fn number_by_number(&mut self, samples: &[&[D::Stored]], first: usize) {
        let n_features = self.features.len();
        let (panel, lane) = (first / T::PANEL, first % T::PANEL);
        let lines = &mut self.panels[panel * n_features * T::PANEL + lane..];
        for (index, sample) in samples.iter().enumerate() {
            let copy = match &mut self.copies {
                Some(copies) => &mut copies.values[(first + index) * copies.stride..],
                None => &mut [],
            };
            for (place, &stored) in sample.iter().enumerate() {
                let value = self.decode.number(stored, self.features.start + place);
                lines[place * T::PANEL + index] = value;
                if let Some(copy) = copy.get_mut(place) {
                    *copy = value;
                }
            }
        }
    }
}

struct FromPanels<'a, T> {
    panels: &'a [T],
    n_rows: usize,
    n_samples: usize,
    samples: &'a mut [T],
    stride: usize,
}

impl<T: Scalar> WithSimd for FromPanels<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match T::PANEL {
            8 => self.panels::<S, 8>(simd),
            _ => self.panels::<S, 16>(simd),
        }
    }
}

impl<T: Scalar> FromPanels<'_, T> {
    #[inline(always)]
    fn panels<S: Simd, const L: usize>(self, simd: S) {
        let mut rows = self.samples.chunks_mut(self.stride).take(self.n_samples);
        let n_panels = self.n_samples.div_ceil(L);
        let panels = self.panels.chunks_exact(self.n_rows * L);
        for panel in panels.take(n_panels) {
            // Empty beyond the last sample.
            let mut samples: [&mut [T]; L] = std::array::from_fn(|_| [].as_mut_slice());
            for (sample, row) in samples.iter_mut().zip(&mut rows) {
                *sample = row;
            }
            scatter(simd, panel.as_chunks::<L>().0, samples);
        }
    }
}

/// One panel's samples.
#[inline(always)]
fn scatter<T: Scalar, S: Simd, const L: usize>(simd: S, lines: &[[T; L]], samples: [&mut [T]; L]) {
    if lines.len() < SIDE {
        for (lane, sample) in samples.into_iter().enumerate() {
            for (number, line) in sample.iter_mut().zip(lines) {
                *number = line[lane];
            }
        }
        return;
    }
    for start in starts(lines.len()) {
        let Some(lines) = lines[start..].first_chunk::<SIDE>() else {
            return;
        };
        for half in (0..L).step_by(SIDE) {
            let mut block: Block<T> = [[T::ZERO; SIDE]; SIDE];
            for (row, line) in block.iter_mut().zip(lines) {
                row.copy_from_slice(&line[half..][..SIDE]);
            }
            for (turned, lane) in turned(simd, block).iter().zip(half..) {
                if let Some(numbers) = samples[lane].get_mut(start..start + SIDE) {
                    numbers.copy_from_slice(turned);
                }
            }
        }
    }
}

/// Where blocks begin that cover `0..n`: the last overlaps the one before it where n is not a multiple of a block.
#[inline(always)]
fn starts(n: usize) -> impl Iterator<Item = usize> {
    (0..n).step_by(SIDE).map(move |start| start.min(n - SIDE))
}
