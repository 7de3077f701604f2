//! The tables of the population are what their description says: shape, task, classes, statistics, citation.

#![cfg(feature = "population")]
#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use std::collections::BTreeMap;

use serde::Deserialize;
use smallbatch_data::{Dataset, Target, Task, builtin};

/// Name, number in the UCI repository, samples, features, and how many classes, 0 for numbers.
const DESCRIBED: [(&str, u32, usize, usize, usize); 38] = [
    ("abalone", 1, 4177, 7, 0),
    ("airfoil", 291, 1503, 5, 0),
    ("aquatic_toxicity", 505, 546, 8, 0),
    ("auto_mpg", 9, 392, 5, 0),
    ("balance", 12, 625, 4, 3),
    ("bike_sharing", 275, 730, 11, 0),
    ("breast_cancer", 17, 569, 30, 2),
    ("concrete", 165, 1030, 8, 0),
    ("contraceptive", 30, 1473, 9, 3),
    ("dermatology", 33, 358, 34, 6),
    ("digits", 80, 1797, 64, 10),
    ("ecoli", 39, 327, 7, 5),
    ("fish_toxicity", 504, 908, 6, 0),
    ("forest_fires", 162, 517, 10, 0),
    ("glass", 42, 214, 9, 6),
    ("grid_stability", 471, 4000, 12, 0),
    ("haberman", 43, 306, 3, 2),
    ("iris", 53, 150, 4, 3),
    ("libras", 181, 360, 90, 15),
    ("liver", 60, 345, 6, 2),
    ("magic", 159, 4000, 10, 2),
    ("mammographic", 161, 830, 5, 2),
    ("page_blocks", 78, 5472, 10, 5),
    ("power_plant", 294, 4000, 4, 0),
    ("real_estate", 477, 414, 6, 0),
    ("satimage", 146, 4000, 36, 6),
    ("segment", 50, 2310, 19, 7),
    ("skillcraft", 272, 3338, 18, 0),
    ("spectf", 96, 267, 44, 2),
    ("synchronous_machine", 607, 557, 3, 0),
    ("thyroid", 102, 215, 5, 3),
    ("vehicle", 149, 846, 18, 4),
    ("vowel", 152, 990, 10, 11),
    ("wine", 109, 178, 13, 3),
    ("wine_red", 186, 1599, 11, 0),
    ("wine_white", 186, 4898, 11, 0),
    ("yacht", 243, 308, 6, 0),
    ("yeast", 110, 1479, 8, 9),
];

/// What `population/make.py` computed.
#[derive(Deserialize)]
struct Statistics {
    means: Vec<f64>,
    /// Roots of the means of the squares.
    roots: Vec<f64>,
    low: f64,
    high: f64,
    classes: Option<serde_json::Map<String, serde_json::Value>>,
    target_mean: Option<f64>,
    target_root: Option<f64>,
}

#[test]
fn the_population_is_the_one_described_in_a_stable_order() {
    let names = DESCRIBED.map(|(name, ..)| name);
    assert_eq!(builtin::population_names(), names);
    assert_eq!(builtin::tables().len(), 39, "and airfoil_by_run");
    for (table, (name, uci, n_samples, n_features, n_classes)) in
        builtin::population().into_iter().zip(DESCRIBED)
    {
        assert_eq!((table.name, table.uci), (name, uci));
        assert_eq!(table.licence, "CC BY 4.0");
        assert_eq!(
            (table.n_samples, table.n_features),
            (n_samples, n_features),
            "{name}"
        );
        assert_eq!(table.task == Task::Regression, n_classes == 0, "{name}");
        let dataset = table.load().unwrap();
        assert_eq!(dataset.name(), name);
        assert_eq!(
            (dataset.n_samples(), dataset.n_features()),
            (n_samples, n_features),
            "{name}"
        );
        let counts = dataset.target().class_counts().unwrap_or_default();
        assert_eq!(counts.len(), n_classes, "{name}");
        assert!(counts.iter().all(|&count| count >= 8), "{name}: {counts:?}");
        assert!(
            dataset.features().iter().all(|value| value.is_finite()),
            "{name} has missing cells"
        );
    }
}

/// Mean and root of the mean square, in f64.
fn moments<'a>(values: impl Iterator<Item = &'a f32>) -> (f64, f64) {
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for &value in values {
        let value = f64::from(value);
        n += 1.0;
        sum += value;
        squares += value * value;
    }
    (sum / n, (squares / n).sqrt())
}

/// Equal but for the rounding of cells to f32, which is 6e-8 of a cell at most.
#[track_caller]
fn close(found: (f64, f64), mean: f64, root: f64, of: &str) {
    let apart = (found.0 - mean).abs().max((found.1 - root).abs());
    assert!(apart <= 1e-7 * root, "{of}: {found:?}, not {mean}, {root}");
}

fn compare(dataset: &Dataset, expected: &Statistics) {
    let name = dataset.name();
    assert_eq!(
        expected.means.len(),
        dataset.n_features(),
        "features of {name}"
    );
    for (row, (&mean, &root)) in expected.means.iter().zip(&expected.roots).enumerate() {
        let found = moments(dataset.features().row(row).iter());
        close(
            found,
            mean,
            root,
            &format!("{name}.{}", dataset.feature_names()[row]),
        );
    }
    let extremes = (dataset.features().min(), dataset.features().max());
    assert_eq!(
        extremes,
        (expected.low as f32, expected.high as f32),
        "{name}"
    );
    match dataset.target() {
        Target::Values { values, .. } => {
            let (mean, root) = (expected.target_mean.unwrap(), expected.target_root.unwrap());
            close(moments(values.iter()), mean, root, name);
        }
        Target::Classes { names, .. } => {
            let counts = dataset.target().class_counts().unwrap();
            let classes = expected.classes.as_ref().unwrap();
            assert_eq!(counts.len(), classes.len(), "{name}");
            for (class, count) in names.iter().zip(counts) {
                // `wine` gives its classes names of its own.
                let written = class.strip_prefix("cultivar ").map_or(class.clone(), |n| {
                    (n.parse::<usize>().unwrap() - 1).to_string()
                });
                assert_eq!(classes[&written], count, "{class} of {name}");
            }
        }
        _ => unreachable!("classes or values"),
    }
}

#[test]
fn statistics_are_those_of_another_reader() {
    let expected: BTreeMap<String, Statistics> =
        serde_json::from_str(include_str!("../population/statistics.json")).unwrap();
    let names: Vec<&str> = expected.keys().map(String::as_str).collect();
    assert_eq!(names, builtin::population_names());
    for table in builtin::population() {
        compare(&table.load().unwrap(), &expected[table.name]);
    }
}

#[test]
fn each_table_is_cited_in_the_document_and_listed_in_the_manual() {
    // Over the ends of lines of a quotation.
    let words: Vec<&str> = include_str!("../../DATA.md")
        .split([' ', '\n', '>'])
        .filter(|word| !word.is_empty())
        .collect();
    let documentation = words.join(" ");
    let manual = include_str!("../../src/builtin.rs");
    for table in builtin::population() {
        let citation = format!(
            "{} [Dataset]. UCI Machine Learning Repository. https://doi.org/{}",
            table.citation, table.doi
        );
        assert!(documentation.contains(&citation), "{citation}");
        let name = table.name;
        assert!(
            manual.contains(&format!("`\"{name}\"`"))
                || manual.contains(&format!("[`{name}`]"))
                || manual.contains(&format!("`table(\"{name}\")`")),
            "{name}"
        );
    }
}
