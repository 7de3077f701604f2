//! Bytes of which any damage is noticed.
//!
//! A line of text stands before the content: `smallbatch KIND VERSION CHECKSUM LENGTH`. The checksum is XXH3 (128 bits, 32 hexadecimal
//! digits) of kind, version and content. It finds damage, and is no signature.

use std::ops::RangeInclusive;

use xxhash_rust::xxh3::Xxh3;

/// The first word of each.
const MAKER: &str = "smallbatch";
/// No line before a content is longer.
const LONGEST_HEAD: usize = 200;

/// Why bytes are not what was sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// They do not begin as such bytes do, or those of another kind.
    #[error("it is no {kind} of smallbatch")]
    Other {
        /// What was to be read.
        kind: String,
    },
    /// Of a version that is not read.
    #[error("it has format {found}, and formats {oldest} to {newest} are read")]
    Version {
        /// Its version.
        found: u32,
        /// The oldest that is read.
        oldest: u32,
        /// The newest.
        newest: u32,
    },
    /// Something of it is missing.
    #[error("it is cut short: {found} of {expected} bytes")]
    Short {
        /// Bytes of the content that are there.
        found: usize,
        /// Bytes that there were.
        expected: usize,
    },
    /// The checksum is another.
    #[error("it is damaged: its checksum differs")]
    Damaged,
}

/// A content with a line before it, by which [`unseal`] notices any damage.
///
/// ```
/// let bytes = smallbatch_files::seal("checkpoint", 1, b"state");
/// assert_eq!(smallbatch_files::unseal("checkpoint", 1..=1, &bytes)?, (1, &b"state"[..]));
/// assert!(smallbatch_files::unseal("checkpoint", 1..=1, &bytes[..bytes.len() - 1]).is_err());
/// # Ok::<(), smallbatch_files::SealError>(())
/// ```
pub fn seal(kind: &str, version: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = head(kind, version, content).into_bytes();
    bytes.extend_from_slice(content);
    bytes
}

/// The version and the content of sealed bytes.
///
/// # Errors
/// [`SealError`] for bytes of another kind or version, and for those of which a bit is another.
pub fn unseal<'a>(
    kind: &str,
    versions: RangeInclusive<u32>,
    bytes: &'a [u8],
) -> Result<(u32, &'a [u8]), SealError> {
    let other = || SealError::Other {
        kind: kind.to_owned(),
    };
    let (found, words) = line(bytes).ok_or_else(other)?;
    let [maker, its_kind, version, _, length] = words[..] else {
        return Err(other());
    };
    if maker != MAKER || its_kind != kind {
        return Err(other());
    }
    let (Ok(version), Ok(length)) = (version.parse(), length.parse()) else {
        return Err(SealError::Damaged);
    };
    if !versions.contains(&version) {
        return Err(SealError::Version {
            found: version,
            oldest: *versions.start(),
            newest: *versions.end(),
        });
    }
    let content = &bytes[found.len()..];
    if content.len() < length {
        return Err(SealError::Short {
            found: content.len(),
            expected: length,
        });
    }
    // The whole line is compared, and not the numbers in it: no other line says the same.
    if head(kind, version, content).as_bytes() != found {
        return Err(SealError::Damaged);
    }
    Ok((version, content))
}

/// Of what kind sealed bytes are, whatever that is; `None` where they do not begin as such.
///
/// # Errors
/// As [`unseal`].
pub fn check(bytes: &[u8]) -> Result<Option<&str>, SealError> {
    let Some((_, words)) = line(bytes) else {
        return Ok(None);
    };
    match words[..] {
        [MAKER, kind, ..] => unseal(kind, 0..=u32::MAX, bytes).map(|_| Some(kind)),
        _ => Ok(None),
    }
}

/// The first line, with its end, and its words.
fn line(bytes: &[u8]) -> Option<(&[u8], Vec<&str>)> {
    let within = &bytes[..bytes.len().min(LONGEST_HEAD)];
    let end = within.iter().position(|&byte| byte == b'\n')? + 1;
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((&bytes[..end], text.split_ascii_whitespace().collect()))
}

fn head(kind: &str, version: u32, content: &[u8]) -> String {
    let mut sum = Xxh3::new();
    sum.update(kind.as_bytes());
    sum.update(&version.to_le_bytes());
    sum.update(content);
    format!(
        "{MAKER} {kind} {version} {:032x} {}\n",
        sum.digest128(),
        content.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let content: Vec<u8> = (0..200).map(|at| (at * 37 % 256) as u8).collect();
        let bytes = seal("checkpoint", 4, &content);
        assert_eq!(
            unseal("checkpoint", 4..=4, &bytes).unwrap(),
            (4, &content[..])
        );
        assert_eq!(check(&bytes), Ok(Some("checkpoint")));
        assert_eq!(check(b"a,b\n1,2\n"), Ok(None));
        for bit in 0..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            // Whatever versions are read.
            unseal("checkpoint", 0..=u32::MAX, &damaged).unwrap_err();
        }
        for length in 0..bytes.len() {
            unseal("checkpoint", 4..=4, &bytes[..length]).unwrap_err();
        }
        let mut longer = bytes.clone();
        longer.push(b' ');
        unseal("checkpoint", 4..=4, &longer).unwrap_err();
    }

    #[test]
    fn each_error_says_what_is_wrong() {
        let bytes = seal("checkpoint", 4, b"state");
        let said = |result: Result<(u32, &[u8]), SealError>| result.unwrap_err().to_string();
        assert_eq!(
            said(unseal("training", 4..=4, &bytes)),
            "it is no training of smallbatch"
        );
        assert_eq!(
            said(unseal("checkpoint", 1..=3, &bytes)),
            "it has format 4, and formats 1 to 3 are read"
        );
        assert_eq!(
            said(unseal("checkpoint", 4..=4, &bytes[..bytes.len() - 2])),
            "it is cut short: 3 of 5 bytes"
        );
        assert_eq!(
            said(unseal("checkpoint", 4..=4, b"")),
            "it is no checkpoint of smallbatch"
        );
    }
}
