//! What is promised not to allocate.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use crate::common::every_scaler;
use nalgebra::DMatrix;
use smallbatch_preprocess::{FitData, Scaler, Threads};

#[test]
fn transforms_and_inverses_of_ordinary_values() {
    let x = DMatrix::from_fn(13, 5000, |j, i| ((i * 31 + j * 17) % 101) as f32 + j as f32);
    for scaler in every_scaler() {
        let fitted = scaler.fit(&FitData::new(&x)).unwrap().threads(Threads::ONE);
        let (mut y, mut z) = (x.clone(), DMatrix::zeros(13, 5000));
        let counted = allocation_counter::measure(|| {
            let report = fitted.transform_into(&x, &mut y).unwrap();
            assert!(report.is_clean());
            if fitted.is_invertible() {
                fitted.inverse_into(&y, &mut z).unwrap();
                fitted.inverse_in_place(&mut y).unwrap();
            }
            y.copy_from(&x);
            fitted.transform_in_place(&mut y).unwrap();
        });
        assert_eq!(counted.count_total, 0, "{}", scaler.name());
        let mut sample = x.as_slice()[..13].to_vec();
        let counted = allocation_counter::measure(|| {
            fitted.transform_sample(&mut sample).unwrap();
        });
        assert_eq!(counted.count_total, 0, "{}", scaler.name());
    }
}
