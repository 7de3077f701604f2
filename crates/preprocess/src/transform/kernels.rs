//! The loops over values. All are element by element, so that one sample, a buffer and a whole matrix come
//! out the same to the last bit, whatever the vector width.

use smallbatch_base::vectorized;

use super::Table;
use crate::Scalar;

/// What follows x' = (x - shift) / scale, value by value.
pub(crate) trait Shape: Copy {
    /// Whether nothing follows.
    const IS_LINEAR: bool;

    /// What z = (x - shift) / scale becomes.
    fn bend<T: Scalar>(self, z: T) -> T;

    /// The z that became y.
    fn unbend<T: Scalar>(self, y: T) -> T;

    /// The same in `f64`, for data of type T.
    fn unbend_wide<T: Scalar>(self, y: f64) -> f64;
}

/// Nothing follows.
#[derive(Clone, Copy)]
pub(crate) struct Linear;

impl Shape for Linear {
    const IS_LINEAR: bool = true;

    #[inline(always)]
    fn bend<T: Scalar>(self, z: T) -> T {
        z
    }

    #[inline(always)]
    fn unbend<T: Scalar>(self, y: T) -> T {
        y
    }

    #[inline(always)]
    fn unbend_wide<T: Scalar>(self, y: f64) -> f64 {
        y
    }
}

/// x' = ((x - shift) - rest) / scale, and the shape. A true division: the greatest value of a min-max scaler becomes
/// exactly 1, and on large data it is hidden behind the memory.
#[inline(always)]
fn forward_loop<T: Scalar, S: Shape>(data: &mut [T], table: &Table<T>, shape: S) {
    each(data, table, |x, shift, rest, scale| {
        shape.bend(linear(x, shift, rest, scale))
    });
}

/// [`forward`] from one slice into another of the same length, and in the same pass [`any_outside`].
#[inline(always)]
fn forward_into_loop<T: Scalar, S: Shape>(
    data: &[T],
    target: &mut [T],
    table: &Table<T>,
    shape: S,
) -> bool {
    each_into(data, target, table, |x, shift, rest, scale| {
        shape.bend(linear(x, shift, rest, scale))
    })
}

#[inline(always)]
fn linear<T: Scalar>(x: T, shift: T, rest: T, scale: T) -> T {
    ((x - shift) - rest) / scale
}

/// x = (x' scale + rest) + shift, after the shape is undone.
#[inline(always)]
fn backward_loop<T: Scalar, S: Shape>(data: &mut [T], table: &Table<T>, shape: S) {
    each(data, table, |y, shift, rest, scale| {
        (shape.unbend(y) * scale + rest) + shift
    });
}

#[inline(always)]
fn each<T: Scalar>(data: &mut [T], table: &Table<T>, map: impl Fn(T, T, T, T) -> T) {
    for row in data.chunks_mut(table.lanes) {
        let tables = table.shift.iter().zip(&table.rest).zip(&table.scale);
        for (x, ((&shift, &rest), &scale)) in row.iter_mut().zip(tables) {
            *x = map(*x, shift, rest, scale);
        }
    }
}

/// 1 for a value outside its range, NaN included, else 0: as wide as an `f32`, so that the bits are joined without packing.
#[inline(always)]
fn outside<T: Scalar>(x: T, min: T, max: T) -> u32 {
    u32::from(!((x >= min) & (x <= max)))
}

#[inline(always)]
fn each_into<T: Scalar>(
    data: &[T],
    target: &mut [T],
    table: &Table<T>,
    map: impl Fn(T, T, T, T) -> T,
) -> bool {
    let mut any = 0;
    for (row, images) in data.chunks(table.lanes).zip(target.chunks_mut(table.lanes)) {
        let tables = table.shift.iter().zip(&table.rest).zip(&table.scale);
        let ranges = table.min.iter().zip(&table.max);
        let values = row.iter().zip(images).zip(tables.zip(ranges));
        for ((&x, image), (((&shift, &rest), &scale), (&min, &max))) in values {
            any |= outside(x, min, max);
            *image = map(x, shift, rest, scale);
        }
    }
    any != 0
}

/// [`forward`] through `f64`, for features whose shift or scale the data's type cannot hold.
#[inline(always)]
fn forward_wide_loop<T: Scalar, S: Shape>(data: &mut [T], table: &Table<f64>, shape: S) {
    each_wide(data, table, |x, shift, scale| {
        shape.bend((x - shift) / scale)
    });
}

/// [`backward`] through `f64`.
#[inline(always)]
fn backward_wide_loop<T: Scalar, S: Shape>(data: &mut [T], table: &Table<f64>, shape: S) {
    each_wide(data, table, |y, shift, scale| {
        shape.unbend_wide::<T>(y) * scale + shift
    });
}

#[inline(always)]
fn each_wide<T: Scalar>(data: &mut [T], table: &Table<f64>, map: impl Fn(f64, f64, f64) -> f64) {
    for row in data.chunks_mut(table.lanes) {
        for (x, (&shift, &scale)) in row.iter_mut().zip(table.shift.iter().zip(&table.scale)) {
            *x = T::of(map(x.to_f64(), shift, scale));
        }
    }
}

/// Whether some value is outside its feature's range, or NaN. No branch a value.
#[inline(always)]
fn any_outside_loop<T: Scalar>(data: &[T], table: &Table<T>) -> bool {
    let mut any = 0;
    for row in data.chunks(table.lanes) {
        for ((&x, &min), &max) in row.iter().zip(&table.min).zip(&table.max) {
            any |= outside(x, min, max);
        }
    }
    any != 0
}

/// Adds 1 for each value below its lane's range, above it, or NaN.
#[inline(always)]
fn count_outside_loop<T: Scalar>(data: &[T], table: &Table<T>, counts: &mut Counts) {
    for row in data.chunks(table.lanes) {
        let ranges = table.min.iter().zip(&table.max);
        let counts = counts
            .below
            .iter_mut()
            .zip(&mut counts.above)
            .zip(&mut counts.nan);
        for ((&x, (&min, &max)), ((below, above), nan)) in row.iter().zip(ranges).zip(counts) {
            *below += u32::from(x < min);
            *above += u32::from(x > max);
            #[allow(clippy::eq_op, reason = "only NaN differs from itself")]
            {
                *nan += u32::from(x != x);
            }
        }
    }
}

/// How many values lay outside, a lane.
pub(crate) struct Counts {
    pub(crate) below: Vec<u32>,
    pub(crate) above: Vec<u32>,
    pub(crate) nan: Vec<u32>,
}

impl Counts {
    pub(crate) fn new(lanes: usize) -> Self {
        Self {
            below: vec![0; lanes],
            above: vec![0; lanes],
            nan: vec![0; lanes],
        }
    }
}

/// Whether some value is NaN or infinite.
#[inline(always)]
fn any_non_finite_loop<T: Scalar>(data: &[T]) -> bool {
    let largest = T::of(T::LARGEST);
    data.chunks(4096).any(|chunk| {
        let mut finite = true;
        for &x in chunk {
            finite &= (x <= largest) & (x >= -largest);
        }
        !finite
    })
}

vectorized! {
    pub(crate) fn forward<S: Shape>(data: &'a mut [T], table: &'a Table<T>, shape: S) -> () = forward_loop;
}

vectorized! {
    pub(crate) fn forward_into<S: Shape>(
        data: &'a [T],
        target: &'a mut [T],
        table: &'a Table<T>,
        shape: S,
    ) -> bool = forward_into_loop;
}

vectorized! {
    pub(crate) fn count_outside(
        data: &'a [T],
        table: &'a Table<T>,
        counts: &'a mut Counts,
    ) -> () = count_outside_loop;
}

vectorized! {
    pub(crate) fn backward<S: Shape>(data: &'a mut [T], table: &'a Table<T>, shape: S) -> () = backward_loop;
}

vectorized! {
    pub(crate) fn forward_wide<S: Shape>(data: &'a mut [T], table: &'a Table<f64>, shape: S) -> () =
        forward_wide_loop;
}

vectorized! {
    pub(crate) fn backward_wide<S: Shape>(data: &'a mut [T], table: &'a Table<f64>, shape: S) -> () =
        backward_wide_loop;
}

vectorized! {
    pub(crate) fn any_outside(data: &'a [T], table: &'a Table<T>) -> bool = any_outside_loop;
}

vectorized! {
    pub(crate) fn any_non_finite(data: &'a [T]) -> bool = any_non_finite_loop;
}
