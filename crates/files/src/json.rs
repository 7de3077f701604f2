//! A checksum in a JSON text: its last member, of all that stands before it.

use xxhash_rust::xxh3::xxh3_128;

use crate::SealError;

const MEMBER: &str = ",\n  \"checksum\": \"";

/// A JSON object with one more member at its end, `checksum`: XXH3, 128 bits, of the text before it. Readers that do not know it read past
/// it. A text that is no object with members stays as it is.
///
/// ```
/// let text = smallbatch_files::seal_json("{\n  \"answer\": 42\n}\n");
/// assert!(smallbatch_files::check_json(&text)?);
/// assert!(smallbatch_files::check_json(&text.replace("42", "43")).is_err());
/// # Ok::<(), smallbatch_files::SealError>(())
/// ```
pub fn seal_json(text: &str) -> String {
    let body = text.trim_end().strip_suffix('}').map(str::trim_end);
    match body {
        Some(body) if !body.ends_with('{') => format!("{body}{MEMBER}{}", end(body)),
        _ => text.to_owned(),
    }
}

/// Whether a text has a checksum; one that was written by an earlier version has none.
///
/// # Errors
/// [`SealError::Damaged`] where it is of another text.
pub fn check_json(text: &str) -> Result<bool, SealError> {
    match text.rsplit_once(MEMBER) {
        Some((body, rest)) if rest == end(body) => Ok(true),
        Some(_) => Err(SealError::Damaged),
        // Its name may be what is damaged.
        None if text.lines().rev().take(2).any(ends_with_checksum) => Err(SealError::Damaged),
        None => Ok(false),
    }
}

fn end(body: &str) -> String {
    format!("{:032x}\"\n}}\n", xxh3_128(body.as_bytes()))
}

fn ends_with_checksum(line: &str) -> bool {
    let digits = line.trim_end_matches(['"', '}', ' ']).rsplit('"').next();
    digits.is_some_and(|digits| {
        digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_noticed_or_is_no_json() {
        let whole = seal_json("{\n  \"answer\": [4, 2],\n  \"name\": \"a\"\n}\n");
        assert_eq!(check_json(&whole), Ok(true));
        for bit in 0..8 * whole.len() {
            let mut bytes = whole.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(text) = String::from_utf8(bytes) else {
                continue;
            };
            let is_json = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            assert!(check_json(&text).is_err() || !is_json, "bit {bit}: {text}");
        }
    }

    #[test]
    fn what_has_no_checksum_is_no_error() {
        assert_eq!(check_json("{\n  \"answer\": 42\n}\n"), Ok(false));
        assert_eq!(check_json(""), Ok(false));
        for text in ["{}", "[1]", ""] {
            assert_eq!(seal_json(text), text);
        }
    }
}
