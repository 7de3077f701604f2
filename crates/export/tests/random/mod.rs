//! Random models with rows for them: of every kind of column, feature, scaling, activation and target.

#![allow(clippy::unwrap_used)]

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use smallbatch_predict::{
    Column, DatePart, Errors, Feature, FeatureScaling, HiddenActivation, Kind, Layer, List, Model,
    ModelMember, Network, Output, Row, Text, Value,
};

/// What a cell of a table holds.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Missing,
    Number(f64),
    Truth(bool),
    Text(String),
}

impl Cell {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Missing => Value::Missing,
            Self::Number(number) => Value::Number(*number),
            Self::Truth(is) => Value::Truth(*is),
            Self::Text(text) => Value::Text(text),
        }
    }
}

/// What kinds of columns there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    /// Numbers of about the size of 1, and yes or no.
    Plain,
    /// All there are.
    All,
}

/// A model and rows, with missing cells and texts that it does not know.
pub(crate) struct Case {
    pub(crate) model: Model,
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl Case {
    /// What this crate's own predictions are.
    pub(crate) fn predictions(&self) -> Vec<Vec<f64>> {
        let predict = |cells: &Vec<Cell>| {
            let mut row = self.model.row();
            set(&mut row, cells);
            self.model.predict(&row).unwrap().values
        };
        self.rows.iter().map(predict).collect()
    }

    /// The ends of their intervals of 90 %; none of classes, and where too few rows vouch for them.
    pub(crate) fn intervals(&self) -> Option<Vec<(f64, f64)>> {
        let interval = |cells: &Vec<Cell>| {
            let mut row = self.model.row();
            set(&mut row, cells);
            let interval = self.model.predict(&row).unwrap().interval(0.9);
            interval.filter(|(low, _)| low.is_finite())
        };
        self.rows.iter().map(interval).collect()
    }
}

fn set(row: &mut Row<'_>, cells: &[Cell]) {
    for (at, cell) in cells.iter().enumerate() {
        row.set_at(at, cell.value()).unwrap();
    }
}

/// A random case; the number chooses its kinds in turn, so that a few dozen have all of them.
pub(crate) fn case(number: u64, columns: Columns, n_rows: usize) -> Case {
    let mut random = ChaCha8Rng::seed_from_u64(number);
    let model = model(number, columns, &mut random);
    let rows = (0..n_rows)
        .map(|_| {
            let columns = model.columns.iter();
            columns
                .map(|column| cell(column, columns_scale(number), &mut random))
                .collect()
        })
        .collect();
    Case { model, rows }
}

/// Where numbers lie and how far they spread.
fn columns_scale(number: u64) -> f64 {
    [1.0, 100.0, 1e6][number as usize % 3]
}

fn model(number: u64, of: Columns, random: &mut ChaCha8Rng) -> Model {
    let n_classes = [0, 2, 0, 3, 5][number as usize % 5];
    let is_whole = of == Columns::Plain || number.is_multiple_of(2);
    let class = |at: usize| {
        if is_whole {
            Text::from(format!("{}", 3 * at))
        } else {
            Text::from(["no", "yes", "perhaps", "10", "größer"][at])
        }
    };
    let columns = columns(of, random);
    let n_members = random.random_range(1..=3);
    Model {
        target: "target".into(),
        classes: (0..n_classes).map(class).collect(),
        members: (0..n_members)
            .map(|_| member(number, &columns, n_classes, random))
            .collect(),
        columns: columns.into(),
        errors: (n_classes == 0).then(|| errors(number)).flatten(),
    }
}

/// Of two in three models of numbers; of every other too few rows for an interval of 90 %.
fn errors(number: u64) -> Option<Errors> {
    let n_rows = [0, 5, 30][number as usize % 3];
    let errors: List<f64> = (0..n_rows).map(|row| 0.15 * f64::from(row)).collect();
    (n_rows > 0).then(|| Errors {
        rows: errors.len(),
        errors,
    })
}

fn columns(of: Columns, random: &mut ChaCha8Rng) -> Vec<Column> {
    let n = random.random_range(2..7);
    let kinds = if of == Columns::Plain { 2 } else { 5 };
    let mut columns: Vec<Column> = (0..n)
        .map(|at| Column {
            // The first of all kinds are there; other names than letters, and those of the outputs.
            name: [
                "low",
                "variable",
                "café au lait",
                "label",
                "a/b",
                "probabilities",
            ][at]
                .into(),
            kind: match (at + random.random_range(0..kinds)) % kinds {
                0 => Kind::Number { range: None },
                1 => Kind::Boolean,
                2 => Kind::Category {
                    levels: (0..random.random_range(2..9))
                        .map(|level| Text::from(format!("level {level}")))
                        .collect(),
                },
                3 => Kind::Date {
                    earliest: 18_262.25,
                },
                _ => Kind::Time,
            },
            had_missing: true,
        })
        .collect();
    columns.push(Column {
        name: "always".into(),
        kind: Kind::Constant { value: "a".into() },
        had_missing: false,
    });
    columns
}

fn cell(column: &Column, scale: f64, random: &mut ChaCha8Rng) -> Cell {
    if random.random_bool(0.15) {
        return Cell::Missing;
    }
    match &column.kind {
        Kind::Number { .. } => {
            let number = scale * (2.0 + normal(random));
            // Some stand exactly on a quantile.
            let is_round = random.random_bool(0.3);
            Cell::Number(if is_round {
                (number / scale).round() * scale
            } else {
                number
            })
        }
        Kind::Boolean => Cell::Truth(random.random()),
        Kind::Category { .. } if random.random_bool(0.1) => Cell::Text("new".to_owned()),
        Kind::Category { levels } => Cell::Text(levels.choose(random).unwrap().to_string()),
        Kind::Date { .. } => Cell::Text(format!(
            "{}-{:02}-{:02}T{:02}:{:02}:00",
            random.random_range(1995..2060),
            random.random_range(1..=12),
            random.random_range(1..=28),
            random.random_range(0..24),
            random.random_range(0..60),
        )),
        Kind::Time => Cell::Text(format!(
            "{:02}:{:02}",
            random.random_range(0..24),
            random.random_range(0..60)
        )),
        Kind::Constant { .. } => Cell::Text("a".to_owned()),
    }
}

fn member(
    number: u64,
    columns: &[Column],
    n_classes: usize,
    random: &mut ChaCha8Rng,
) -> ModelMember {
    let scale = columns_scale(number);
    let mut features = Vec::new();
    let mut sizes = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let before = features.len();
        of_column(at, column, scale, &mut features, random);
        let is_number = matches!(column.kind, Kind::Number { .. });
        sizes.resize(
            sizes.len() + features.len() - before,
            if is_number { scale } else { 1.0 },
        );
    }
    ModelMember {
        scaling: scaling(number, &sizes, random),
        network: network(number, features.len(), n_classes.max(1), random),
        features: features.into(),
        output: match (n_classes, number.is_multiple_of(3)) {
            (0, true) => Output::Logarithm {
                mean: 0.5,
                scale: 0.7,
                smear: 1.1,
                reach: 1.5,
            },
            (0, false) => Output::Number {
                mean: 20.0,
                scale: 3.0,
            },
            _ => Output::Probabilities,
        },
    }
}

fn of_column(
    column: usize,
    of: &Column,
    scale: f64,
    features: &mut Vec<Feature>,
    random: &mut ChaCha8Rng,
) {
    let mut codes = |part: Option<DatePart>, n: u32, random: &mut ChaCha8Rng| {
        let codes: Vec<u32> = (0..n).filter(|_| random.random_bool(0.7)).collect();
        for code in codes.iter().copied().map(Some).chain([None]) {
            features.push(Feature::Is { column, part, code });
        }
        features.push(Feature::IsOther {
            column,
            part,
            codes: codes.into(),
        });
        let means: List<f64> = (0..=n).map(|_| normal(random)).collect();
        features.push(Feature::Mean {
            column,
            part,
            means,
        });
    };
    let number = |part, fill, features: &mut Vec<Feature>| {
        features.push(Feature::Number { column, part, fill });
        features.push(Feature::IsMissing { column, part });
    };
    match &of.kind {
        Kind::Number { .. } => number(None, scale, features),
        Kind::Boolean => number(None, 0.25, features),
        Kind::Category { levels } => codes(None, levels.len() as u32, random),
        Kind::Date { .. } => {
            codes(Some(DatePart::Month), 12, random);
            codes(Some(DatePart::Weekday), 7, random);
            codes(Some(DatePart::Hour), 24, random);
            number(Some(DatePart::Trend), 2.5, features);
        }
        Kind::Time => {
            number(Some(DatePart::Sine), 0.5, features);
            number(Some(DatePart::Cosine), 0.25, features);
        }
        Kind::Constant { .. } => {}
    }
}

fn scaling(number: u64, sizes: &[f64], random: &mut ChaCha8Rng) -> FeatureScaling {
    let shift: List<f64> = sizes.iter().map(|size| size * normal(random)).collect();
    let scale: List<f64> = sizes
        .iter()
        .map(|size| size * random.random_range(0.5..2.0))
        .collect();
    match number % 4 {
        0 => FeatureScaling::Affine { shift, scale },
        1 => FeatureScaling::SmoothClip { shift, scale },
        2 => {
            let of = |size: &f64| -> List<f64> {
                let n = *[1, 2, 5, 40].choose(random).unwrap();
                // Whole numbers: several are alike.
                let mut quantiles: Vec<f64> = (0..n)
                    .map(|_| size * (2.0 + 2.0 * normal(random)).round())
                    .collect();
                quantiles.sort_by(f64::total_cmp);
                quantiles.into()
            };
            FeatureScaling::Quantiles {
                quantiles: sizes.iter().map(of).collect(),
            }
        }
        _ => FeatureScaling::PerSample,
    }
}

fn network(number: u64, n_inputs: usize, n_outputs: usize, random: &mut ChaCha8Rng) -> Network {
    let activations = [
        HiddenActivation::Identity,
        HiddenActivation::Relu,
        HiddenActivation::LeakyRelu { slope: 0.1 },
        HiddenActivation::Tanh,
        HiddenActivation::Sigmoid,
        HiddenActivation::Silu,
        HiddenActivation::Gelu,
        HiddenActivation::Elu { alpha: 0.7 },
        HiddenActivation::Softplus,
    ];
    let n_hidden = random.random_range(0..3);
    let hidden = (0..n_hidden).map(|_| random.random_range(1..40));
    let hidden: Vec<usize> = hidden.collect();
    let sizes: Vec<usize> = [n_inputs]
        .into_iter()
        .chain(hidden)
        .chain([n_outputs])
        .collect();
    let layers = sizes.windows(2).map(|pair| {
        let spread = 1.5 / (pair[0] as f64).sqrt();
        let mut weights =
            |n: usize| -> List<f32> { (0..n).map(|_| (spread * normal(random)) as f32).collect() };
        Layer {
            weights: weights(pair[0] * pair[1]),
            bias: weights(pair[1]),
        }
    });
    Network {
        layers: layers.collect(),
        activation: activations[number as usize % activations.len()],
    }
}

/// Nearly normal: the sum of twelve uniform numbers.
fn normal(random: &mut impl Rng) -> f64 {
    (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0
}
