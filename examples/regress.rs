//! Predicts the fuel consumption of cars: a table of any columns in, a saved model with intervals out.
//!
//! Run it with `cargo run --release --example regress`, or with a file of your own whose last column is a number:
//! `cargo run --release --example regress -- houses.csv`.

use std::error::Error;

use smallbatch::pipeline::Measures;
use smallbatch::prelude::*;

/// 392 cars: displacement, horse power, weight, acceleration, model year, and miles per gallon.
const CARS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/data/auto_mpg.csv");

/// Cars that are not in the file. Columns are found by name, in any order; one number is missing.
const NEW: &str = "\
model_year,weight,horse_power,displacement,acceleration
70,4100,165,350,11
82,2100,,98,17
";

fn main() -> Result<(), Box<dyn Error>> {
    let own = std::env::args().nth(1);
    let table = Table::read_path(own.as_deref().unwrap_or(CARS))?;

    // The rows are cut into five folds, each predicted by a network that did not see it. What fills in missing cells, the encoding of
    // categories and the scaling are fitted to the training rows of each network.
    let reader = TableReader::new().task(Task::Regression);
    let model = Pipeline::fit(&table, &reader, &Recipe::default(), 3)?;

    // What the error is worth shows beside the simplest prediction: always the mean.
    let held_out = model.held_out();
    if let Measures::Numbers { rmse, mae, r2 } = held_out.measures {
        println!("{}: on rows that were held out", model.schema().target());
        println!("  mean absolute error      {mae:.2}");
        println!("  root mean squared error  {rmse:.2}");
        println!(
            "  of always the mean       {:.2}",
            held_out.constant_loss.sqrt()
        );
        println!("  explained                {:.1} %", 100.0 * r2);
    }

    // A saved model is all that is needed later.
    let file = std::env::temp_dir().join(format!("cars-{}.json", std::process::id()));
    model.save(&file)?;
    let model = Pipeline::load(&file)?;
    std::fs::remove_file(&file)?;

    if own.is_none() {
        let cars = model.predict(&Table::read(NEW.as_bytes())?)?;
        let (half, coverage) = cars.half_width.unwrap_or((f64::INFINITY, 0.0));
        for (car, mpg) in cars.values.iter().enumerate() {
            println!(
                "new car {}: {mpg:.1} mpg; between {:.1} and {:.1} with {:.0} %",
                car + 1,
                mpg - half,
                mpg + half,
                100.0 * coverage
            );
        }
    }
    Ok(())
}
