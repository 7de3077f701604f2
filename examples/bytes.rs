//! Trains on bytes, such as the pixels of images: a quarter of the memory, and the same bits.
//!
//! Run it with `cargo run --release --example bytes`. The same with 70,000 images from files: `mnist.rs`.

use std::error::Error;

use smallbatch::data::builtin;
use smallbatch::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    // 1,797 images of 64 grey levels. As `f32` each pixel takes 4 bytes, though its value fits into one.
    let numbers = builtin::digits()?;
    let pixels = numbers.features().map(|grey| grey as u8);
    let bytes = Dataset::from_bytes(pixels, numbers.target().clone())?;

    // Scaled beforehand, the features would be `f32` again. Scaled on reading they stay bytes, and become numbers as a batch is made.
    let splitter = Splitter::new(1).stratified();
    let scaler = MinMaxScaler::default();
    let (copied, _) = splitter.split(&numbers)?.scaled_by(&scaler)?;
    let (stored, fitted) = splitter.split(&bytes)?.scaled_on_read_by(&scaler)?;
    let per_image = |name: &str, bytes| println!("{name}: {} bytes an image", 64 * bytes);
    per_image("scaled copy", size_of::<f32>());
    per_image("bytes, scaled on reading", size_of::<u8>());

    let trainer = Trainer::new(MlpSpec::new([64, 32, 10]))
        .learning_rate(0.003)
        .budget(Budget::Epochs(15));
    let by_copy = trainer.fit(copied.train(), Some(copied.validation()))?;
    let by_bytes = trainer.fit(stored.train(), Some(stored.validation()))?;
    let same = by_copy.model() == by_bytes.model();
    println!("the same model, to the last bit: {same}");

    let accuracy = by_bytes.evaluate(stored.test())?.metrics.accuracy();
    println!("test accuracy {:.3}", accuracy.unwrap_or(f64::NAN));

    // One new image: its pixels as numbers, scaled in place as the training data was.
    let mut image: Vec<f32> = numbers.features().column(0).iter().copied().collect();
    fitted.transform_sample(&mut image)?;
    let probabilities = by_bytes.model().predict_sample(&image)?;
    let best = (0..10).max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
    println!("the first image shows a {}", best.unwrap_or(0));
    Ok(())
}
