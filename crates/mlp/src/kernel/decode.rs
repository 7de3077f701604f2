//! How a stored input becomes a number: on the way from the data set into the panels.

use smallbatch_base::InputScaling;

use super::Vectors;
use super::turn::SIDE;

/// Makes numbers of what is stored. The same bits for a number alone and in a block.
pub(crate) trait Decode<T>: Copy {
    /// What is stored.
    type Stored: Copy;

    /// The number of one feature.
    fn number(self, stored: Self::Stored, feature: usize) -> T;

    /// The numbers of as many features as a block has, from this one on.
    fn block(self, stored: &[Self::Stored], feature: usize) -> [T; SIDE];
}

/// Numbers, stored as they are.
#[derive(Clone, Copy)]
pub(crate) struct AsTheyAre;

impl<T: Vectors> Decode<T> for AsTheyAre {
    type Stored = T;

    #[inline(always)]
    fn number(self, stored: T, _: usize) -> T {
        stored
    }

    #[inline(always)]
    fn block(self, stored: &[T], _: usize) -> [T; SIDE] {
        let mut numbers = [T::ZERO; SIDE];
        numbers.copy_from_slice(&stored[..SIDE]);
        numbers
    }
}

/// Bytes: 0 to 255.
#[derive(Clone, Copy)]
pub(crate) struct FromBytes;

impl<T: Vectors> Decode<T> for FromBytes {
    type Stored = u8;

    #[inline(always)]
    fn number(self, stored: u8, _: usize) -> T {
        T::of_byte(stored)
    }

    #[inline(always)]
    fn block(self, stored: &[u8], _: usize) -> [T; SIDE] {
        let mut numbers = [T::ZERO; SIDE];
        for (number, &byte) in numbers.iter_mut().zip(&stored[..SIDE]) {
            *number = T::of_byte(byte);
        }
        numbers
    }
}

/// What another makes of it, scaled.
#[derive(Clone, Copy)]
pub(crate) struct Scaled<'a, T, D> {
    pub(crate) unscaled: D,
    pub(crate) by: InputScaling<'a, T>,
}

impl<T: Vectors, D: Decode<T>> Decode<T> for Scaled<'_, T, D> {
    type Stored = D::Stored;

    #[inline(always)]
    fn number(self, stored: D::Stored, feature: usize) -> T {
        let InputScaling { shift, rest, scale } = self.by;
        let number = self.unscaled.number(stored, feature);
        T::scaled(number, shift[feature], rest[feature], scale[feature])
    }

    #[inline(always)]
    fn block(self, stored: &[D::Stored], feature: usize) -> [T; SIDE] {
        let InputScaling { shift, rest, scale } = self.by;
        let mut numbers = self.unscaled.block(stored, feature);
        let (shift, rest) = (&shift[feature..][..SIDE], &rest[feature..][..SIDE]);
        let scale = &scale[feature..][..SIDE];
        for index in 0..SIDE {
            let (shift, rest) = (shift[index], rest[index]);
            numbers[index] = T::scaled(numbers[index], shift, rest, scale[index]);
        }
        numbers
    }
}
