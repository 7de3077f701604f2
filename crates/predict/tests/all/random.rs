//! Random models and rows, the same ones for a seed: of every kind of column, feature, scaling, activation and output. The tests of
//! `export` draw them, too.

use std::borrow::Cow;

use smallbatch_predict::{
    Column, DatePart, Error, Errors, Feature, FeatureScaling, HiddenActivation, Kind, Layer, List,
    Model, ModelMember, Network, Output, Prediction, Text, Value,
};

/// A stream of random numbers (`SplitMix64`).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to n - 1.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Uniform.
    pub(crate) fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Names that are no names in other languages.
const NAMES: [&str; 8] = [
    "length",
    "size (m²)",
    "2nd",
    "class",
    "a \"quoted\" \\ name",
    "Größe",
    "size_m",
    "Length",
];
const LEVELS: [&str; 6] = [
    "a",
    "b c",
    "\"quoted\"",
    "über",
    "back\\slash",
    "line\u{2028}end??/",
];

/// A model.
pub(crate) fn model(seed: u64) -> Model {
    let random = &mut Random(seed);
    let columns: Vec<Column> = (0..2 + random.below(6))
        .map(|at| Column {
            name: NAMES[at].into(),
            kind: kind(at, seed, random),
            had_missing: random.one_in(2),
        })
        .collect();
    let classes: List<Text> = match seed % 3 {
        0 => [Cow::from("no"), "yes \"or\" so".into(), "Ü\n".into()]
            .to_vec()
            .into(),
        _ => Cow::Borrowed(&[]),
    };
    let members: Vec<ModelMember> = (0..1 + random.below(3))
        .map(|at| member(&columns, classes.len(), seed + at as u64, random))
        .collect();
    let mut errors: Vec<f64> = (0..1 + random.below(30))
        .map(|_| random.between(0.0, 3.0))
        .collect();
    errors.sort_by(f64::total_cmp);
    Model {
        target: "what (is predicted) */".into(),
        errors: (classes.is_empty() && !random.one_in(3)).then(|| Errors {
            rows: errors.len() * (1 + random.below(3)),
            errors: errors.into(),
        }),
        classes,
        columns: columns.into(),
        members: members.into(),
    }
}

fn kind(at: usize, seed: u64, random: &mut Random) -> Kind {
    // The first are of each kind in turns, so that no model is without features.
    match (at + seed as usize) % if at == 0 { 5 } else { 6 } {
        0 => Kind::Number {
            range: (!random.one_in(3)).then_some([-2.0, 3.0]),
        },
        1 => Kind::Boolean,
        2 => Kind::Category {
            levels: LEVELS[..2 + random.below(5)]
                .iter()
                .map(|level| (*level).into())
                .collect(),
        },
        3 => Kind::Date {
            earliest: random.between(15_000.0, 19_000.0).floor(),
        },
        4 => Kind::Time,
        _ => Kind::Constant {
            value: "always".into(),
        },
    }
}

fn member(columns: &[Column], n_classes: usize, seed: u64, random: &mut Random) -> ModelMember {
    let features: Vec<Feature> = columns
        .iter()
        .enumerate()
        .flat_map(|(at, column)| features(at, column, random))
        .collect();
    let n = features.len();
    let shift: List<f64> = (0..n).map(|_| random.between(-1.0, 1.0)).collect();
    let scale: List<f64> = (0..n).map(|_| random.between(0.3, 3.0)).collect();
    let scaling = match seed % 4 {
        0 => FeatureScaling::Affine { shift, scale },
        1 => FeatureScaling::SmoothClip { shift, scale },
        2 => FeatureScaling::Quantiles {
            quantiles: (0..n).map(|_| quantiles(random)).collect(),
        },
        _ => FeatureScaling::PerSample,
    };
    let (mean, scale) = (random.between(-2.0, 2.0), random.between(0.1, 2.0));
    let output = match seed % 2 {
        _ if n_classes > 0 => Output::Probabilities,
        0 => Output::Number { mean, scale },
        _ => Output::Logarithm {
            mean,
            scale,
            smear: random.between(0.9, 1.2),
            reach: random.between(0.5, 4.0),
        },
    };
    let mut sizes = vec![n];
    sizes.extend((0..random.below(3)).map(|_| 1 + random.below(70)));
    sizes.push(n_classes.max(1));
    ModelMember {
        features: features.into(),
        scaling,
        network: network(&sizes, activation(seed), random),
        output,
    }
}

fn quantiles(random: &mut Random) -> List<f64> {
    let mut quantiles: Vec<f64> = (0..1 + random.below(40))
        // Some are alike.
        .map(|_| (random.between(-3.0, 3.0) * 8.0).round() / 8.0)
        .collect();
    quantiles.sort_by(f64::total_cmp);
    quantiles.into()
}

/// What can be made of a column, one of the possible sets.
fn features(column: usize, of: &Column, random: &mut Random) -> Vec<Feature> {
    let number = |part, random: &mut Random| {
        let fill = random.between(-1.0, 1.0);
        let mut features = vec![Feature::Number { column, part, fill }];
        if random.one_in(2) {
            features.push(Feature::IsMissing { column, part });
        }
        features
    };
    match &of.kind {
        Kind::Number { .. } | Kind::Boolean => number(None, random),
        Kind::Category { levels } => coded(column, None, levels.len(), random),
        Kind::Date { .. } => {
            let mut features = number(Some(DatePart::Trend), random);
            for (part, n) in [
                (DatePart::Month, 12),
                (DatePart::Weekday, 7),
                (DatePart::Hour, 24),
            ] {
                features.extend(coded(column, Some(part), n, random));
            }
            features
        }
        Kind::Time => {
            let mut features = number(Some(DatePart::Sine), random);
            features.extend(number(Some(DatePart::Cosine), random));
            features
        }
        Kind::Constant { .. } => Vec::new(),
    }
}

fn coded(column: usize, part: Option<DatePart>, n: usize, random: &mut Random) -> Vec<Feature> {
    if random.one_in(2) {
        let means = (0..=n).map(|_| random.between(-1.0, 1.0)).collect();
        return vec![Feature::Mean {
            column,
            part,
            means,
        }];
    }
    let codes: List<u32> = (0..n as u32).filter(|_| random.one_in(2)).collect();
    let is = |code| Feature::Is { column, part, code };
    let mut features: Vec<Feature> = codes.iter().map(|&code| is(Some(code))).collect();
    features.push(is(None));
    features.push(Feature::IsOther {
        column,
        part,
        codes,
    });
    features
}

/// Each of them in turns.
pub(crate) fn activation(seed: u64) -> HiddenActivation {
    match seed % 9 {
        0 => HiddenActivation::Identity,
        1 => HiddenActivation::Relu,
        2 => HiddenActivation::LeakyRelu { slope: 0.01 },
        3 => HiddenActivation::Tanh,
        4 => HiddenActivation::Sigmoid,
        5 => HiddenActivation::Silu,
        6 => HiddenActivation::Gelu,
        7 => HiddenActivation::Elu { alpha: 0.7 },
        _ => HiddenActivation::Softplus,
    }
}

/// A network of this many inputs and units.
pub(crate) fn network(
    sizes: &[usize],
    activation: HiddenActivation,
    random: &mut Random,
) -> Network {
    let layer = |n_inputs: usize, n_units: usize, random: &mut Random| {
        let reach = 3.0 / (n_inputs as f64).sqrt();
        Layer {
            weights: (0..n_inputs * n_units)
                .map(|_| random.between(-reach, reach) as f32)
                .collect(),
            bias: (0..n_units)
                .map(|_| random.between(-0.5, 0.5) as f32)
                .collect(),
        }
    };
    Network {
        layers: sizes
            .windows(2)
            .map(|pair| layer(pair[0], pair[1], random))
            .collect(),
        activation,
    }
}

/// What a cell of a random row is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Drawn {
    Missing,
    Number(f64),
    Level(usize),
    Unseen,
    Date {
        year: i32,
        month: u32,
        day: u32,
        hour: u32,
        minute: u32,
        second: f64,
        /// Minutes that its zone is ahead of UTC.
        ahead: i32,
    },
    Time {
        hour: u32,
        minute: u32,
        second: f64,
    },
}

/// A row: mostly of the size of the training rows, at times far outside.
pub(crate) fn row(model: &Model, random: &mut Random) -> Vec<Drawn> {
    model
        .columns
        .iter()
        .map(|column| match &column.kind {
            _ if random.one_in(8) => Drawn::Missing,
            Kind::Number { .. } if random.one_in(12) => {
                let far = 10_f64.powf(random.between(-320.0, 308.0));
                Drawn::Number(if random.one_in(2) { far } else { -far })
            }
            // On a quantile at times.
            Kind::Number { .. } if random.one_in(3) => {
                Drawn::Number((random.between(-4.0, 4.0) * 8.0).round() / 8.0)
            }
            Kind::Number { .. } => Drawn::Number(random.between(-3.0, 4.0)),
            Kind::Boolean => Drawn::Number(random.below(2) as f64),
            Kind::Category { levels } => {
                if random.one_in(6) {
                    Drawn::Unseen
                } else {
                    Drawn::Level(random.below(levels.len()))
                }
            }
            Kind::Date { .. } => Drawn::Date {
                year: 1850 + random.below(250) as i32,
                month: 1 + random.below(12) as u32,
                day: 1 + random.below(28) as u32,
                hour: random.below(24) as u32,
                minute: random.below(60) as u32,
                second: random.below(60_000) as f64 / 1000.0,
                ahead: random.below(27) as i32 * 60 - 720,
            },
            Kind::Time => Drawn::Time {
                hour: random.below(24) as u32,
                minute: random.below(60) as u32,
                second: random.below(60_000) as f64 / 1000.0,
            },
            Kind::Constant { .. } => Drawn::Missing,
        })
        .collect()
}

/// What is predicted of a row that was drawn; a number too far outside is the only cell that is refused.
pub(crate) fn predict<'m>(model: &'m Model, drawn: &[Drawn]) -> Result<Prediction<'m>, Error> {
    let mut row = model.row();
    for (at, cell) in drawn.iter().enumerate() {
        let column = &model.columns[at];
        let text = match *cell {
            Drawn::Date {
                year,
                month,
                day,
                hour,
                minute,
                second,
                ahead,
            } => {
                let sign = if ahead < 0 { '-' } else { '+' };
                let ahead = ahead.abs();
                format!(
                    "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:06.3}{sign}{:02}:{:02}",
                    ahead / 60,
                    ahead % 60
                )
            }
            Drawn::Time {
                hour,
                minute,
                second,
            } => format!("{hour:02}:{minute:02}:{second:06.3}"),
            Drawn::Level(level) => match &column.kind {
                Kind::Category { levels } => levels[level].to_string(),
                other => panic!("{other:?} has no levels"),
            },
            Drawn::Unseen => "never seen".to_owned(),
            Drawn::Missing | Drawn::Number(_) => String::new(),
        };
        let value = match *cell {
            Drawn::Missing => Value::Missing,
            Drawn::Number(number) => Value::Number(number),
            _ => Value::Text(&text),
        };
        let set = row.set_at(at, value);
        if is_absurd(column, cell) {
            let error = set.expect_err("it is absurd");
            assert!(matches!(error, Error::TooFarOutside { .. }), "{error}");
            return Err(error);
        }
        set.expect("the column takes it");
    }
    model.predict(&row)
}

/// Whether it is so far from training's -2 to 3 that nothing is predicted of it.
fn is_absurd(column: &Column, cell: &Drawn) -> bool {
    match (&column.kind, cell) {
        (Kind::Number { range: Some(range) }, Drawn::Number(number)) => {
            assert_eq!(*range, [-2.0, 3.0]);
            !(-5_000_002.0..=5_000_003.0).contains(number)
        }
        _ => false,
    }
}
