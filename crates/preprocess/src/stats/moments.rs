//! Moments of one block of samples that is small enough to stay in the cache.
//!
//! Two passes over the block: the sums (with least and greatest values), then the squared deviations
//! from the block's mean together with the sum of the deviations, which corrects the mean's rounding.
//! The inner loops run along contiguous memory, a *lane* a value of the sample. When samples are short,
//! several of them are taken as one row of many lanes, so that the vector unit is full even for one
//! feature.

use crate::Scalar;
use crate::stats::squares::{SMALL, Squares};

/// What the samples of one block say about one feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moments {
    pub(crate) count: u64,
    pub(crate) weight: f64,
    pub(crate) mean: f64,
    pub(crate) squares: Squares,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Moments {
    pub(crate) const NONE: Self = Self {
        count: 0,
        weight: 0.0,
        mean: 0.0,
        squares: Squares::ZERO,
        min: 0.0,
        max: 0.0,
    };

    /// The careful way, for any finite values: no sum overflows unless the variance itself does, and no
    /// deviation underflows. Pairs are a value and its positive weight.
    pub(crate) fn careful(pairs: &[(f64, f64)]) -> Self {
        let Some(&(first, _)) = pairs.first() else {
            return Self::NONE;
        };
        let weight: f64 = pairs.iter().map(|p| p.1).sum();
        let (min, max) = pairs.iter().fold((first, first), |(low, high), &(x, _)| {
            (
                if x < low { x } else { low },
                if x > high { x } else { high },
            )
        });
        let largest = max.abs().max(min.abs());
        let mut mean = if largest * weight < 1e300 {
            pairs.iter().map(|&(x, w)| w * x).sum::<f64>() / weight
        } else {
            pairs.iter().map(|&(x, w)| x * (w / weight)).sum::<f64>()
        };
        mean += pairs
            .iter()
            .map(|&(x, w)| (x - mean) * (w / weight))
            .sum::<f64>();
        // Rounding must not push the mean out of the values' range.
        mean = if mean < min {
            min
        } else if mean > max {
            max
        } else {
            mean
        };
        let exponent = Squares::exponent_for((max - mean).max(mean - min));
        let mut value = 0.0;
        let mut rest = 0.0;
        for &(x, w) in pairs {
            let deviation = super::squares::times_power_of_two(x - mean, -exponent);
            value += w * deviation * deviation;
            rest += w * deviation;
        }
        let value = if min == max {
            0.0
        } else {
            (value - rest * rest / weight).max(0.0)
        };
        Self {
            count: pairs.len() as u64,
            weight,
            mean,
            squares: Squares { value, exponent },
            min,
            max,
        }
    }
}

/// Buffers for the moments of one block, reused from block to block.
pub(crate) struct BlockMoments<T> {
    n_features: usize,
    /// Samples taken as one row; 1 for long samples.
    per_row: usize,
    sum: Vec<f64>,
    centre: Vec<f64>,
    rest: Vec<f64>,
    squares: Vec<f64>,
    min: Vec<T>,
    max: Vec<T>,
    /// The result, one a feature.
    pub(crate) features: Vec<Moments>,
    /// Whether a feature's sums are not to be trusted: NaN, overflow, or underflow.
    pub(crate) doubtful: Vec<bool>,
}

/// Rows are made at least this long, in values: the loops' set-up is then a small part of the work.
const LANES: usize = 128;

impl<T: Scalar> BlockMoments<T> {
    pub(crate) fn new(n_features: usize, weighted: bool) -> Self {
        let per_row = if weighted {
            1
        } else {
            LANES.div_ceil(n_features)
        };
        let lanes = n_features * per_row;
        Self {
            n_features,
            per_row,
            sum: vec![0.0; lanes],
            centre: vec![0.0; lanes],
            rest: vec![0.0; lanes],
            squares: vec![0.0; lanes],
            min: vec![T::zero(); lanes],
            max: vec![T::zero(); lanes],
            features: vec![Moments::NONE; n_features],
            doubtful: vec![false; n_features],
        }
    }

    /// The moments of the features of `block` (sample after sample). `features` and `doubtful` are set.
    pub(crate) fn compute(&mut self, block: &[T], weights: Option<&[T]>) {
        let n_samples = block.len() / self.n_features;
        let count = weights.map_or(n_samples, |w| w.iter().filter(|w| w.to_f64() > 0.0).count());
        let Some(seed) = seed_sample(block, self.n_features, weights) else {
            self.features.fill(Moments::NONE);
            self.doubtful.fill(false);
            return;
        };
        for lane in 0..self.sum.len() {
            self.min[lane] = seed[lane % self.n_features];
            self.max[lane] = seed[lane % self.n_features];
        }
        self.sum.fill(0.0);
        self.rest.fill(0.0);
        self.squares.fill(0.0);

        let arch = pulp::Arch::new();
        let total = match weights {
            None => {
                arch.dispatch(|| sums(block, &mut self.sum, &mut self.min, &mut self.max));
                n_samples as f64
            }
            Some(w) => {
                arch.dispatch(|| {
                    weighted_sums(block, w, &mut self.sum, &mut self.min, &mut self.max)
                });
                w.iter().map(|w| w.to_f64()).sum()
            }
        };
        let d = self.n_features;
        for j in 0..d {
            let sum: f64 = self.sum[j..].iter().step_by(d).sum();
            self.sum[j] = sum;
            self.centre[j] = sum / total;
        }
        self.centre.copy_within_tiles(d, self.per_row);
        match weights {
            None => {
                arch.dispatch(|| deviations(block, &self.centre, &mut self.rest, &mut self.squares))
            }
            Some(w) => {
                arch.dispatch(|| {
                    weighted_deviations(block, w, &self.centre, &mut self.rest, &mut self.squares);
                });
            }
        }
        for j in 0..d {
            let rest: f64 = self.rest[j..].iter().step_by(d).sum();
            let squares: f64 = self.squares[j..].iter().step_by(d).sum();
            let (mut min, mut max) = (self.min[j], self.max[j]);
            for lane in (j + d..self.min.len()).step_by(d) {
                min = lesser(self.min[lane], min);
                max = greater(self.max[lane], max);
            }
            let (min, max) = (min.to_f64(), max.to_f64());
            let range = max - min;
            let mean = self.centre[j] + rest / total;
            let squares = if range == 0.0 {
                0.0
            } else {
                (squares - rest * rest / total).max(0.0)
            };
            self.features[j] = Moments {
                count: count as u64,
                weight: total,
                mean: if range == 0.0 { min } else { mean },
                squares: Squares::plain(squares),
                min,
                max,
            };
            // A NaN or an infinity, and an overflow of the sum, all leave the sum not finite.
            let sound =
                self.sum[j].is_finite() && squares.is_finite() && (range == 0.0 || range >= SMALL);
            self.doubtful[j] = !sound;
        }
    }
}

/// A first sample to start the least and greatest values from: one of positive weight.
fn seed_sample<'a, T: Scalar>(block: &'a [T], d: usize, weights: Option<&[T]>) -> Option<&'a [T]> {
    let first = match weights {
        None => 0,
        Some(w) => w.iter().position(|w| w.to_f64() > 0.0)?,
    };
    block.get(first * d..(first + 1) * d)
}

trait Tiles {
    fn copy_within_tiles(&mut self, tile: usize, times: usize);
}

impl Tiles for [f64] {
    /// Copies the first `tile` values behind themselves until there are `times` copies.
    fn copy_within_tiles(&mut self, tile: usize, times: usize) {
        for i in 1..times {
            self.copy_within(..tile, i * tile);
        }
    }
}

#[inline(always)]
fn lesser<T: Scalar>(a: T, b: T) -> T {
    if a < b { a } else { b }
}

#[inline(always)]
fn greater<T: Scalar>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// Adds every lane to its sum, and keeps its least and greatest value. Four rows at a time: a quarter
/// of the traffic to the sums, and shorter chains of additions.
#[inline(always)]
fn sums<T: Scalar>(block: &[T], sum: &mut [f64], min: &mut [T], max: &mut [T]) {
    let lanes = sum.len();
    let (sum, min, max) = (&mut sum[..lanes], &mut min[..lanes], &mut max[..lanes]);
    let mut fours = block.chunks_exact(4 * lanes);
    for four in &mut fours {
        let (ab, cd) = four.split_at(2 * lanes);
        let (a, b) = ab.split_at(lanes);
        let (c, d) = cd.split_at(lanes);
        let (a, b, c, d) = (&a[..lanes], &b[..lanes], &c[..lanes], &d[..lanes]);
        for j in 0..lanes {
            let (a, b, c, d) = (a[j], b[j], c[j], d[j]);
            sum[j] += (a.to_f64() + b.to_f64()) + (c.to_f64() + d.to_f64());
            min[j] = lesser(lesser(lesser(a, b), lesser(c, d)), min[j]);
            max[j] = greater(greater(greater(a, b), greater(c, d)), max[j]);
        }
    }
    for row in fours.remainder().chunks(lanes) {
        for (((&x, sum), min), max) in row.iter().zip(&mut *sum).zip(&mut *min).zip(&mut *max) {
            *sum += x.to_f64();
            *min = lesser(x, *min);
            *max = greater(x, *max);
        }
    }
}

/// Adds every lane's deviation from its centre, and the deviation's square.
#[inline(always)]
fn deviations<T: Scalar>(block: &[T], centre: &[f64], rest: &mut [f64], squares: &mut [f64]) {
    let lanes = centre.len();
    let (rest, squares) = (&mut rest[..lanes], &mut squares[..lanes]);
    let mut fours = block.chunks_exact(4 * lanes);
    for four in &mut fours {
        let (ab, cd) = four.split_at(2 * lanes);
        let (a, b) = ab.split_at(lanes);
        let (c, d) = cd.split_at(lanes);
        let (a, b, c, d) = (&a[..lanes], &b[..lanes], &c[..lanes], &d[..lanes]);
        for j in 0..lanes {
            let m = centre[j];
            let (a, b) = (a[j].to_f64() - m, b[j].to_f64() - m);
            let (c, d) = (c[j].to_f64() - m, d[j].to_f64() - m);
            rest[j] += (a + b) + (c + d);
            squares[j] += (a * a + b * b) + (c * c + d * d);
        }
    }
    for row in fours.remainder().chunks(lanes) {
        for (((&x, &m), rest), squares) in row.iter().zip(centre).zip(&mut *rest).zip(&mut *squares)
        {
            let deviation = x.to_f64() - m;
            *rest += deviation;
            *squares += deviation * deviation;
        }
    }
}

#[inline(always)]
fn weighted_sums<T: Scalar>(
    block: &[T],
    weights: &[T],
    sum: &mut [f64],
    min: &mut [T],
    max: &mut [T],
) {
    for (row, w) in block.chunks_exact(sum.len()).zip(weights) {
        let w = w.to_f64();
        if w == 0.0 {
            continue; // A sample of weight 0 is not there: its extremes do not count either.
        }
        for (((&x, sum), min), max) in row.iter().zip(&mut *sum).zip(&mut *min).zip(&mut *max) {
            *sum += w * x.to_f64();
            *min = lesser(x, *min);
            *max = greater(x, *max);
        }
    }
}

#[inline(always)]
fn weighted_deviations<T: Scalar>(
    block: &[T],
    weights: &[T],
    centre: &[f64],
    rest: &mut [f64],
    squares: &mut [f64],
) {
    for (row, w) in block.chunks_exact(centre.len()).zip(weights) {
        let w = w.to_f64();
        if w == 0.0 {
            continue;
        }
        for (((&x, &m), rest), squares) in row.iter().zip(centre).zip(&mut *rest).zip(&mut *squares)
        {
            let deviation = x.to_f64() - m;
            *rest += w * deviation;
            *squares += w * deviation * deviation;
        }
    }
}
