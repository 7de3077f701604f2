//! Moments of one block of samples that is small enough to stay in the cache.
//!
//! Deviations are taken from a centre near the mean, and their sum corrects for the centre not being the mean:
//! with dᵢ = xᵢ - c, the mean is c + Σdᵢ/n and the sum of squares Σdᵢ² - (Σdᵢ)²/n. The closer c, the less
//! the subtraction loses. The first block is read twice, for its mean and then for the deviations from it; later blocks
//! are read once, with the same centre, and again only when it turns out to be far from their own mean.
//!
//! The inner loops run along contiguous memory, a *lane* a value of the sample. When samples are short, several of them
//! are taken as one row of many lanes, so that the vector unit is full even for one feature.

use smallbatch_base::vectorized;

use crate::Scalar;
use crate::lanes::lanes;
use crate::stats::squares::{SMALL, Squares};

/// What the samples of one block say about one feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moments {
    pub(crate) count: u64,
    pub(crate) weight: f64,
    pub(crate) mean: f64,
    /// What the mean lost when it was rounded to an `f64`.
    pub(crate) mean_rest: f64,
    pub(crate) squares: Squares,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Moments {
    pub(crate) const NONE: Self = Self {
        count: 0,
        weight: 0.0,
        mean: 0.0,
        mean_rest: 0.0,
        squares: Squares::ZERO,
        min: 0.0,
        max: 0.0,
    };

    /// The careful way, for any finite values: no sum overflows unless the variance itself does, and no
    /// deviation underflows. Pairs are a value and its positive weight; they are gone through several times.
    pub(crate) fn careful(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        let Some((first, _)) = pairs.clone().next() else {
            return Self::NONE;
        };
        let (mut count, mut weight) = (0, 0.0);
        let (mut min, mut max) = (first, first);
        for (x, w) in pairs.clone() {
            count += 1;
            weight += w;
            min = if x < min { x } else { min };
            max = if x > max { x } else { max };
        }
        let largest = max.abs().max(min.abs());
        let mut mean = if largest * weight < 1e300 {
            pairs.clone().map(|(x, w)| w * x).sum::<f64>() / weight
        } else {
            pairs.clone().map(|(x, w)| x * (w / weight)).sum::<f64>()
        };
        mean += pairs
            .clone()
            .map(|(x, w)| (x - mean) * (w / weight))
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
        for (x, w) in pairs {
            let deviation = super::squares::times_power_of_two(x - mean, -exponent);
            value += w * deviation * deviation;
            rest += w * deviation;
        }
        let (value, mean_rest) = if min == max {
            (0.0, 0.0)
        } else {
            let mean_rest = super::squares::times_power_of_two(rest / weight, exponent);
            // In this order no product overflows before the sum of squares does.
            (about_the_mean(value, rest * (rest / weight)), mean_rest)
        };
        Self {
            count,
            weight,
            mean,
            mean_rest,
            squares: Squares { value, exponent },
            min,
            max,
        }
    }
}

/// The sum of squares about the mean, from that about a centre near it: never below 0, and infinite where either number
/// overflowed. (∞ - ∞ is NaN, and `f64::max` would make of it a 0: a constant feature.)
fn about_the_mean(squares: f64, correction: f64) -> f64 {
    if squares.is_finite() && correction.is_finite() {
        (squares - correction).max(0.0)
    } else {
        f64::INFINITY
    }
}

/// a + b as an `f64`, and what its rounding lost (Knuth's two-sum); 0 where the sum is not finite.
pub(crate) fn sum_and_rest(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    let rest = (a - (sum - of_b)) + (b - of_b);
    (sum, if rest.is_finite() { rest } else { 0.0 })
}

/// Buffers for the moments of one block, reused from block to block.
#[derive(Clone)]
pub(crate) struct BlockMoments<T> {
    n_features: usize,
    sum: Vec<f64>,
    centre: Vec<f64>,
    rest: Vec<f64>,
    squares: Vec<f64>,
    min: Vec<T>,
    max: Vec<T>,
    /// The weight of each value of the block, when samples have weights.
    weights: Vec<T>,
    /// Whether the centre is from an earlier block, and so far near the mean.
    centred: bool,
    /// The result, one a feature.
    pub(crate) features: Vec<Moments>,
    /// Whether a feature's sums are not to be trusted: NaN, overflow, or underflow.
    pub(crate) doubtful: Vec<bool>,
}

impl<T: Scalar> BlockMoments<T> {
    pub(crate) fn new(n_features: usize, n_samples: usize) -> Self {
        let lanes = row(n_features, n_samples);
        Self {
            n_features,
            sum: vec![0.0; lanes],
            centre: vec![0.0; lanes],
            rest: vec![0.0; lanes],
            squares: vec![0.0; lanes],
            min: vec![T::zero(); lanes],
            max: vec![T::zero(); lanes],
            weights: Vec::new(),
            centred: false,
            features: vec![Moments::NONE; n_features],
            doubtful: vec![false; n_features],
        }
    }

    /// The moments of the features of `block` (sample after sample). `features` and `doubtful` are set.
    pub(crate) fn compute(&mut self, block: &[T], weights: Option<&[T]>) {
        let d = self.n_features;
        let first = weights.map_or(Some(0), |w| w.iter().position(|w| w.to_f64() > 0.0));
        let Some(first) = first else {
            self.features.fill(Moments::NONE);
            // No value counts, but each is still held to the policy.
            self.doubtful.fill(true);
            return;
        };
        // The least and greatest values start from a sample that counts.
        let seed = &block[first * d..(first + 1) * d];
        for copy in (0..self.sum.len()).step_by(d) {
            self.min[copy..copy + d].copy_from_slice(seed);
            self.max[copy..copy + d].copy_from_slice(seed);
        }
        let (count, total) = self.spread_weights(block.len() / d, weights);
        if self.centred {
            self.add_deviations(block, weights);
        }
        if !self.centred || !self.is_near(total) {
            self.add_sums(block, weights, total);
            self.add_deviations(block, weights);
        }
        gather(&mut self.min, d, lesser);
        gather(&mut self.max, d, greater);
        for j in 0..d {
            self.features[j] = self.feature(j, count, total);
            let Moments {
                mean,
                squares,
                min,
                max,
                ..
            } = self.features[j];
            let range = max - min;
            // A NaN or an infinity, and an overflow of a sum, all leave one of these not finite.
            let sound = (self.centre[j] + self.rest[j]).is_finite()
                && mean.is_finite()
                && squares.value.is_finite()
                && (range == 0.0 || range >= SMALL);
            self.doubtful[j] = !sound;
        }
        self.centred = !self.doubtful.contains(&true);
    }

    /// Sets the centre to the block's mean.
    fn add_sums(&mut self, block: &[T], weights: Option<&[T]>, total: f64) {
        let d = self.n_features;
        self.sum.fill(0.0);
        match weights {
            None => plain_sums(block, &mut self.sum),
            Some(_) => weighted_sums(block, &self.weights, &mut self.sum),
        }
        gather(&mut self.sum, d, |a, b| a + b);
        for (centre, sum) in self.centre[..d].iter_mut().zip(&self.sum) {
            *centre = sum / total;
        }
        for copy in (d..self.centre.len()).step_by(d) {
            self.centre.copy_within(..d, copy);
        }
    }

    /// Sums the deviations from the centre and their squares, and finds the extremes.
    fn add_deviations(&mut self, block: &[T], weights: Option<&[T]>) {
        self.rest.fill(0.0);
        self.squares.fill(0.0);
        let lanes = Lanes {
            centre: &self.centre,
            rest: &mut self.rest,
            squares: &mut self.squares,
            min: &mut self.min,
            max: &mut self.max,
        };
        match weights {
            None => plain_deviations(block, lanes),
            Some(_) => weighted_deviations(block, &self.weights, lanes),
        }
        gather(&mut self.rest, self.n_features, |a, b| a + b);
        gather(&mut self.squares, self.n_features, |a, b| a + b);
    }

    /// Whether the centre is within four deviations of every feature's mean: the subtraction then loses at most
    /// log2(17) bits, about four, of the sum's 53. NaN is not near.
    fn is_near(&self, total: f64) -> bool {
        let d = self.n_features;
        let mut near = true;
        for (rest, squares) in self.rest[..d].iter().zip(&self.squares[..d]) {
            near &= rest * rest * 17.0 <= squares * total * 16.0;
        }
        near
    }

    /// Gives each value its sample's weight; returns how many samples count, and their weight.
    fn spread_weights(&mut self, n_samples: usize, weights: Option<&[T]>) -> (u64, f64) {
        let Some(weights) = weights else {
            return (n_samples as u64, n_samples as f64);
        };
        self.weights
            .resize(weights.len() * self.n_features, T::zero());
        if self.n_features == 1 {
            self.weights.copy_from_slice(weights);
        } else {
            let samples = self.weights.chunks_exact_mut(self.n_features);
            for (sample, &w) in samples.zip(weights) {
                sample.fill(w);
            }
        }
        let count = weights.iter().filter(|w| w.to_f64() > 0.0).count();
        (count as u64, weights.iter().map(|w| w.to_f64()).sum())
    }

    /// The moments of one feature, from its gathered lanes.
    fn feature(&self, j: usize, count: u64, weight: f64) -> Moments {
        let (rest, squares) = (self.rest[j], self.squares[j]);
        let (min, max) = (self.min[j].to_f64(), self.max[j].to_f64());
        if min == max {
            return Moments {
                count,
                weight,
                mean: min,
                mean_rest: 0.0,
                squares: Squares::ZERO,
                min,
                max,
            };
        }
        let (mean, mean_rest) = sum_and_rest(self.centre[j], rest / weight);
        Moments {
            count,
            weight,
            mean,
            mean_rest,
            squares: Squares::plain(about_the_mean(squares, rest * rest / weight)),
            min,
            max,
        }
    }
}

/// Brings the samples of a row together: lane j with the lanes j + d, j + 2 d, ... into lane j.
fn gather<V: Copy>(lanes: &mut [V], d: usize, join: impl Fn(V, V) -> V) {
    let (first, others) = lanes.split_at_mut(d);
    for other in others.chunks_exact(d) {
        for (a, &b) in first.iter_mut().zip(other) {
            *a = join(*a, b);
        }
    }
}

/// Lanes worked on at a time, in registers.
const WIDTH: usize = 16;
/// Rows worked on at a time: the sums are then read and written once in so many rows.
const ROWS: usize = 8;
/// Rows of large data are at least so long. A tile reads a cache line from each of its rows; in shorter rows the processor
/// does not see eight streams in that, and fetches nothing ahead. (30 features took half as long again with rows of 240.)
const LONG: usize = 768;
/// The same for data of a few rows, which is in the cache already.
const SHORT: usize = 128;

#[inline(always)]
fn lesser<T: Scalar>(a: T, b: T) -> T {
    if a < b { a } else { b }
}

#[inline(always)]
fn greater<T: Scalar>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

#[inline(always)]
fn load<V: Copy>(values: &[V], at: usize, zero: V) -> [V; WIDTH] {
    let mut lanes = [zero; WIDTH];
    lanes.copy_from_slice(&values[at..at + WIDTH]);
    lanes
}

#[inline(always)]
fn store<V: Copy>(values: &mut [V], at: usize, lanes: [V; WIDTH]) {
    values[at..at + WIDTH].copy_from_slice(&lanes);
}

/// Adds every value, times its weight, to the sum of its lane.
///
/// Fixed arrays of lanes stay in registers, and need no proof that sums and values do not overlap: without them the
/// compiler gives up on vectors. `weights` is as long as `block` when WEIGHTED, else unused.
#[inline(always)]
fn sums<T: Scalar, const WEIGHTED: bool>(block: &[T], weights: &[T], sum: &mut [f64]) {
    let lanes = sum.len();
    let wide = lanes - lanes % WIDTH;
    let whole = block.len() - block.len() % (ROWS * lanes);
    for group in (0..whole).step_by(ROWS * lanes) {
        for lane in (0..wide).step_by(WIDTH) {
            let mut s = load(sum, lane, 0.0);
            for row in 0..ROWS {
                let at = group + row * lanes + lane;
                let x = load(block, at, T::zero());
                let w = weights_at::<T, WEIGHTED>(weights, at);
                for k in 0..WIDTH {
                    s[k] += if WEIGHTED {
                        w[k].to_f64() * x[k].to_f64()
                    } else {
                        x[k].to_f64()
                    };
                }
            }
            store(sum, lane, s);
        }
    }
    for_each_left_over(block.len(), lanes, |i, lane| {
        let w = if WEIGHTED { weights[i].to_f64() } else { 1.0 };
        sum[lane] += w * block[i].to_f64();
    });
}

#[inline(always)]
fn weights_at<T: Scalar, const WEIGHTED: bool>(weights: &[T], at: usize) -> [T; WIDTH] {
    if WEIGHTED {
        load(weights, at, T::zero())
    } else {
        [T::one(); WIDTH]
    }
}

/// The accumulators of [`deviations`], one a lane.
struct Lanes<'a, T> {
    centre: &'a [f64],
    rest: &'a mut [f64],
    squares: &'a mut [f64],
    min: &'a mut [T],
    max: &'a mut [T],
}

/// Adds every value's deviation from its lane's centre, and the deviation's square, each times its weight, and keeps the
/// lane's least and greatest value.
///
/// A value of weight 0 does not reach the extremes; if it is NaN or infinite the sum becomes NaN, which is noticed.
#[inline(always)]
fn deviations<T: Scalar, const WEIGHTED: bool>(block: &[T], weights: &[T], to: Lanes<'_, T>) {
    let lanes = to.centre.len();
    let wide = lanes - lanes % WIDTH;
    let whole = block.len() - block.len() % (ROWS * lanes);
    for group in (0..whole).step_by(ROWS * lanes) {
        for lane in (0..wide).step_by(WIDTH) {
            let m = load(to.centre, lane, 0.0);
            let mut r = load(to.rest, lane, 0.0);
            let mut q = load(to.squares, lane, 0.0);
            let mut low = load(to.min, lane, T::zero());
            let mut high = load(to.max, lane, T::zero());
            for row in 0..ROWS {
                let at = group + row * lanes + lane;
                let x = load(block, at, T::zero());
                let w = weights_at::<T, WEIGHTED>(weights, at);
                for k in 0..WIDTH {
                    let deviation = x[k].to_f64() - m[k];
                    let weighted = if WEIGHTED {
                        w[k].to_f64() * deviation
                    } else {
                        deviation
                    };
                    r[k] += weighted;
                    q[k] += weighted * deviation;
                }
                for k in 0..WIDTH {
                    let counts = !WEIGHTED | (w[k] > T::zero());
                    low[k] = if (x[k] < low[k]) & counts {
                        x[k]
                    } else {
                        low[k]
                    };
                    high[k] = if (x[k] > high[k]) & counts {
                        x[k]
                    } else {
                        high[k]
                    };
                }
            }
            store(to.rest, lane, r);
            store(to.squares, lane, q);
            store(to.min, lane, low);
            store(to.max, lane, high);
        }
    }
    for_each_left_over(block.len(), lanes, |i, lane| {
        let (x, w) = (block[i], if WEIGHTED { weights[i] } else { T::one() });
        let deviation = x.to_f64() - to.centre[lane];
        to.rest[lane] += w.to_f64() * deviation;
        to.squares[lane] += w.to_f64() * deviation * deviation;
        if w > T::zero() {
            to.min[lane] = lesser(x, to.min[lane]);
            to.max[lane] = greater(x, to.max[lane]);
        }
    });
}

#[inline(always)]
fn sums_of_ones<T: Scalar>(block: &[T], sum: &mut [f64]) {
    sums::<T, false>(block, &[], sum);
}

#[inline(always)]
fn deviations_of_ones<T: Scalar>(block: &[T], to: Lanes<'_, T>) {
    deviations::<T, false>(block, &[], to);
}

vectorized! {
    fn plain_sums(block: &'a [T], sum: &'a mut [f64]) -> () = sums_of_ones;
}

vectorized! {
    fn weighted_sums(block: &'a [T], weights: &'a [T], sum: &'a mut [f64]) -> () = sums::<T, true>;
}

vectorized! {
    fn plain_deviations(block: &'a [T], to: Lanes<'a, T>) -> () = deviations_of_ones;
}

vectorized! {
    fn weighted_deviations(block: &'a [T], weights: &'a [T], to: Lanes<'a, T>) -> () =
        deviations::<T, true>;
}

/// Calls `work(value, lane)` for what the tiles of `ROWS` by `WIDTH` leave over: at the right of the whole groups of
/// rows, and below them.
#[inline(always)]
fn for_each_left_over(n_values: usize, lanes: usize, mut work: impl FnMut(usize, usize)) {
    let (wide, whole) = (lanes - lanes % WIDTH, n_values - n_values % (ROWS * lanes));
    for row in (0..n_values).step_by(lanes) {
        let first = if row < whole { wide } else { 0 };
        for lane in first..lanes.min(n_values - row) {
            work(row + lane, lane);
        }
    }
}

/// The length of a row for so many samples.
fn row(n_features: usize, n_samples: usize) -> usize {
    let few = n_features * n_samples < 2 * ROWS * LONG;
    lanes(n_features, if few { SHORT } else { LONG })
}

/// Samples close to `wanted`, in whole groups of rows, so that nothing is left over at the bottom: for blocks of data of
/// so many samples.
pub(crate) fn block_samples(n_features: usize, n_samples: usize, wanted: usize) -> usize {
    let group = ROWS * row(n_features, n_samples) / n_features;
    (wanted / group).max(1) * group
}
