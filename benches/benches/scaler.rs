//! Fitting scalers, and transforming with what was fitted.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nalgebra::DMatrix;
use smallbatch_benches::CASES;
use smallbatch_preprocess::{FitData, RobustScaler, Scaler, StandardScaler};

/// Tables as most are, and images.
const SHAPES: [&str; 2] = ["tabular", "mnist"];

fn scaler(criterion: &mut Criterion) {
    for case in CASES.iter().filter(|case| SHAPES.contains(&case.name)) {
        let mut group = criterion.benchmark_group(format!("scaler/{}", case.name));
        group.sample_size(20);
        let dataset = case.dataset();
        let raw = dataset.features().map(|x| 50.0 + 10.0 * x);
        group.throughput(Throughput::Elements(dataset.n_samples() as u64));

        group.bench_with_input(BenchmarkId::new("fit", "standard"), &raw, |bencher, raw| {
            bencher.iter(|| {
                StandardScaler::default()
                    .fit(&FitData::new(raw.as_view()))
                    .expect("the data is finite")
            });
        });
        group.bench_with_input(BenchmarkId::new("fit", "robust"), &raw, |bencher, raw| {
            bencher.iter(|| {
                RobustScaler::default()
                    .fit(&FitData::new(raw.as_view()))
                    .expect("the data is finite")
            });
        });
        group.bench_with_input(
            BenchmarkId::new("transform", "standard"),
            &raw,
            |bencher, raw| {
                let fitted = StandardScaler::default()
                    .fit(&FitData::new(raw.as_view()))
                    .expect("the data is finite");
                let mut scaled = DMatrix::zeros(raw.nrows(), raw.ncols());
                bencher.iter(|| {
                    fitted
                        .transform_into(raw.as_view(), &mut scaled)
                        .expect("it fits")
                });
                check_standardized(&scaled);
            },
        );
        group.finish();
    }
}

/// Each feature has mean 0 and variance 1, as nearly as f32 allows.
fn check_standardized(scaled: &DMatrix<f32>) {
    for feature in scaled.row_iter() {
        let n = feature.len() as f64;
        let mean = feature.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let variance = feature.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / n - mean * mean;
        assert!(
            mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4,
            "mean {mean}, variance {variance}"
        );
    }
}

criterion_group!(benches, scaler);
criterion_main!(benches);
