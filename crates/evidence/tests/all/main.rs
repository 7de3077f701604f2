//! Do the intervals cover the truth as often as they say, and are the answers wrong as rarely as they say? Simulated, with
//! fixed seeds. A test of a remedy also shows the disease. And are the numbers those of other programs (`oracle`)?

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

mod left_out;
mod looks;
mod oracle;
mod pairs;
mod runs;
mod tables;

/// A standard normal number, by Box and Muller.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// The share of `runs` simulated samples for which `covers` is true.
fn share(runs: usize, mut covers: impl FnMut(&mut ChaCha8Rng) -> bool) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(20_240_229);
    (0..runs).filter(|_| covers(&mut random)).count() as f64 / runs as f64
}
