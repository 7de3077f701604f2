//! Whether data suits a network: asked once, before anything is computed.

use nalgebra::DMatrixView;
use smallbatch_data::{BatchSize, BatchTarget, Dataset, FileBatches, MissingValues, Target};
use smallbatch_mlp::{Loss, MlpSpec, PredictionKind};

use crate::rows::Rows;
use crate::{Error, Scalar, Watched};

/// Refuses data whose features or target do not suit the network and its loss.
pub(crate) fn check_part<T: Scalar>(
    spec: &MlpSpec,
    part: Watched,
    data: &Dataset<T>,
) -> Result<(), Error> {
    if data.is_empty() {
        return Err(Error::NoSamples {
            part,
            dataset: data.name().to_owned(),
        });
    }
    if data.n_features() != spec.n_inputs() {
        return Err(Error::FeatureCount {
            part,
            dataset: data.name().to_owned(),
            n_features: data.n_features(),
            n_inputs: spec.n_inputs(),
        });
    }
    check_target(spec, part, data)?;
    check_missing(part, data)
}

/// Refuses training data that does not suit the network and its loss; of a file all rows are looked at where values may be wrong.
pub(crate) fn check_training<T: Scalar>(
    spec: &MlpSpec,
    training: Rows<'_, T>,
) -> Result<(), Error> {
    check_part(spec, Watched::Training, training.like())?;
    let Rows::File(file) = training else {
        return Ok(());
    };
    let all_suit =
        spec.loss.target_range().is_none() && file.like().missing() == MissingValues::Refuse;
    if all_suit {
        return Ok(());
    }
    let mut windows = FileBatches::new(file, BatchSize::Full, 0)?;
    let mut start = 0;
    while windows.next_choice()?.is_some() {
        check_part(spec, Watched::Training, windows.window())
            .map_err(|error| later(error, start))?;
        start += windows.window_rows();
    }
    Ok(())
}

/// An error of a sample that stands so many samples later.
fn later(mut error: Error, by: usize) -> Error {
    if let Error::TargetValue { sample, .. } | Error::MissingValue { sample, .. } = &mut error {
        *sample += by;
    }
    error
}

/// Refuses training data from which nothing can be learned.
pub(crate) fn check_enough<T: Scalar>(loss: &Loss, training: Rows<'_, T>) -> Result<(), Error> {
    let n_samples = training.n_samples();
    let dataset = || training.like().name().to_owned();
    if n_samples < 2 {
        return Err(Error::TooFewSamples {
            dataset: dataset(),
            n_samples,
        });
    }
    if let (Rows::Memory(data), Loss::MeanSquaredError | Loss::Huber { .. }) = (training, loss)
        && let BatchTarget::Values(values) = data.target().view()
    {
        let largest = values.iter().fold(T::zero(), |most, &y| most.max(y.abs()));
        if largest > T::zero() && largest * largest == T::zero() {
            return Err(Error::TargetTooSmall {
                dataset: dataset(),
                largest: largest.to_f64(),
                loss: loss.name(),
            });
        }
    }
    let is_alone = |labels: &[u32]| match training {
        Rows::Memory(_) => labels.iter().all(|&label| label == labels[0]),
        Rows::File(file) => {
            file.class_counts()
                .iter()
                .filter(|count| **count > 0)
                .count()
                == 1
        }
    };
    if let Target::Classes { labels, names } = training.like().target()
        && is_alone(labels)
    {
        return Err(Error::OneClassToLearn {
            dataset: dataset(),
            n_samples,
            class: names[labels[0] as usize].clone(),
        });
    }
    Ok(())
}

/// Refuses validation data whose features, classes or targets are not those of the training data, by name.
pub(crate) fn check_same<T: Scalar>(
    training: &Dataset<T>,
    validation: &Dataset<T>,
) -> Result<(), Error> {
    let what = match training.target().view() {
        BatchTarget::Labels(_) => "class",
        BatchTarget::Values(_) => "target",
    };
    let (expected, found) = (training.target().names(), validation.target().names());
    same_names(
        "feature",
        training.feature_names(),
        validation.feature_names(),
    )?;
    same_names(what, expected, found)
}

/// Refuses validation data whose classes are not those of the training data, also where they are fewer: their number is not the
/// network's then, but the network is right.
pub(crate) fn check_classes<T: Scalar>(
    training: &Dataset<T>,
    validation: &Dataset<T>,
) -> Result<(), Error> {
    match (training.target(), validation.target()) {
        (Target::Classes { names, .. }, Target::Classes { names: others, .. }) => {
            same_names("class", names, others)
        }
        _ => Ok(()),
    }
}

fn same_names(what: &'static str, training: &[String], validation: &[String]) -> Result<(), Error> {
    let most = training.len().max(validation.len());
    let differs = (0..most).find(|&at| training.get(at) != validation.get(at));
    let name =
        |names: &[String], at: usize| names.get(at).map_or("(none)", String::as_str).to_owned();
    differs.map_or(Ok(()), |position| {
        Err(Error::ValidationDiffers {
            what,
            position,
            training: name(training, position),
            validation: name(validation, position),
        })
    })
}

fn check_target<T: Scalar>(spec: &MlpSpec, part: Watched, data: &Dataset<T>) -> Result<(), Error> {
    let (loss, n_outputs) = (&spec.loss, spec.n_outputs());
    let kind = |expected, found, way_out| Error::TargetKind {
        part,
        dataset: data.name().to_owned(),
        loss: loss.name(),
        expected,
        found,
        way_out,
    };
    let shape = |n_targets, unit, way_out| Error::TargetShape {
        part,
        dataset: data.name().to_owned(),
        n_targets,
        unit,
        n_outputs,
        loss: loss.name(),
        way_out,
    };
    let names = data.target().names();
    match (loss.prediction(), data.target().view()) {
        (PredictionKind::Class, BatchTarget::Labels(_)) => {
            if names.len() == n_outputs {
                return Ok(());
            }
            let way_out = format!("make the last layer size {}", names.len());
            Err(shape(names.len(), "classes", way_out))
        }
        (PredictionKind::Class, BatchTarget::Values(_)) => Err(kind(
            "classes",
            "numbers",
            "use a loss for numbers, such as `Loss::MeanSquaredError`",
        )),
        (PredictionKind::Answers, BatchTarget::Labels(_)) => {
            if names.len() == 2 && n_outputs == 1 {
                return Ok(());
            }
            let way_out = if names.len() == 2 {
                "make the last layer size 1, or use `Loss::softmax_cross_entropy()`".to_owned()
            } else {
                format!(
                    "use `Loss::softmax_cross_entropy()` and the last layer size {}",
                    names.len()
                )
            };
            Err(shape(names.len(), "classes", way_out))
        }
        (
            PredictionKind::Numbers | PredictionKind::Rates | PredictionKind::Quantiles,
            BatchTarget::Labels(_),
        ) => Err(kind(
            "numbers",
            "classes",
            "use `Loss::softmax_cross_entropy()`",
        )),
        (
            PredictionKind::Answers
            | PredictionKind::Numbers
            | PredictionKind::Rates
            | PredictionKind::Quantiles,
            BatchTarget::Values(values),
        ) => {
            let needed = values.nrows() * loss.outputs_per_target();
            if needed == n_outputs {
                return check_values(loss, part, data, values);
            }
            let way_out = format!("make the last layer size {needed}");
            Err(shape(values.nrows(), "values a sample", way_out))
        }
    }
}

/// Refuses numbers that the loss is not defined for: at once, wherever they stand, and not when their batch comes.
fn check_values<T: Scalar>(
    loss: &Loss,
    part: Watched,
    data: &Dataset<T>,
    values: DMatrixView<'_, T>,
) -> Result<(), Error> {
    let Some([low, high]) = loss.target_range() else {
        return Ok(());
    };
    let bad = |&(_, value): &(usize, f64)| !(low..=high).contains(&value);
    let mut numbers = values.iter().map(|value| value.to_f64()).enumerate();
    match numbers.find(bad) {
        None => Ok(()),
        Some((place, value)) => Err(Error::TargetValue {
            part,
            dataset: data.name().to_owned(),
            target: data.target().names()[place % values.nrows()].clone(),
            sample: place / values.nrows(),
            value,
            loss: loss.name(),
            range: in_words(low, high),
        }),
    }
}

/// A range of targets that has a least value, and a greatest one unless it is the greatest number.
fn in_words(low: f64, high: f64) -> String {
    if high < f64::MAX {
        format!("at least {low} and at most {high}")
    } else {
        format!("at least {low}")
    }
}

/// A data set may hold NaN where its maker allowed that, and only there; a network cannot read it.
fn check_missing<T: Scalar>(part: Watched, data: &Dataset<T>) -> Result<(), Error> {
    if data.missing() == MissingValues::Refuse {
        return Ok(());
    }
    let mut found = None;
    data.stored().for_each_sample(|sample, values| {
        if found.is_none() {
            let missing = values.iter().position(|&value| !value.to_f64().is_finite());
            found = missing.map(|feature| (sample, feature));
        }
    });
    match found {
        None => Ok(()),
        Some((sample, feature)) => Err(Error::MissingValue {
            part,
            dataset: data.name().to_owned(),
            sample,
            feature: data.feature_names()[feature].clone(),
        }),
    }
}
