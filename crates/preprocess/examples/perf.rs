//! temporary
use nalgebra::DMatrix;
use smallbatch_preprocess::*;
use std::time::Instant;
fn time(bytes: f64, name: &str, mut f: impl FnMut()) {
    f();
    let mut best = f64::MAX;
    for _ in 0..5 {
        let t = Instant::now();
        f();
        best = best.min(t.elapsed().as_secs_f64());
    }
    println!(
        "{name:40} {:8.2} ms {:6.2} GB/s",
        best * 1e3,
        bytes / best / 1e9
    );
}
fn main() {
    for (d, n) in [
        (30, 1_000_000),
        (2, 4_000_000),
        (784, 40_000),
        (1, 8_000_000),
        (200, 150_000),
    ] {
        let x = DMatrix::<f32>::from_fn(d, n, |i, j| {
            ((i * 7 + j * 13) % 101) as f32 * 0.37 + i as f32
        });
        let bytes = (d * n * 4) as f64;
        let mut y = x.clone();
        println!("{d} x {n}");
        time(bytes, "sum (8 lanes)", || {
            let mut s = [0.0f32; 64];
            for c in x.as_slice().chunks_exact(64) {
                for (a, b) in s.iter_mut().zip(c) {
                    *a += b;
                }
            }
            std::hint::black_box(s);
        });
        time(2.0 * bytes, "copy", || {
            y.as_mut_slice()
                .copy_from_slice(std::hint::black_box(x.as_slice()));
            std::hint::black_box(&mut y);
        });
        time(bytes, "stats", || {
            let mut s = FeatureStats::new(d);
            s.update(&x).unwrap();
            std::hint::black_box(s);
        });
        let w: Vec<f32> = (0..n).map(|i| (i % 3) as f32).collect();
        time(bytes, "weighted", || {
            let mut s = FeatureStats::new(d);
            s.update_weighted(&x, &w).unwrap();
            std::hint::black_box(s);
        });
        let f = StandardScaler::new().fit(&FitData::new(&x)).unwrap();
        time(bytes, "fit standard", || {
            std::hint::black_box(StandardScaler::new().fit(&FitData::new(&x)).unwrap());
        });
        time(2.0 * bytes, "in place", || {
            std::hint::black_box(f.transform_in_place(&mut y).unwrap());
            f.inverse_in_place(&mut y).unwrap();
            y.copy_from(&x)
        });
        time(2.0 * bytes, "into", || {
            std::hint::black_box(f.transform_into(&x, &mut y).unwrap());
        });
        y.copy_from(&x);
        time(2.0 * bytes, "inverse", || {
            f.inverse_in_place(&mut y).unwrap();
        });
        let s = SmoothClip::new().fit(&FitData::new(&x)).unwrap();
        time(2.0 * bytes, "smooth into", || {
            std::hint::black_box(s.transform_into(&x, &mut y).unwrap());
        });
        let small = x.columns(0, 256.min(n)).into_owned();
        let mut out = small.clone();
        time(
            2000.0 * 2.0 * (small.len() * 4) as f64,
            "into, 256 samples x2000",
            || {
                for _ in 0..2000 {
                    f.transform_into(&small, &mut out).unwrap();
                }
            },
        );
    }
    let x = DMatrix::<f32>::from_fn(30, 200_000, |i, j| ((i * 7 + j * 13) % 10007) as f32);
    time(1.0, "fit robust 30 x 200k", || {
        std::hint::black_box(RobustScaler::new().fit(&FitData::new(&x)).unwrap());
    });
    time(1.0, "fit quantile", || {
        std::hint::black_box(QuantileTransformer::new().fit(&FitData::new(&x)).unwrap());
    });
    let q = QuantileTransformer::new().fit(&FitData::new(&x)).unwrap();
    time(6e6, "transform quantile (Gvalue/s)", || {
        std::hint::black_box(q.transform(&x).unwrap());
    });
    let q = PerSample::new().fit(&FitData::new(&x)).unwrap();
    time(6e6, "transform per sample (Gvalue/s)", || {
        std::hint::black_box(q.transform(&x).unwrap());
    });
}
