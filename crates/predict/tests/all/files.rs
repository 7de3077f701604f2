//! Models as files: what is written is read again to the last bit, and what is no model is an error.

use proptest::prelude::*;
use smallbatch_predict::{Error, Model};

use crate::random::{self, Random};

fn reason(bytes: &[u8]) -> String {
    match Model::from_bytes(bytes) {
        Err(Error::NoModel { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

/// How much is allocated at once at most while bytes are read.
fn most_bytes(bytes: &[u8]) -> u64 {
    let counted = allocation_counter::measure(|| drop(Model::from_bytes(bytes)));
    counted.bytes_max
}

proptest! {
    #[test]
    fn a_model_is_read_as_it_was_written(seed in 0_u64..500, beside in "[a-z\\\\é ]{0,20}") {
        let training = format!("{{\"notes\": {beside:?}}}");
        let model = random::model(seed);
        let bytes = model.to_bytes(&training).unwrap();
        let (read, found) = Model::with_training(&bytes).unwrap();
        prop_assert_eq!(&read, &model);
        prop_assert_eq!(&found, &training);
        // Down to the bits of what is predicted, and of the file.
        let random = &mut Random(seed);
        let drawn = random::row(&model, random);
        let predict = |model: &Model| {
            random::predict(model, &drawn).map(|prediction| {
                let bits = prediction.values.iter().map(|x| x.to_bits());
                bits.collect::<Vec<_>>()
            })
        };
        prop_assert_eq!(predict(&read), predict(&model));
        prop_assert_eq!(read.to_bytes(&training).unwrap(), bytes);
    }

    #[test]
    fn a_file_that_is_cut_is_no_model(seed in 0_u64..20, place: proptest::sample::Index) {
        let bytes = random::model(seed).to_bytes("null").unwrap();
        let cut = &bytes[..place.index(bytes.len())];
        reason(cut);
        prop_assert!(most_bytes(cut) < 20 * bytes.len() as u64 + 100_000);
    }

    #[test]
    fn a_file_with_another_bit_is_no_model(seed in 0_u64..20, place: proptest::sample::Index, bit in 0_u8..8) {
        let model = random::model(seed);
        let mut bytes = model.to_bytes("[1]").unwrap();
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let most = most_bytes(&bytes);
        prop_assert!(most < 20 * bytes.len() as u64 + 100_000, "{} of {}", most, bytes.len());
        // A letter of the file's own making may be another that says the same; no other model is read.
        if let Ok(read) = Model::from_bytes(&bytes) {
            prop_assert_eq!(read, model);
        }
    }

    #[test]
    fn any_bytes_are_no_model(bytes: Vec<u8>) {
        reason(&bytes);
    }
}

#[test]
fn absurd_sizes_in_the_header_allocate_nothing() {
    for length in [0, 1, 7, 1 << 20, 100_000_000, u64::MAX / 2, u64::MAX] {
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend_from_slice(b"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999],\"data_offsets\":[0,399999999996]}}");
        reason(&bytes);
        assert!(most_bytes(&bytes) < 100_000);
    }
}

#[test]
fn what_is_another_file_is_said() {
    let model = random::model(1).to_bytes("null").unwrap();
    let replaced = |from: &str, to: &str| {
        let at = model
            .windows(from.len())
            .position(|part| part == from.as_bytes())
            .unwrap();
        let mut bytes = model.clone();
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        reason(&bytes)
    };
    assert_eq!(
        replaced("{\"smallbatch\"", "{\"otherbatch\""),
        "it is a safetensors file, but not of smallbatch"
    );
    assert_eq!(
        replaced("\\\"version\\\":3", "\\\"version\\\":4"),
        "it has format 4, and this program reads format 3; use the program that wrote it, or train anew"
    );
    assert_eq!(
        replaced("what (is", "what (IS"),
        "it is damaged: its checksum differs"
    );
    assert!(reason(b"{\"format\": 1}").starts_with("it is no whole safetensors file"));
    assert!(reason(b"").starts_with("it is no whole safetensors file"));
}

#[test]
fn a_model_that_does_not_fit_together_is_not_written() {
    let refused = |change: &dyn Fn(&mut Model), expected: &str| {
        let mut model = random::model(2);
        change(&mut model);
        match model.to_bytes("null") {
            Err(Error::NoModel { reason }) => assert!(reason.contains(expected), "{reason}"),
            other => panic!("{expected}: {other:?}"),
        }
    };
    refused(&|model| model.members.to_mut().clear(), "it has no network");
    refused(
        &|model| model.classes = vec!["one".into()].into(),
        "a single class",
    );
    refused(
        &|model| model.classes = vec!["one".into(), "two".into()].into(),
        "its network takes",
    );
    refused(
        &|model| {
            let column = model.columns[0].clone();
            model.columns.to_mut().push(column);
        },
        "twice",
    );
    refused(&|model| model.columns.to_mut().clear(), "which it has not");
    refused(
        &|model| model.columns.to_mut().swap(0, 1),
        "does not fit its column",
    );
    for weight in [f32::NAN, f32::INFINITY] {
        refused(
            &|model| {
                model.members.to_mut()[0].network.layers.to_mut()[0]
                    .weights
                    .to_mut()[0] = weight;
            },
            "weights that are not finite",
        );
        refused(
            &|model| {
                model.members.to_mut()[0].network.layers.to_mut()[0]
                    .bias
                    .to_mut()[0] = weight;
            },
            "weights that are not finite",
        );
    }
    refused(
        &|model| {
            model.members.to_mut()[0].network.layers.to_mut()[0]
                .weights
                .to_mut()
                .pop();
        },
        "its network takes",
    );
    refused(
        &|model| {
            model.members.to_mut()[0].scaling = smallbatch_predict::FeatureScaling::Affine {
                shift: vec![].into(),
                scale: vec![].into(),
            }
        },
        "its scaling is not one of",
    );
    for errors in [
        vec![2.0, 1.0],
        vec![-1.0, 1.0],
        vec![f64::NAN],
        vec![0.0; 9],
    ] {
        refused(
            &|model| {
                model.errors = Some(smallbatch_predict::Errors {
                    errors: errors.clone().into(),
                    rows: 4,
                });
            },
            "the errors of its predictions",
        );
    }
    for number in [f64::NAN, f64::INFINITY] {
        refused(
            &|model| {
                model.members.to_mut()[0].output = smallbatch_predict::Output::Number {
                    mean: number,
                    scale: 1.0,
                }
            },
            "not finite",
        );
        refused(
            &|model| {
                model.members.to_mut()[0].network.activation =
                    smallbatch_predict::HiddenActivation::Elu { alpha: number }
            },
            "not finite",
        );
        refused(
            &|model| {
                model.columns.to_mut().push(smallbatch_predict::Column {
                    name: "new".into(),
                    kind: smallbatch_predict::Kind::Number {
                        range: Some([0.0, number]),
                    },
                    had_missing: false,
                });
            },
            "its column \"new\"",
        );
    }
}
