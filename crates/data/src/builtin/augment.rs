//! Many images from few: small random shifts, rotations, scalings and noise.

use nalgebra::DMatrix;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::digits;
use crate::stream::{Stream, generator};
use crate::synthetic::check_count;
use crate::{Dataset, Error, Split, Splitter, Target};

/// Rows and columns of an image.
const SIDE: usize = 8;
/// Features of an image.
const PIXELS: usize = SIDE * SIDE;
/// The darkest grey level.
const DARKEST: f32 = 16.0;

/// Largest rotation, either way, in degrees: beyond it a handwritten 1 and 7, or 4 and 9, come close.
const ROTATION_DEGREES: f32 = 10.0;
/// Largest shift along each axis, in pixels: the digits fill the image, so more would cut them.
const SHIFT: f32 = 0.5;
/// Largest relative change of size.
const SCALING: f32 = 0.1;
/// Standard deviation of the noise, in grey levels.
const NOISE: f32 = 0.5;

/// 100,000 images of digits, made from the 1,797 of [`digits`] and split by source image.
///
/// The embedded stand-in for the textbook's 100,000 images. It is [`augmented_digits`] of 100,000 images, of which all
/// images made from one source are in the same part, so no validation or test image has a relative in training: about
/// 80 % are for training, 10 % for validation and 10 % for testing. Both the images and the split are pure functions of
/// the seed. Takes a fraction of a second in a release build; the result is 26 MB, and about twice that
/// is in use while the images are dealt out to the parts.
///
/// # Errors
/// None in practice: the crate's tests make it.
///
/// ```no_run
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let split = smallbatch_data::builtin::digits_100k(7)?;
/// let n = split.train().n_samples() + split.validation().n_samples() + split.test().n_samples();
/// assert_eq!(n, 100_000);
/// # Ok(())
/// # }
/// ```
pub fn digits_100k(seed: u64) -> Result<Split, Error> {
    let images = augmented_digits(100_000, seed)?.with_name("digits_100k");
    Splitter::new(seed)
        .fractions(0.8, 0.1, 0.1)
        .grouped()
        .split(&images)
}

/// `n_samples` images made from the 1,797 of [`digits`], which take turns as the source.
///
/// Image i is made from source i mod 1,797, and is a pure function of (seed, i): a longer set begins with the shorter.
/// It is rotated about its centre by up to 10 degrees, scaled by 0.9 to 1.1, shifted by up to 0.5 pixels along each axis
/// (all uniform; bilinear interpolation; white outside), and normal noise with a standard deviation of 0.5 grey levels is
/// added to each pixel; values stay in 0 to 16. The groups are the sources, for a grouped split.
///
/// # Errors
/// [`Error::TooSmall`] for 0 samples, [`Error::TooLarge`] above 2²⁵.
///
/// ```
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let images = smallbatch_data::builtin::augmented_digits(2000, 7)?;
/// assert_eq!(images.n_samples(), 2000);
/// // Image 1,797 has the same source, and so the same digit, as image 0.
/// assert_eq!(images.groups().unwrap()[1797], images.groups().unwrap()[0]);
/// # Ok(())
/// # }
/// ```
pub fn augmented_digits(n_samples: usize, seed: u64) -> Result<Dataset, Error> {
    check_count("the number of images", n_samples, 1, PIXELS)?;
    let sources = digits()?;
    let n_sources = sources.n_samples();
    let mut features = DMatrix::zeros(PIXELS, n_samples);
    for (index, image) in features.as_mut_slice().chunks_exact_mut(PIXELS).enumerate() {
        let source = &sources.features().as_slice()[index % n_sources * PIXELS..][..PIXELS];
        make_image(source, seed, index as u64, image);
    }
    let source_labels = sources.target().labels().unwrap_or_default();
    let target = Target::Classes {
        labels: source_labels
            .iter()
            .copied()
            .cycle()
            .take(n_samples)
            .collect(),
        names: sources.target().names().to_vec(),
    };
    Dataset::new(features, target)?
        .with_name("augmented_digits")
        .with_feature_names(sources.feature_names().to_vec())?
        .with_groups(
            (0..n_samples)
                .map(|index| (index % n_sources) as u32)
                .collect(),
        )
}

/// Image `index`, written over `image`.
fn make_image(source: &[f32], seed: u64, index: u64, image: &mut [f32]) {
    let mut rng = generator(seed, Stream::Synthetic, index);
    let pose = Pose {
        radians: rng
            .random_range(-ROTATION_DEGREES..=ROTATION_DEGREES)
            .to_radians(),
        scale: rng.random_range(1.0 - SCALING..=1.0 + SCALING),
        right: rng.random_range(-SHIFT..=SHIFT),
        down: rng.random_range(-SHIFT..=SHIFT),
    };
    pose.draw(source, image);
    for pixel in image {
        let noise: f32 = StandardNormal.sample(&mut rng);
        *pixel = (*pixel + NOISE * noise).clamp(0.0, DARKEST);
    }
}

/// How an image is laid over its source: rotated and scaled about the centre, then shifted.
struct Pose {
    radians: f32,
    scale: f32,
    right: f32,
    down: f32,
}

impl Pose {
    /// Each pixel is looked up where it came from, between the four nearest pixels of the source.
    fn draw(&self, source: &[f32], image: &mut [f32]) {
        let centre = (SIDE - 1) as f32 / 2.0;
        let (sine, cosine) = self.radians.sin_cos();
        let (sine, cosine) = (sine / self.scale, cosine / self.scale);
        for (row, pixels) in image.chunks_exact_mut(SIDE).enumerate() {
            let y = row as f32 - centre - self.down;
            for (column, pixel) in pixels.iter_mut().enumerate() {
                let x = column as f32 - centre - self.right;
                *pixel = bilinear(
                    source,
                    centre + cosine * x + sine * y,
                    centre - sine * x + cosine * y,
                );
            }
        }
    }
}

/// The grey level at column `x`, row `y`, white (0) outside the image.
fn bilinear(source: &[f32], x: f32, y: f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (right_share, bottom_share) = (x - left, y - top);
    let at = |row: f32, column: f32| {
        let inside = 0.0..SIDE as f32;
        if inside.contains(&row) && inside.contains(&column) {
            source[row as usize * SIDE + column as usize]
        } else {
            0.0
        }
    };
    let above = (1.0 - right_share) * at(top, left) + right_share * at(top, left + 1.0);
    let below = (1.0 - right_share) * at(top + 1.0, left) + right_share * at(top + 1.0, left + 1.0);
    (1.0 - bottom_share) * above + bottom_share * below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Vec<f32> {
        (0..PIXELS).map(|pixel| ((pixel * 7) % 17) as f32).collect()
    }

    fn drawn(pose: &Pose) -> Vec<f32> {
        let mut image = vec![f32::NAN; PIXELS];
        pose.draw(&source(), &mut image);
        image
    }

    const UPRIGHT: Pose = Pose {
        radians: 0.0,
        scale: 1.0,
        right: 0.0,
        down: 0.0,
    };

    #[test]
    fn without_a_change_the_image_is_its_source() {
        assert_eq!(drawn(&UPRIGHT), source());
    }

    #[test]
    fn a_whole_shift_moves_pixels_and_leaves_white() {
        let image = drawn(&Pose {
            right: 2.0,
            down: 1.0,
            ..UPRIGHT
        });
        for row in 0..SIDE {
            for column in 0..SIDE {
                let expected = if row >= 1 && column >= 2 {
                    source()[(row - 1) * SIDE + column - 2]
                } else {
                    0.0
                };
                assert_eq!(
                    image[row * SIDE + column],
                    expected,
                    "row {row}, column {column}"
                );
            }
        }
    }

    #[test]
    fn a_quarter_turn_moves_rows_to_columns() {
        // Turned by +90 degrees, what was at the right is at the bottom (rows count downwards).
        let image = drawn(&Pose {
            radians: std::f32::consts::FRAC_PI_2,
            ..UPRIGHT
        });
        for row in 0..SIDE {
            for column in 0..SIDE {
                let expected = source()[(SIDE - 1 - column) * SIDE + row];
                // The angle is rounded, so that 16 grey levels move by up to about 1e-5; the rim may leave the image
                // by that much, too, which interpolates towards white.
                assert!(
                    (image[row * SIDE + column] - expected).abs() < 1e-4,
                    "row {row}, column {column}"
                );
            }
        }
    }

    #[test]
    fn half_a_pixel_is_the_mean_of_two() {
        let image = drawn(&Pose {
            right: 0.5,
            ..UPRIGHT
        });
        assert_eq!(image[0], source()[0] / 2.0);
        assert_eq!(image[9], (source()[8] + source()[9]) / 2.0);
    }

    #[test]
    fn twice_the_size_spreads_the_middle() {
        let image = drawn(&Pose {
            scale: 2.0,
            ..UPRIGHT
        });
        // Column 0 lies 3.5 left of the centre, so it shows what was 1.75 left: between columns 1 and 2, at 1.75.
        let at = |row: usize, column: usize| source()[row * SIDE + column];
        let row = |row| 0.25 * at(row, 1) + 0.75 * at(row, 2);
        assert!((image[0] - (0.25 * row(1) + 0.75 * row(2))).abs() < 1e-6);
    }
}
