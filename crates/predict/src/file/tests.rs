//! Files whose checksum is right, and whose content is not.

use super::*;
use alloc::vec;

/// A file of this JSON and these tensors.
fn file(json: &str, tensors: &[(&str, Vec<usize>, Vec<u8>)]) -> Vec<u8> {
    let views: Vec<(String, TensorView<'_>)> = tensors
        .iter()
        .map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
            ((*name).to_owned(), view)
        })
        .collect();
    let head = serde_json::json!({
        "version": VERSION,
        "checksum": checksum(json, "null", &views),
        "model": null,
        "training": null,
    });
    // As it stands: a number in it may be none that JSON knows.
    let head = head
        .to_string()
        .replacen("\"model\":null", &format!("\"model\":{json}"), 1);
    let metadata = core::iter::once((KEY.to_owned(), head));
    safetensors::serialize(views, Some(metadata.collect())).unwrap()
}

const JSON: &str = r#"{"target":"y","classes":[],"columns":[{"name":"x","kind":{"number":{"range":null}},"had_missing":false}],
"members":[{"features":[{"number":{"column":0,"part":null,"fill":0.5}}],"scaling":{"affine":{"shift":[0.0],"scale":[1.0]}},
"sizes":[1,1],"activation":"relu","output":{"number":{"mean":0.0,"scale":1.0}}}],"errors":null}"#;

fn read(json: &str, shape: &[usize], weights: &[f32], bias: &[f32]) -> Result<Model, Error> {
    let bytes = |numbers: &[f32]| bytes_of(numbers.iter().copied());
    Model::from_bytes(&file(
        json,
        &[
            ("member.0.layer.0.weight", shape.to_vec(), bytes(weights)),
            ("member.0.layer.0.bias", vec![bias.len()], bytes(bias)),
        ],
    ))
}

fn reason(json: &str, shape: &[usize], weights: &[f32], bias: &[f32]) -> String {
    match read(json, shape, weights, bias) {
        Err(Error::NoModel { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_sound_is_read() {
    let model = read(JSON, &[1, 1], &[2.0], &[0.5]).unwrap();
    let mut row = model.row();
    row.set("x", 3.0).unwrap();
    assert_eq!(model.predict(&row).unwrap().number(), Some(6.5));
}

#[test]
fn what_is_not_is_named() {
    for (from, to, expected) in [
        ("[1,1]", "[1,2]", "has the shape [1, 1] of F32, not [2, 1]"),
        (
            "[1,1]",
            "[1,1,1]",
            "it has no tensor \"member.0.layer.1.weight\"",
        ),
        ("[1,1]", "[1]", "its network takes"),
        ("[1,1]", "[]", "its network takes"),
        ("[1,1]", "[-1,1]", "it is damaged"),
        (
            "\"column\":0",
            "\"column\":7",
            "a feature is made of column 7",
        ),
        (
            "\"column\":0",
            "\"column\":18446744073709551615",
            "which it has not",
        ),
        (
            "\"part\":null",
            "\"part\":\"trend\"",
            "does not fit its column",
        ),
        (
            "\"scale\":[1.0]",
            "\"scale\":[0.0]",
            "its scaling is not one of",
        ),
        ("\"scale\":[1.0]", "\"scale\":[1e999]", "it is damaged"),
        ("\"relu\"", "\"sine\"", "it is damaged"),
        (
            "\"errors\":null",
            "\"errors\":null,\"more\":1",
            "it is damaged",
        ),
        (
            "\"errors\":null",
            "\"errors\":{\"errors\":[1.0],\"rows\":0}",
            "the errors of its predictions",
        ),
        (
            "\"classes\":[]",
            "\"classes\":[\"a\",\"b\"]",
            "its network takes",
        ),
    ] {
        let json = JSON.replacen(from, to, 1);
        assert_ne!(json, JSON);
        let found = reason(&json, &[1, 1], &[2.0], &[0.5]);
        assert!(found.contains(expected), "{to}: {found}");
    }
    for weight in [f32::NAN, f32::NEG_INFINITY] {
        let found = reason(JSON, &[1, 1], &[weight], &[0.5]);
        assert_eq!(found, "it has weights that are not finite");
    }
}

/// A shape without numbers may be as large as it likes: no loop runs over it.
#[test]
fn a_layer_without_units_is_refused_at_once() {
    let many = 1_usize << 40;
    let json = JSON.replacen("[1,1]", &format!("[{many},0]"), 1);
    assert_eq!(
        reason(&json, &[0, many], &[], &[]),
        "it has a layer without units"
    );
}

#[test]
fn nesting_without_end_is_refused() {
    let json = JSON.replacen(
        "\"errors\":null",
        &format!("\"errors\":{}", "[".repeat(100_000)),
        1,
    );
    assert!(reason(&json, &[1, 1], &[2.0], &[0.5]).starts_with("it is damaged"));
}

#[test]
fn many_columns_take_no_longer_than_few() {
    let column = |at: usize| format!(r#"{{"name":"c{at}","kind":"boolean","had_missing":true}}"#);
    let columns: Vec<String> = (0..200_000).map(column).collect();
    let json = JSON.replacen(
        "\"columns\":[",
        &format!("\"columns\":[{},", columns.join(",")),
        1,
    );
    assert_eq!(
        read(&json, &[1, 1], &[2.0], &[0.5]).unwrap().columns.len(),
        200_001
    );
}
