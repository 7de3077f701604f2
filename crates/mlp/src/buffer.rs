//! Memory that begins with a line of cache.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Serialize, Serializer};

use crate::Scalar;

/// A line of cache, in bytes.
pub(crate) const LINE: usize = 64;

/// Zeros to begin with, from the beginning of a line of cache on: a vector register of AVX-512 is a whole line, and loads that
/// cross from one line to the next cost two. The system's allocator aligns to 16 bytes. (Old and new in turns, one thread, SGD: 1.02 to
/// 1.09 times as fast from 13-64-64-3 to 784-512-512-10 at batches of 16 to 256.)
pub(crate) struct Buffer<T> {
    values: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Scalar> Buffer<T> {
    pub(crate) fn new(len: usize) -> Self {
        if len == 0 {
            return Self {
                values: Vec::new(),
                start: 0,
                len,
            };
        }
        let room = LINE / size_of::<T>();
        let values = vec![T::zero(); len + room];
        // Never more than a line; if the alignment cannot be told, any start will do.
        let start = values.as_ptr().align_offset(LINE).min(room);
        Self { values, start, len }
    }
}

impl<T: Scalar> From<Vec<T>> for Buffer<T> {
    fn from(values: Vec<T>) -> Self {
        let mut buffer = Self::new(values.len());
        buffer.copy_from_slice(&values);
        buffer
    }
}

impl<T: Serialize> Serialize for Buffer<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self[..].serialize(serializer)
    }
}

impl<T: Clone> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        let mut values: Vec<T> = Vec::with_capacity(self.values.len());
        let start = values.as_ptr().align_offset(LINE);
        let start = start.min(self.values.len() - self.len);
        // What comes before the start only fills the place.
        values.extend(self.first().into_iter().cycle().take(start).cloned());
        values.extend_from_slice(self);
        Self {
            values,
            start,
            len: self.len,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self[..].fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Buffer<T> {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.values[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for Buffer<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_begin_with_a_line_and_so_do_their_clones() {
        let mut kept = Vec::new();
        for len in [1, 5, 16, 1_000, 100_000] {
            let mut buffer = Buffer::<f32>::new(len);
            assert!(buffer.iter().all(|&x| x == 0.0) && buffer.len() == len);
            buffer[len - 1] = 7.0;
            let clone = buffer.clone();
            assert_eq!(clone, buffer);
            assert_eq!(format!("{clone:?}"), format!("{:?}", &buffer[..]));
            for buffer in [buffer, clone] {
                assert_eq!(buffer.as_ptr().align_offset(LINE), 0, "{len}");
                kept.push(buffer);
            }
        }
        assert!(Buffer::<f64>::new(0).is_empty());
    }
}
