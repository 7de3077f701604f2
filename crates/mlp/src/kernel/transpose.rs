//! From samples to panels, and back.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use smallbatch_base::PerType;

use super::Vectors;
use super::decode::{AsTheyAre, Decode};
use crate::Scalar;

/// Sides of a block that is turned in registers.
pub(super) const SIDE: usize = 8;

/// So many columns of all rows are turned before the next: both halves of a panel's lines are written while they are in the
/// first level of cache. (784 inputs of 32 samples: 17.8 µs, instead of 21.5 from one end of a row to the other.)
const COLUMNS: usize = 64;

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
    mut copies: Option<Copies<'_, T>>,
) {
    let panels = panels.chunks_exact_mut(rows.len() * T::PANEL);
    for (first, panel) in (0..source.n_samples).step_by(T::PANEL).zip(panels) {
        let n_samples = T::PANEL.min(source.n_samples - first);
        Arch::new().dispatch(Transpose {
            input: Matrix {
                source,
                first_row: first,
                n_rows: n_samples,
                columns: rows.clone(),
            },
            decode,
            output: panel,
            stride: T::PANEL,
            copies: copies.as_mut().map(|copies| Copies {
                values: &mut copies.values[first * copies.stride..],
                stride: copies.stride,
            }),
        });
        if n_samples < T::PANEL {
            for line in panel.chunks_exact_mut(T::PANEL) {
                line[n_samples..].fill(T::ZERO);
            }
        }
    }
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
            *number = T::flush(*number);
        }
    }
}

/// Puts `n_samples` samples of `n_rows` numbers together again, `stride` apart.
pub(crate) fn from_panels<T: Scalar>(
    panels: &[T],
    n_rows: usize,
    n_samples: usize,
    samples: &mut [T],
    stride: usize,
) {
    for (panel, samples) in panels
        .chunks_exact(n_rows * T::PANEL)
        .zip(samples.chunks_mut(T::PANEL * stride))
        .take(n_samples.div_ceil(T::PANEL))
    {
        let lanes = T::PANEL.min((samples.len() + stride - n_rows) / stride);
        Arch::new().dispatch(Transpose {
            input: Matrix {
                source: Source {
                    values: panel,
                    stride: T::PANEL,
                    which: None,
                    n_samples: n_rows,
                },
                first_row: 0,
                n_rows,
                columns: 0..lanes,
            },
            decode: AsTheyAre,
            output: samples,
            stride,
            copies: None,
        });
    }
}

/// Some columns of some rows, a source's samples being the rows.
struct Matrix<'a, E> {
    source: Source<'a, E>,
    first_row: usize,
    n_rows: usize,
    columns: Range<usize>,
}

impl<'a, E> Matrix<'a, E> {
    #[inline(always)]
    fn row(&self, row: usize) -> &'a [E] {
        let sample = self.first_row + row;
        let sample = match self.source.which {
            Some(which) => which[sample],
            None => sample,
        };
        &self.source.values[sample * self.source.stride..][self.columns.clone()]
    }
}

/// `output[column][row] = input[row][column]`, decoded, the output's rows `stride` apart; and the input's rows to `copies`.
struct Transpose<'a, T, D: Decode<T>> {
    input: Matrix<'a, D::Stored>,
    decode: D,
    output: &'a mut [T],
    stride: usize,
    copies: Option<Copies<'a, T>>,
}

impl<T: Scalar, D: Decode<T>> WithSimd for Transpose<'_, T, D> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let (n_rows, n_columns) = (self.input.n_rows, self.input.columns.len());
        if n_rows < SIDE || n_columns < SIDE {
            return self.number_by_number();
        }
        let mut some = 0..0;
        while some.end < n_columns {
            some = some.end..some.end + COLUMNS;
            // The last takes what is less than a block with it.
            if some.end + SIDE > n_columns {
                some.end = n_columns;
            }
            for row in starts(n_rows) {
                let mut rows: [&[D::Stored]; SIDE] = [&[]; SIDE];
                for (index, values) in rows.iter_mut().enumerate() {
                    *values = self.input.row(row + index);
                }
                for column in starts(some.len()) {
                    self.block(row, some.start + column, &rows);
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

impl<T: Scalar, D: Decode<T>> Transpose<'_, T, D> {
    #[inline(always)]
    fn block(&mut self, row: usize, column: usize, rows: &[&[D::Stored]; SIDE]) {
        let feature = self.input.columns.start + column;
        let mut block = [[T::ZERO; SIDE]; SIDE];
        for (values, row) in block.iter_mut().zip(rows) {
            *values = self.decode.block(&row[column..][..SIDE], feature);
        }
        if let Some(copies) = &mut self.copies {
            let copy = &mut copies.values[row * copies.stride + column..];
            for (index, values) in block.iter().enumerate() {
                copy[index * copies.stride..][..SIDE].copy_from_slice(values);
            }
        }
        let output = &mut self.output[column * self.stride + row..];
        for (index, turned) in T::per_type::<Turn>(block).iter().enumerate() {
            output[index * self.stride..][..SIDE].copy_from_slice(turned);
        }
    }

    /// Where a side is shorter than a block.
    #[inline(always)]
    fn number_by_number(self) {
        let Self {
            input,
            decode,
            output,
            stride,
            mut copies,
        } = self;
        for row in 0..input.n_rows {
            for (column, &stored) in input.row(row).iter().enumerate() {
                let value = decode.number(stored, input.columns.start + column);
                output[column * stride + row] = value;
                if let Some(copies) = &mut copies {
                    copies.values[row * copies.stride + column] = value;
                }
            }
        }
    }
}

/// A square of numbers.
type Block<T> = [[T; SIDE]; SIDE];

/// `result[column][row] = block[row][column]`.
struct Turn;

impl PerType for Turn {
    type Arguments<'a, T: Scalar> = Block<T>;
    type Output<'a, T: Scalar> = Block<T>;

    #[inline(always)]
    fn narrow<'a>(block: Self::Arguments<'a, f32>) -> Self::Output<'a, f32> {
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            return turn_with_avx(simd.avx, block);
        }
        turn(block)
    }

    #[inline(always)]
    fn wide<'a>(block: Self::Arguments<'a, f64>) -> Self::Output<'a, f64> {
        turn(block)
    }
}

/// Any block, number by number.
#[inline(always)]
fn turn<T: Copy>(rows: Block<T>) -> Block<T> {
    std::array::from_fn(|column| std::array::from_fn(|row| rows[row][column]))
}

/// A block of f32 in AVX registers: pairs of rows are interleaved, then pairs of pairs, then the halves are exchanged.
/// Twice as fast as `turn`, 3 % of a step of 784-128-10 at batch 32. Without closures: these would not be compiled for AVX.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn turn_with_avx(avx: pulp::core_arch::x86::Avx, rows: Block<f32>) -> Block<f32> {
    let [a, b, c, d, e, f, g, h] = rows;
    let [a0, a1, a2, a3] = turn_quarters(avx, a, b, c, d);
    let [e0, e1, e2, e3] = turn_quarters(avx, e, f, g, h);
    [
        pulp::cast(avx._mm256_permute2f128_ps::<0x20>(a0, e0)),
        pulp::cast(avx._mm256_permute2f128_ps::<0x20>(a1, e1)),
        pulp::cast(avx._mm256_permute2f128_ps::<0x20>(a2, e2)),
        pulp::cast(avx._mm256_permute2f128_ps::<0x20>(a3, e3)),
        pulp::cast(avx._mm256_permute2f128_ps::<0x31>(a0, e0)),
        pulp::cast(avx._mm256_permute2f128_ps::<0x31>(a1, e1)),
        pulp::cast(avx._mm256_permute2f128_ps::<0x31>(a2, e2)),
        pulp::cast(avx._mm256_permute2f128_ps::<0x31>(a3, e3)),
    ]
}

/// Both halves of four rows, each a square of four, turned.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn turn_quarters(
    avx: pulp::core_arch::x86::Avx,
    a: [f32; SIDE],
    b: [f32; SIDE],
    c: [f32; SIDE],
    d: [f32; SIDE],
) -> [std::arch::x86_64::__m256; 4] {
    let (a, b) = (pulp::cast(a), pulp::cast(b));
    let (c, d) = (pulp::cast(c), pulp::cast(d));
    let (low, high) = (avx._mm256_unpacklo_ps(a, b), avx._mm256_unpackhi_ps(a, b));
    let (low2, high2) = (avx._mm256_unpacklo_ps(c, d), avx._mm256_unpackhi_ps(c, d));
    [
        avx._mm256_shuffle_ps::<0b01_00_01_00>(low, low2),
        avx._mm256_shuffle_ps::<0b11_10_11_10>(low, low2),
        avx._mm256_shuffle_ps::<0b01_00_01_00>(high, high2),
        avx._mm256_shuffle_ps::<0b11_10_11_10>(high, high2),
    ]
}
