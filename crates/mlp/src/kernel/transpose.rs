//! From samples to panels, and back.

use pulp::{Arch, Simd, WithSimd};

use super::Vectors;

/// Sides of a block that is turned in registers.
const SIDE: usize = 8;

/// Cuts `n_samples` samples of `n_rows` numbers, `stride` apart, into panels. Lanes beyond the last sample are left as
/// they are.
pub(crate) fn into_panels<T: Vectors>(
    samples: &[T],
    stride: usize,
    n_samples: usize,
    n_rows: usize,
    panels: &mut [T],
) {
    for (index, panel) in panels.chunks_exact_mut(n_rows * T::PANEL).enumerate() {
        let first = index * T::PANEL;
        let Some(n_samples) = n_samples.checked_sub(first) else {
            break;
        };
        let n_samples = n_samples.min(T::PANEL);
        let samples = Matrix::new(&samples[first * stride..], stride, n_samples, n_rows);
        samples.transpose(panel, T::PANEL);
    }
}

/// Puts `n_samples` samples of `n_rows` numbers together again, `stride` apart.
pub(crate) fn from_panels<T: Vectors>(
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
        Matrix::new(panel, T::PANEL, n_rows, lanes).transpose(samples, stride);
    }
}

/// Rows of numbers, `stride` apart.
struct Matrix<'a, T> {
    values: &'a [T],
    stride: usize,
    n_rows: usize,
    n_columns: usize,
}

impl<'a, T: Copy> Matrix<'a, T> {
    fn new(values: &'a [T], stride: usize, n_rows: usize, n_columns: usize) -> Self {
        Self {
            values,
            stride,
            n_rows,
            n_columns,
        }
    }

    /// `output[column][row] = self[row][column]`, the output's rows `stride` apart.
    fn transpose(self, output: &mut [T], stride: usize) {
        Arch::new().dispatch(Transpose {
            input: self,
            output,
            stride,
        });
    }

    #[inline(always)]
    fn turn_block(&self, row: usize, column: usize, output: &mut [T], stride: usize) {
        let input = &self.values[row * self.stride + column..];
        let rows: [&[T]; SIDE] = std::array::from_fn(|row| &input[row * self.stride..][..SIDE]);
        let output = &mut output[column * stride + row..];
        for column in 0..SIDE {
            let turned: [T; SIDE] = std::array::from_fn(|row| rows[row][column]);
            output[column * stride..][..SIDE].copy_from_slice(&turned);
        }
    }
}

struct Transpose<'a, T> {
    input: Matrix<'a, T>,
    output: &'a mut [T],
    stride: usize,
}

impl<T: Copy> WithSimd for Transpose<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            input,
            output,
            stride,
        } = self;
        let rows = input.n_rows / SIDE * SIDE;
        let columns = input.n_columns / SIDE * SIDE;
        for column in (0..columns).step_by(SIDE) {
            for row in (0..rows).step_by(SIDE) {
                input.turn_block(row, column, output, stride);
            }
        }
        for row in 0..input.n_rows {
            let edge = if row < rows { columns } else { 0 };
            for column in edge..input.n_columns {
                output[column * stride + row] = input.values[row * input.stride + column];
            }
        }
    }
}
