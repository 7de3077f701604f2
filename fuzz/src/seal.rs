//! Checksums made to fit: a changed byte is else refused before anything reads it.

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_128};

/// What the metadata of a model's file hold.
#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    checksum: String,
    model: Box<RawValue>,
    training: Box<RawValue>,
}

/// A model as JSON.
#[derive(Serialize, Deserialize)]
struct Json {
    smallbatch_model: u32,
    checksum: String,
    model: Box<RawValue>,
}

/// A model's file; bytes that are none are left as they are.
pub(crate) fn model(bytes: &[u8]) -> Vec<u8> {
    safetensors(bytes)
        .or_else(|| json(bytes))
        .unwrap_or_else(|| bytes.to_vec())
}

fn json(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut json: Json = serde_json::from_slice(bytes).ok()?;
    json.checksum = format!("{:032x}", xxh3_128(json.model.get().as_bytes()));
    serde_json::to_vec(&json).ok()
}

fn safetensors(bytes: &[u8]) -> Option<Vec<u8>> {
    let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
    let metadata = header.metadata().as_ref()?;
    let mut head: Head = serde_json::from_str(metadata.get("smallbatch")?).ok()?;
    let tensors = SafeTensors::deserialize(bytes).ok()?;
    let mut views = tensors.tensors();
    views.sort_by(|one, other| one.0.cmp(&other.0));
    let mut sum = Xxh3::new();
    let mut add = |bytes: &[u8]| {
        sum.update(&(bytes.len() as u64).to_le_bytes());
        sum.update(bytes);
    };
    add(&head.version.to_le_bytes());
    add(head.model.get().as_bytes());
    add(head.training.get().as_bytes());
    for (name, tensor) in &views {
        add(name.as_bytes());
        add(format!("{:?} {:?}", tensor.dtype(), tensor.shape()).as_bytes());
        add(tensor.data());
    }
    head.checksum = format!("{:032x}", sum.digest128());
    let head = serde_json::to_string(&head).ok()?;
    let metadata = std::iter::once(("smallbatch".to_owned(), head)).collect();
    safetensors::serialize(views, Some(metadata)).ok()
}

/// A checkpoint: a line with kind and version before its content.
pub(crate) fn checkpoint(bytes: &[u8]) -> Vec<u8> {
    let sealed = || {
        let end = bytes.iter().position(|&byte| byte == b'\n')?;
        let mut words = std::str::from_utf8(&bytes[..end]).ok()?.split(' ');
        let (kind, version) = (words.nth(1)?, words.next()?.parse().ok()?);
        Some(smallbatch_files::seal(kind, version, &bytes[end + 1..]))
    };
    sealed().unwrap_or_else(|| bytes.to_vec())
}

/// A JSON text whose last member is a checksum of what stands before it.
pub(crate) fn results(bytes: &[u8]) -> Vec<u8> {
    let sealed = || {
        let text = std::str::from_utf8(bytes).ok()?;
        let (body, _) = text.rsplit_once(",\n  \"checksum\": ")?;
        Some(smallbatch_files::seal_json(&format!("{body}\n}}")).into_bytes())
    };
    sealed().unwrap_or_else(|| bytes.to_vec())
}

/// The entries of a cache: key (16 bytes), length (8), checksum (8), content.
pub(crate) fn cache(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = bytes.to_vec();
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + 32) {
        let (key, length) = (&head[..16], &head[16..24]);
        let length = u64::from_le_bytes(length.try_into().expect("eight bytes")) as usize;
        let Some(end) = (at + 32).checked_add(length) else {
            break;
        };
        let Some(content) = bytes.get(at + 32..end) else {
            break;
        };
        let sum = xxh3_64(content) ^ xxh3_64(key);
        sealed[at + 24..at + 32].copy_from_slice(&sum.to_le_bytes());
        at = end;
    }
    sealed
}
