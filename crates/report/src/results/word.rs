//! A verdict in the file: one lower-case word.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallbatch_evidence::Verdict;

const VERDICTS: [Verdict; 4] = [
    Verdict::Supported,
    Verdict::Refuted,
    Verdict::Equivalent,
    Verdict::Inconclusive { more_seeds: None },
];

pub(crate) fn serialize<S: Serializer>(verdict: &Verdict, to: S) -> Result<S::Ok, S::Error> {
    verdict.name().serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Verdict, D::Error> {
    let word = String::deserialize(from)?;
    let found = VERDICTS.into_iter().find(|verdict| verdict.name() == word);
    found.ok_or_else(|| D::Error::custom(format!("\"{word}\" is no verdict")))
}
