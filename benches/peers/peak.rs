//! What the processor could do: `smallbatch-peak DATA THREADS` answers as a peer that spends on a sample the multiplications and
//! additions of its products and nothing else, at the full speed of the processor's vectors. No training can be faster, but
//! by fewer operations.

use std::hint::black_box;

use peer_protocol::{Case, Error, Training, serve};
use pulp::{Arch, Simd, WithSimd};

/// Independent sums: more than a multiply-add's latency times how many begin in a cycle.
const SUMS: usize = 12;

fn main() -> Result<(), Error> {
    let threads = std::env::args()
        .nth(2)
        .ok_or("usage: smallbatch-peak DATA THREADS")?
        .parse()?;
    serve(env!("CARGO_PKG_VERSION"), |cell| {
        Ok(Box::new(Peak {
            threads,
            work: multiply_adds(&cell.case),
            seen: 0,
        }))
    })
}

/// Of one sample: one for each weight forward and one for its gradient, and one more where there is a layer below.
fn multiply_adds(case: &Case) -> u64 {
    let layers = case.layer_sizes.windows(2).enumerate();
    let each = layers.map(|(layer, sizes)| sizes[0] * sizes[1] * if layer == 0 { 2 } else { 3 });
    each.sum::<usize>() as u64
}

struct Peak {
    threads: u64,
    /// Multiplications, each with an addition, of a sample.
    work: u64,
    seen: usize,
}

impl Training for Peak {
    fn train(&mut self, n_samples: usize) -> Result<usize, Error> {
        let work = (n_samples as u64 * self.work).div_ceil(self.threads);
        std::thread::scope(|scope| {
            for _ in 1..self.threads {
                scope.spawn(|| Arch::new().dispatch(MultiplyAdds { n: work }));
            }
            Arch::new().dispatch(MultiplyAdds { n: work });
        });
        self.seen += n_samples;
        Ok(n_samples)
    }

    /// There is nothing to be learned: what is left to be seen.
    fn loss(&mut self) -> Result<f64, Error> {
        Ok(1.0 / (1.0 + self.seen as f64))
    }
}

/// At least n of them.
struct MultiplyAdds {
    n: u64,
}

impl WithSimd for MultiplyAdds {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Numbers that the compiler does not know, or it would compute the end at once.
        let mut sums = [simd.splat_f32s(black_box(2.0)); SUMS];
        let (factor, term) = (
            simd.splat_f32s(black_box(0.999)),
            simd.splat_f32s(black_box(0.001)),
        );
        for _ in 0..self.n.div_ceil((SUMS * S::F32_LANES) as u64) {
            for sum in &mut sums {
                *sum = simd.mul_add_e_f32s(*sum, factor, term);
            }
        }
        for sum in sums {
            black_box(simd.reduce_sum_f32s(sum));
        }
    }
}
