//! The values of an array, and how they lie in a file.

use crate::ArrayProblem;

/// The values of an [`Array`](super::Array), in C order.
///
/// Types of a file that are not here become the next wider one that is: an `i2` becomes an `i64`.
#[derive(Clone, Debug, PartialEq)]
pub enum ArrayValues {
    /// Unsigned bytes and truth values.
    Bytes(Vec<u8>),
    /// Whole numbers of any other type.
    Integers(Vec<i64>),
    /// Floats of 4 bytes.
    Singles(Vec<f32>),
    /// Floats of 8 bytes.
    Doubles(Vec<f64>),
}

impl ArrayValues {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Bytes(_) => "bytes",
            Self::Integers(_) => "whole numbers",
            Self::Singles(_) => "f4 floats",
            Self::Doubles(_) => "f8 floats",
        }
    }

    /// The same values with the last axis running fastest, where the first did.
    pub(super) fn fortran_to_c_order(self, shape: &[usize]) -> Self {
        match self {
            Self::Bytes(values) => Self::Bytes(reversed(&values, shape)),
            Self::Integers(values) => Self::Integers(reversed(&values, shape)),
            Self::Singles(values) => Self::Singles(reversed(&values, shape)),
            Self::Doubles(values) => Self::Doubles(reversed(&values, shape)),
        }
    }
}

/// Values of this shape from Fortran order to C order.
fn reversed<V: Copy>(values: &[V], shape: &[usize]) -> Vec<V> {
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1;
    for &length in shape {
        strides.push(stride);
        stride *= length;
    }
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    let mut ordered = Vec::with_capacity(values.len());
    for _ in values {
        ordered.push(values[at]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    ordered
}

/// The type of a value in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueType {
    U1,
    U2,
    U4,
    U8,
    I1,
    I2,
    I4,
    I8,
    F4,
    F8,
}

impl ValueType {
    /// Its bytes.
    pub(super) fn size(self) -> usize {
        match self {
            Self::U1 | Self::I1 => 1,
            Self::U2 | Self::I2 => 2,
            Self::U4 | Self::I4 | Self::F4 => 4,
            Self::U8 | Self::I8 | Self::F8 => 8,
        }
    }

    /// The values in these bytes.
    pub(super) fn decode(
        self,
        bytes: Vec<u8>,
        order: ByteOrder,
    ) -> Result<ArrayValues, ArrayProblem> {
        use ArrayValues::{Bytes, Doubles, Integers, Singles};
        let b = &bytes;
        Ok(match self {
            Self::U1 => Bytes(bytes),
            Self::I1 => Integers(each(b, order, |x| i64::from(i8::from_le_bytes(x)))),
            Self::I2 => Integers(each(b, order, |x| i64::from(i16::from_le_bytes(x)))),
            Self::I4 => Integers(each(b, order, |x| i64::from(i32::from_le_bytes(x)))),
            Self::I8 => Integers(each(b, order, i64::from_le_bytes)),
            Self::U2 => Integers(each(b, order, |x| i64::from(u16::from_le_bytes(x)))),
            Self::U4 => Integers(each(b, order, |x| i64::from(u32::from_le_bytes(x)))),
            Self::U8 => Integers(signed(&each(b, order, u64::from_le_bytes))?),
            Self::F4 => Singles(each(b, order, f32::from_le_bytes)),
            Self::F8 => Doubles(each(b, order, f64::from_le_bytes)),
        })
    }
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

/// Each value of `SIZE` bytes, which `of` takes in little-endian order.
fn each<const SIZE: usize, V>(
    bytes: &[u8],
    order: ByteOrder,
    of: impl Fn([u8; SIZE]) -> V,
) -> Vec<V> {
    let value = |chunk: &[u8]| {
        let mut value = [0; SIZE];
        value.copy_from_slice(chunk);
        if order == ByteOrder::Big {
            value.reverse();
        }
        of(value)
    };
    bytes.chunks_exact(SIZE).map(value).collect()
}

fn signed(values: &[u64]) -> Result<Vec<i64>, ArrayProblem> {
    let signed = |(position, &value): (usize, &u64)| {
        i64::try_from(value).map_err(|_| ArrayProblem::LargeInteger { position, value })
    };
    values.iter().enumerate().map(signed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fortran_order_becomes_c_order() {
        // Value (i, j, k) of shape (2, 3, 2) is 100 i + 10 j + k.
        let value = |i: usize, j: usize, k: usize| 100 * i + 10 * j + k;
        let mut fortran = Vec::new();
        let mut c = Vec::new();
        for (a, b, d) in (0..12).map(|n| (n / 6, n / 2 % 3, n % 2)) {
            c.push(value(a, b, d));
        }
        for n in 0..12 {
            fortran.push(value(n % 2, n / 2 % 3, n / 6));
        }
        assert_ne!(fortran, c);
        assert_eq!(reversed(&fortran, &[2, 3, 2]), c);
        assert_eq!(reversed(&[7], &[]), [7]);
        assert_eq!(reversed::<u8>(&[], &[0, 3]), [] as [u8; 0]);
    }

    #[test]
    fn every_type_is_decoded_in_both_orders() {
        use ArrayValues::{Doubles, Integers, Singles};
        for (kind, little, expected) in [
            (ValueType::I1, vec![0xff], Integers(vec![-1])),
            (ValueType::I2, vec![0xfe, 0xff], Integers(vec![-2])),
            (ValueType::U2, vec![0xfe, 0xff], Integers(vec![65534])),
            (ValueType::I4, vec![1, 2, 0, 0], Integers(vec![513])),
            (ValueType::U4, vec![0xff; 4], Integers(vec![4294967295])),
            (ValueType::I8, vec![0xff; 8], Integers(vec![-1])),
            (
                ValueType::F4,
                0.1_f32.to_le_bytes().to_vec(),
                Singles(vec![0.1]),
            ),
            (
                ValueType::F8,
                0.1_f64.to_le_bytes().to_vec(),
                Doubles(vec![0.1]),
            ),
        ] {
            assert_eq!(kind.size(), little.len());
            let big = little.iter().rev().copied().collect();
            assert_eq!(kind.decode(little, ByteOrder::Little), Ok(expected.clone()));
            assert_eq!(kind.decode(big, ByteOrder::Big), Ok(expected));
        }
        let large = ValueType::U8.decode(vec![0xff; 8], ByteOrder::Little);
        let value = u64::MAX;
        assert_eq!(
            large,
            Err(ArrayProblem::LargeInteger { position: 0, value })
        );
    }
}
