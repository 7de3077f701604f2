//! `expect`, `advise`, `train`, `predict`, `evaluate` and `inspect`: what the program does for a table of one's own.

pub(crate) mod arguments;
mod new;
mod said;
mod training;

use std::path::{Path, PathBuf};
use std::time::Instant;

use smallbatch::advice::{AdvicePlan, MOST_ROWS, advise_sampled as search};
use smallbatch::data::{Dataset, Table, TableChunks, TableSchema, sample_path};
use smallbatch::pipeline::{Memory, Pipeline, Recipe};
use smallbatch::{files, lab, report, sweep};

use crate::ending::{Ending, Failure, in_flags};
use crate::interruption::Interruption;
use crate::output::{say, screen, warn};
use crate::progress::{Display, spoken};
use crate::run::{Folder, rescue};
use crate::{locked, mistaken};
use arguments::{Advise, Evaluate, Expect, Inspect, Predict, Reading, Train};
use new::New;

/// Bytes of a file whose reading is worth a remark.
const LARGE: u64 = 200_000_000;
/// Rows of a table that are predicted at once.
const ROWS_AT_ONCE: usize = 50_000;

/// Says what the results that come with the program predict for a table.
pub(crate) fn expect(asked: &Expect) -> Result<Ending, Failure> {
    mistaken::check_table(&asked.table)?;
    let table = whole(&asked.table, &asked.reading)?;
    say(&predicted(&table)?);
    Ok(Ending::Done)
}

/// A table with all its rows, as the experiments take one.
fn whole(file: &Path, reading: &Reading) -> Result<sweep::NamedTable, Failure> {
    let dataset: Dataset = reading.reader(file)?.read_path(file)?;
    Ok(as_experiments_take_it(file, dataset))
}

fn as_experiments_take_it(file: &Path, dataset: Dataset) -> sweep::NamedTable {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    sweep::NamedTable::new(name, said::file(file), dataset)
}

/// What the results that come with the program predict of the claims on a table.
fn predicted(table: &sweep::NamedTable) -> Result<String, Failure> {
    let results = lab::committed()?;
    let foresights = lab::foresee(&results, table)?;
    let facts = table.facts();
    let read_off = format!(
        "{}: {} rows, {} features, {}; condition number {}, deviations differ {} times",
        table.name(),
        facts.n_samples,
        facts.n_features,
        table.target(),
        if facts.condition_number.is_finite() {
            report::number(facts.condition_number)
        } else {
            "infinite (features depend on each other)".into()
        },
        report::number(facts.deviation_ratio),
    );
    Ok(report::terminal_foresight(
        &results,
        &read_off,
        &foresights,
        screen(),
    ))
}

/// What the results that come with the program let one expect of a table, or why they say nothing of it.
fn expectations(
    file: &Path,
    schema: &TableSchema,
    table: &Table,
    n_rows: u64,
) -> Result<Vec<report::Expectation>, String> {
    if n_rows > MOST_ROWS as u64 {
        return Err(format!(
            "it has more than {MOST_ROWS} rows, and is not read whole"
        ));
    }
    // The experiments take tables without missing cells.
    let dataset = schema
        .dataset(table)
        .map_err(|error| in_flags(&error.to_string()))?;
    let table = as_experiments_take_it(file, dataset);
    let foreseen = || -> Result<_, lab::Error> {
        let results = lab::committed()?;
        let foresights = lab::foresee(&results, &table)?;
        Ok(report::expectations(&results, &foresights))
    };
    foreseen().map_err(|error| error.to_string())
}

/// Reads the table, advises, writes the files, and prints the advice.
pub(crate) fn advise(asked: &Advise) -> Result<Ending, Failure> {
    let mut plan = AdvicePlan {
        size: asked.length.size(),
        balanced: asked.balance,
        base_seed: asked.base_seed,
        cache: asked.keeping.folder(&asked.out),
        ..AdvicePlan::new(asked.reading.reader(&asked.table)?)
    };
    plan.threads = asked.threads.n.unwrap_or(plan.threads);
    plan.validate()?;
    mistaken::check_table(&asked.table)?;
    if is_standard_input(&asked.table) && asked.test.as_deref().is_some_and(is_standard_input) {
        return Err(Failure::wrong(
            "standard input is one table; name a file for the table or for --test".to_owned(),
        ));
    }
    tell_if_large(&asked.table);
    let (schema, table, n_rows) =
        sample_path(&asked.table, &plan.reader, MOST_ROWS, asked.base_seed)?;
    let test = asked.test.as_deref().map(read).transpose()?;
    if let Some(test) = &test {
        // A table of other columns is refused before the search, not after it.
        schema.labelled_frame(test)?;
    }
    let _folder = Folder::prepare(&asked.out)?;
    let _lock = locked::take(&asked.out)?;

    let start = Instant::now();
    let mut display = Display::new(Interruption::listen()).patient();
    let advised = search(schema.clone(), &table, n_rows as usize, &plan, &mut display);
    display.finish();
    let advised = advised?;
    let expected = expectations(&asked.table, &schema, &table, n_rows);
    let files = advised
        .write(&asked.out, expected.clone())
        .inspect_err(|_| rescue(|folder| advised.write(folder, expected).is_ok()))?;
    let time = spoken(start.elapsed());
    let ending = if advised.advice.is_complete {
        warn(&format!("done in {time}"));
        Ending::Done
    } else {
        warn(&format!("stopped after {time}"));
        if files.iter().all(|file| file.parent() != Some(&asked.out)) {
            warn("kept the complete advice that was there");
        }
        Ending::Interrupted
    };
    if asked.json {
        say(&files::seal_json(&json(&advised.advice)?));
        return Ok(ending);
    }
    // Before lines are broken.
    let mut advice = advised.advice;
    for note in &mut advice.notes {
        *note = in_flags(note);
    }
    say(&advice.to_string());
    if let Some(test) = test {
        let (scores, inside) = advised.model.evaluate(&test)?;
        say(&format!("On {}:", test.name()));
        say(&said::scores(&scores, inside));
    }
    say(&said::files(&files));
    Ok(ending)
}

/// Trains by a recipe.
pub(crate) fn train(asked: &Train) -> Result<Ending, Failure> {
    let recipe = match &asked.recipe {
        Some(file) => said::recipe(file)?,
        None => Recipe::default(),
    };
    recipe.validate()?;
    mistaken::check_table(&asked.table)?;
    tell_if_large(&asked.table);
    let reader = asked.reading.reader(&asked.table)?;
    let _folder = Folder::prepare(&asked.out)?;
    let _lock = locked::take(&asked.out)?;
    let memory = Memory {
        bytes: asked.memory.saturating_mul(1 << 20),
        folder: asked.out.clone(),
        ..Memory::default()
    };
    let Some(model) = training::fit(asked, &reader, &recipe, &memory)? else {
        return Ok(Ending::Interrupted);
    };
    let file = asked.out.join(Pipeline::FILE_NAME);
    model.save(&file).inspect_err(|_| {
        rescue(|folder| model.save(folder.join(Pipeline::FILE_NAME)).is_ok());
    })?;
    training::clear(asked)?;
    for note in model.schema().notes() {
        warn(&format!("note: {}", in_flags(&note)));
    }
    say(&format!(
        "{}: {recipe}{}; on rows that were held out:",
        model.data().0,
        said::from_file(&model, memory.rows)
    ));
    say(&said::scores(model.held_out(), None));
    say(&said::files(&[file]));
    Ok(Ending::Done)
}

/// Prints what a saved model predicts, piece by piece: a table of any size in bounded memory.
pub(crate) fn predict(asked: &Predict) -> Result<Ending, Failure> {
    let file = model_file(&asked.model);
    mistaken::check_model(&file, &asked.table)?;
    mistaken::check_table(&asked.table)?;
    let model = Pipeline::load(&file)?;
    let mut new = New::default();
    let (mut rows, mut half_width) = (0, None);
    for (at, piece) in TableChunks::open_tolerant(&asked.table, ROWS_AT_ONCE)?.enumerate() {
        let table = piece?;
        if at == 0 {
            tell_notes(&asked.table, &table);
        }
        let predictions = model.predict_covering(&table, asked.coverage)?;
        rows += predictions.lines.len() + predictions.bad_rows.len();
        half_width = predictions.half_width;
        let text = predictions.to_csv()?;
        let found = New::of(predictions.notices, predictions.bad_rows);
        if asked.unfit.strict {
            found.refuse("predicted")?;
        }
        let (header, body) = text.split_once('\n').unwrap_or((&text, ""));
        if at == 0 {
            say(header);
        }
        if !body.is_empty() {
            say(body.trim_end());
        }
        new.add(found);
    }
    if let Some((half, coverage)) = half_width
        && half.is_infinite()
    {
        warn(&format!(
            "warning: too few rows were held out to vouch for intervals of {} %; they have no ends",
            100.0 * coverage
        ));
    }
    new.tell(rows, &asked.unfit.bad_rows, "predicted")?;
    Ok(Ending::Done)
}

/// Judges a saved model.
pub(crate) fn evaluate(asked: &Evaluate) -> Result<Ending, Failure> {
    let file = model_file(&asked.model);
    mistaken::check_model(&file, &asked.table)?;
    mistaken::check_table(&asked.table)?;
    let model = Pipeline::load(&file)?;
    let table = tolerantly(&asked.table)?;
    tell_notes(&asked.table, &table);
    let malformed = table.bad_rows();
    let found = if table.n_rows() == 0 {
        New::of(Vec::new(), malformed.to_vec())
    } else {
        let framed = model.schema().labelled_frame(&table)?;
        New::of(framed.notices, framed.bad_rows)
    };
    if asked.unfit.strict {
        found.refuse("judged")?;
    }
    let rows = table.n_rows() + malformed.len();
    found.tell(rows, &asked.unfit.bad_rows, "judged")?;
    let (scores, inside) = model.evaluate(&table)?;
    if asked.json {
        say(&said::scores_in_json(&scores, inside)?);
    } else {
        say(&said::scores(&scores, inside));
    }
    Ok(Ending::Done)
}

/// A whole table without its malformed lines.
fn tolerantly(file: &Path) -> Result<Table, Failure> {
    let whole = TableChunks::open_tolerant(file, usize::MAX)?.next();
    // There is a piece, or an error.
    whole.map_or_else(|| Ok(Table::read_path(file)?), |table| Ok(table?))
}

/// Says what a model is made of, or how a table would be read.
pub(crate) fn inspect(asked: &Inspect) -> Result<Ending, Failure> {
    let file = model_file(&asked.file);
    if mistaken::is_model(&file) {
        let model = Pipeline::load(&file)?;
        say(&if asked.json {
            json(&model)?
        } else {
            said::model(&model)
        });
        return Ok(Ending::Done);
    }
    let table = read(&file)?;
    let schema = asked.reading.reader(&file)?.schema(&table)?;
    say(&if asked.json {
        json(&schema)?
    } else if asked.toml {
        schema.to_toml().trim_end().to_owned()
    } else {
        said::schema(&table, &schema)
    });
    Ok(Ending::Done)
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// The model in a folder, or the file itself.
pub(crate) fn model_file(path: &Path) -> PathBuf {
    // The second as earlier versions wrote it.
    let names = [Pipeline::FILE_NAME, "model.json"].map(|name| path.join(name));
    let found = names.into_iter().find(|file| file.is_file());
    found.unwrap_or_else(|| path.to_path_buf())
}

fn json(content: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(content).map_err(|error| Failure::failed(error.to_string()))
}

/// Reading takes long before there is any progress to show.
fn tell_if_large(file: &Path) {
    let size = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    if size > LARGE {
        warn(&format!(
            "reading {} ({} MB)",
            file.display(),
            size / 1_000_000
        ));
    }
}

/// Reads a table, and says what is odd about how it was read.
fn read(file: &Path) -> Result<Table, Failure> {
    mistaken::check_table(file)?;
    let table = Table::read_path(file)?;
    tell_notes(file, &table);
    Ok(table)
}

/// What is odd about how a table was read.
fn tell_notes(file: &Path, table: &Table) {
    for note in table.notes() {
        warn(&format!("{}: {note}", said::file(file)));
    }
}
