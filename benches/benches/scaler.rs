//! Fitting scalers, and transforming with what was fitted, beside the speed of the memory in the same run.
//!
//! Two tables in `f32`: 1,000,000 samples of 30 features (120 MB) and 100,000 of 784 (314 MB). Throughput counts bytes: of the
//! data once where it is read (`fit`, `memory/read`), twice where it is read and written (`transform`, `memory/scale`). So a
//! transform's share of the memory's bandwidth is its throughput by that of `memory/scale`, and a fit's by that of `memory/read`.
//! Both are plain loops, over an equal part of the data on each thread.

use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
    measurement::WallTime,
};
use nalgebra::DMatrix;
use smallbatch_benches::TABLES;
use smallbatch_preprocess::{FitData, RobustScaler, Scaler, StandardScaler, Threads};

/// One thread, and two, whatever the processor has: so that runs on different ones have the same names.
const THREADS: [(&str, usize); 2] = [("1 thread", 1), ("2 threads", 2)];

fn scaler(criterion: &mut Criterion) {
    for table in TABLES {
        let raw = table.values();
        let mut scaled = DMatrix::zeros(raw.nrows(), raw.ncols());
        let mut group = criterion.benchmark_group(format!("scaler/{}", table.name));
        group.sample_size(10);
        let bytes = size_of_val(raw.as_slice()) as u64;
        for (name, threads) in THREADS {
            group.throughput(Throughput::Bytes(bytes));
            read(&mut group, name, &raw, threads);
            fit(&mut group, name, &raw, threads);
            group.throughput(Throughput::Bytes(2 * bytes));
            scale(&mut group, name, &raw, &mut scaled, threads);
            transform(&mut group, name, &raw, &mut scaled, threads);
        }
        group.finish();
    }
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn choice(threads: usize) -> Threads {
    Threads::AtMost(threads)
}

fn fit(group: &mut Group<'_>, name: &str, raw: &DMatrix<f32>, threads: usize) {
    let data = FitData::new(raw).threads(choice(threads));
    group.bench_function(BenchmarkId::new("fit/standard", name), |bencher| {
        let mut fitted = None;
        bencher.iter(|| fitted = Some(StandardScaler::new().fit(&data).expect("finite")));
        let affine = fitted.and_then(|fitted| fitted.affine()).expect("fitted");
        for (j, (shift, scale)) in affine.shift.iter().zip(&affine.scale).enumerate() {
            // Five standard errors of 100,000 samples.
            let (shift, scale) = (shift - 50.0 - j as f64, scale - 10.0);
            assert!(shift.abs() < 0.16 && scale.abs() < 0.12, "{shift} {scale}");
        }
    });
    // Quantiles need every feature taken out of the matrix, which is no matter of bandwidth: one shape will do.
    if raw.nrows() > 100 {
        return;
    }
    group.bench_function(BenchmarkId::new("fit/robust", name), |bencher| {
        let mut fitted = None;
        bencher.iter(|| fitted = Some(RobustScaler::new().fit(&data).expect("finite")));
        let affine = fitted.and_then(|fitted| fitted.affine()).expect("fitted");
        for (j, (shift, scale)) in affine.shift.iter().zip(&affine.scale).enumerate() {
            // The median, and the quartiles' distance: 14.11 for this sum of three uniform numbers. A quantile's standard
            // error is below 0.02 of 1,000,000 samples; ten of them.
            let (shift, scale) = (shift - 50.0 - j as f64, scale - 14.11);
            assert!(shift.abs() < 0.2 && scale.abs() < 0.2, "{shift} {scale}");
        }
    });
}

fn transform(
    group: &mut Group<'_>,
    name: &str,
    raw: &DMatrix<f32>,
    scaled: &mut DMatrix<f32>,
    threads: usize,
) {
    let fitted = StandardScaler::new()
        .fit(&FitData::new(raw))
        .expect("finite")
        .threads(choice(threads));
    group.bench_function(BenchmarkId::new("transform/into", name), |bencher| {
        bencher.iter(|| fitted.transform_into(raw, scaled).expect("it fits"));
        check_standardized(scaled);
    });
    group.bench_function(BenchmarkId::new("transform/in place", name), |bencher| {
        // Already scaled values lie outside of the range seen in fitting, which is counted; a scaler fitted to them is not.
        let again = StandardScaler::new()
            .fit(&FitData::new(&*scaled))
            .expect("finite")
            .threads(choice(threads));
        bencher.iter(|| again.transform_in_place(scaled).expect("it fits"));
        check_standardized(scaled);
    });
}

/// Each feature has mean 0 and variance 1, as nearly as the sums of rounded values in f32 allow.
fn check_standardized(scaled: &DMatrix<f32>) {
    for feature in scaled.row_iter().step_by(29) {
        let n = feature.len() as f64;
        let mean = feature.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let variance = feature.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / n - mean * mean;
        assert!(
            mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6,
            "mean {mean}, variance {variance}"
        );
    }
}

/// The speed of reading: a sum, in as many parts as there are lanes in several vectors.
fn read(group: &mut Group<'_>, name: &str, raw: &DMatrix<f32>, threads: usize) {
    let sum = |part: &[f32]| {
        let mut sums = [0.0_f32; 64];
        for values in part.chunks_exact(64) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value;
            }
        }
        sums.iter().sum::<f32>()
    };
    let parts = raw.as_slice().chunks(raw.len() / threads);
    group.bench_function(BenchmarkId::new("memory/read", name), |bencher| {
        let mut total = 0.0;
        bencher.iter(|| {
            total = std::thread::scope(|scope| {
                let mut parts = parts.clone();
                let own = parts.next().expect("a part");
                let others: Vec<_> = parts.map(|part| scope.spawn(move || sum(part))).collect();
                let others = others.into_iter().map(|sum| sum.join().expect("no panic"));
                others.fold(sum(own), |a, b| a + b)
            });
            total
        });
        // Each of the 64 sums has up to 1.2 million terms in f32, each addition with a rounding of 6e-8, up or down: its
        // error is of the order of √1.2e6·6e-8 = 7e-5; ten times that is far from what a part left out would make.
        let exact = raw.iter().map(|&x| f64::from(x)).sum::<f64>();
        let error = f64::from(total) / exact - 1.0;
        assert!(error.abs() < 7e-4, "{total} for {exact}");
    });
}

/// The speed of reading and writing: x' = 1.5 x from one matrix into another.
fn scale(
    group: &mut Group<'_>,
    name: &str,
    raw: &DMatrix<f32>,
    scaled: &mut DMatrix<f32>,
    threads: usize,
) {
    let scale = |(from, to): (&[f32], &mut [f32])| {
        for (to, from) in to.iter_mut().zip(from) {
            *to = 1.5 * from;
        }
    };
    let length = raw.len() / threads;
    group.bench_function(BenchmarkId::new("memory/scale", name), |bencher| {
        bencher.iter(|| {
            std::thread::scope(|scope| {
                let to = scaled.as_mut_slice().chunks_mut(length);
                let mut parts = raw.as_slice().chunks(length).zip(to);
                let own = parts.next().expect("a part");
                parts.for_each(|part| drop(scope.spawn(move || scale(part))));
                scale(own);
            });
        });
        assert!(raw.iter().zip(&*scaled).all(|(x, y)| 1.5 * x == *y));
    });
}

criterion_group!(benches, scaler);
criterion_main!(benches);
