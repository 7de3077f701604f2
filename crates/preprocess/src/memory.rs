//! Memory for results, in large pages where the system has them.
//!
//! To hand out a new page takes the system longer than to scale the values that go into it. Linux gives a program pages of
//! 2 MiB instead of 4 KiB if it asks for them, as NumPy does: `transform` of 120 MB became four times as fast as
//! scikit-learn's, where it had been as fast, and of 314 MB 2.3 to 3.0 times (`cargo xtask bench --peers --scalers`, two threads).
//!
//! This file has the crate's only unsafe code, one call of the operating system.

use nalgebra::DMatrix;

use crate::Scalar;

/// A matrix to be written over: zeros that the operating system provides when they are first touched.
pub(crate) fn blank<T: Scalar>((n_features, n_samples): (usize, usize)) -> DMatrix<T> {
    let mut values = vec![T::zero(); n_features * n_samples];
    ask_for_large_pages(&mut values);
    DMatrix::from_vec(n_features, n_samples, values)
}

/// Asks for large pages for what lies between whole ones. It is a wish: where the system has none to give, all goes on as
/// without.
#[cfg(all(target_os = "linux", not(miri)))]
fn ask_for_large_pages<T: Scalar>(values: &mut [T]) {
    let start = values.as_mut_ptr().cast::<libc::c_void>();
    let (before, whole) = whole_pages(start.addr(), size_of_val(values));
    if whole == 0 {
        return;
    }
    #[allow(unsafe_code)]
    // SAFETY: `whole` bytes from `before` on lie within `values`, which is borrowed mutably. The advice changes no content
    // and no access: only which pages are behind addresses that are not touched yet.
    let _ = unsafe { libc::madvise(start.wrapping_byte_add(before), whole, libc::MADV_HUGEPAGE) };
}

/// Of so many bytes from an address on, how many come before the first large page, and how many are whole ones.
#[cfg(any(test, all(target_os = "linux", not(miri))))]
fn whole_pages(start: usize, bytes: usize) -> (usize, usize) {
    const LARGE_PAGE: usize = 2 << 20;
    let before = start.next_multiple_of(LARGE_PAGE) - start;
    (
        before,
        bytes.saturating_sub(before) / LARGE_PAGE * LARGE_PAGE,
    )
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn ask_for_large_pages<T: Scalar>(_: &mut [T]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_matrix_is_of_zeros_in_small_and_in_large_pages() {
        for shape in [(0, 0), (3, 5), (30, 100_000), (1, (4 << 20) + 1)] {
            let matrix = blank::<f64>(shape);
            assert_eq!(matrix.shape(), shape);
            assert!(matrix.iter().all(|&x| x == 0.0));
        }
    }

    #[test]
    fn only_whole_pages_within_the_values_are_asked_for() {
        const MIB: usize = 1 << 20;
        for start in [0, 64, MIB, 2 * MIB - 4, 2 * MIB, 2 * MIB + 4] {
            for bytes in [
                0,
                4,
                MIB,
                2 * MIB - 4,
                2 * MIB,
                2 * MIB + 4,
                4 * MIB,
                9 * MIB,
            ] {
                let (before, whole) = whole_pages(start, bytes);
                assert!((start + before).is_multiple_of(2 * MIB) && whole.is_multiple_of(2 * MIB));
                assert!(whole == 0 || before + whole <= bytes, "{start} {bytes}");
                // What is left on either side is less than a page.
                assert!(before < 2 * MIB && bytes.saturating_sub(before + whole) < 2 * MIB);
            }
        }
    }

    /// The advice is one that keeps what is there.
    #[test]
    fn what_is_written_stays_when_large_pages_are_asked_for() {
        let mut values: Vec<f64> = (0..(9 << 17) + 3).map(f64::from).collect();
        let n = values.len();
        ask_for_large_pages(&mut values[5..n - 1]);
        assert!(
            values
                .iter()
                .enumerate()
                .all(|(place, &x)| x == place as f64)
        );
    }
}
