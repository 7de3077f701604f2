//! smallbatch's standard scaler as a peer: `smallbatch-scalers DATA THREADS` fits and transforms, and answers as `README.md`
//! says. `smallbatch-scalers --write DATA` writes the two tables that both peers read.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use nalgebra::DMatrix;
use peer_protocol::Error;
use serde_json::{Value, json};
use smallbatch_benches::{TABLES, Table};
use smallbatch_preprocess::{FitData, FittedScaler, Scaler, StandardScaler, Threads};

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, threads] = arguments.as_slice() else {
        return Err("usage: smallbatch-scalers DATA THREADS".into());
    };
    if folder == "--write" {
        return write(Path::new(threads));
    }
    let mut peer = Peer {
        threads: Threads::AtMost(threads.parse()?),
        folder: folder.into(),
        table: None,
    };
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", json!({"version": env!("CARGO_PKG_VERSION")}))?;
    for line in std::io::stdin().lock().lines() {
        let cell: Value = serde_json::from_str(&line?)?;
        let answer = peer
            .answer(&cell)
            .unwrap_or_else(|error| json!({"error": error.to_string()}));
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

/// Writes `cases.json`, and the values of each table.
fn write(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder)?;
    let mut listed = Vec::new();
    for table in &TABLES {
        let values = table.values();
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        std::fs::write(folder.join(format!("{}.features", table.name)), bytes)?;
        listed.push(json!({
            "name": table.name,
            "n_samples": table.n_samples,
            "n_features": table.n_features,
        }));
    }
    let listed = serde_json::to_string_pretty(&listed)?;
    Ok(std::fs::write(folder.join("cases.json"), listed)?)
}

struct Peer {
    threads: Threads,
    folder: PathBuf,
    /// The last that was asked for.
    table: Option<(String, DMatrix<f32>)>,
}

impl Peer {
    fn answer(&mut self, cell: &Value) -> Result<Value, Error> {
        let word = |key: &str| cell[key].as_str().ok_or(format!("no `{key}`"));
        let seconds = cell["seconds"].as_f64().ok_or("no `seconds`")?;
        let (threads, raw) = (self.threads, self.table(word("case")?)?);
        let fit = |data: &DMatrix<f32>| -> Result<FittedScaler, Error> {
            let fitted = StandardScaler::new().fit(&FitData::new(data).threads(threads))?;
            Ok(fitted.threads(threads))
        };
        let fitted = fit(raw)?;
        let (calls, taken, error) = match word("optimizer")? {
            "fit" => {
                let (calls, taken) = measure(seconds, || fit(raw).map(drop))?;
                let affine = fitted.affine().ok_or("standardizing is affine")?;
                (calls, taken, deviation(raw, &affine.shift, &affine.scale))
            }
            "transform" => {
                let mut scaled = DMatrix::zeros(0, 0);
                let (calls, taken) = measure(seconds, || {
                    scaled = fitted.transform(raw)?;
                    Ok(())
                })?;
                (calls, taken, unstandardized(&scaled))
            }
            "transform into" => {
                let mut scaled = DMatrix::zeros(raw.nrows(), raw.ncols());
                let (calls, taken) = measure(seconds, || {
                    fitted.transform_into(raw, &mut scaled)?;
                    Ok(())
                })?;
                (calls, taken, unstandardized(&scaled))
            }
            "in place" => {
                // Scaled data again and again: a scaler fitted to them leaves them as they are.
                let mut scaled = fitted.transform(raw)?;
                let again = fit(&scaled)?;
                let (calls, taken) = measure(seconds, || {
                    again.transform_in_place(&mut scaled)?;
                    Ok(())
                })?;
                (calls, taken, unstandardized(&scaled))
            }
            other => return Err(format!("there is no operation `{other}`").into()),
        };
        Ok(json!({
            "samples": calls * raw.ncols(),
            "seconds": taken,
            "loss_before": unstandardized(raw),
            "loss_after": error,
        }))
    }

    fn table(&mut self, name: &str) -> Result<&DMatrix<f32>, Error> {
        if self.table.as_ref().is_none_or(|(last, _)| last != name) {
            let found = TABLES.iter().find(|table| table.name == name);
            let table: &Table = found.ok_or_else(|| format!("there is no table `{name}`"))?;
            let bytes = std::fs::read(self.folder.join(format!("{name}.features")))?;
            let values = bytes.as_chunks().0.iter().copied().map(f32::from_le_bytes);
            let values = DMatrix::from_iterator(table.n_features, table.n_samples, values);
            self.table = Some((name.to_owned(), values));
        }
        self.table
            .as_ref()
            .map(|(_, values)| values)
            .ok_or_else(|| "no table".into())
    }
}

/// Calls once to warm up, then until so many seconds have passed.
fn measure(
    seconds: f64,
    mut work: impl FnMut() -> Result<(), Error>,
) -> Result<(usize, f64), Error> {
    work()?;
    let (start, mut calls) = (Instant::now(), 0);
    loop {
        work()?;
        calls += 1;
        let taken = start.elapsed().as_secs_f64();
        if taken >= seconds {
            return Ok((calls, taken));
        }
    }
}

fn unstandardized(values: &DMatrix<f32>) -> f64 {
    let n = values.nrows();
    deviation(values, &vec![0.0; n], &vec![1.0; n])
}

/// How far features are from mean 0 and variance 1 once shifted and scaled, at most: the fit's error in deviations, since
/// it is computed in f64.
fn deviation(values: &DMatrix<f32>, shift: &[f64], scale: &[f64]) -> f64 {
    let mut sums = vec![(0.0_f64, 0.0_f64); values.nrows()];
    for sample in values.column_iter() {
        for (((sum, squares), &x), (shift, scale)) in
            sums.iter_mut().zip(&sample).zip(shift.iter().zip(scale))
        {
            let z = (f64::from(x) - shift) / scale;
            *sum += z;
            *squares += z * z;
        }
    }
    let n = values.ncols() as f64;
    let each = sums
        .iter()
        .map(|(sum, squares)| (sum / n).abs().max((squares / n - 1.0).abs()));
    each.fold(0.0, f64::max)
}
