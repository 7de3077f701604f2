//! What can be wrong with a file of one array.

/// Why a file of an array, or an array as features or labels, is refused.
///
/// ```
/// use smallbatch_data::{ArrayProblem, Error, read_npy};
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("x.npy");
/// std::fs::write(&file, "a,b\n1,2\n")?;
/// let error = read_npy(&file).unwrap_err();
/// assert!(matches!(error, Error::Array { problem: ArrayProblem::OtherFormat { .. }, .. }));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ArrayProblem {
    /// The first bytes are not those of the format.
    #[error(
        "it begins with {}, as no {format} file does; {advice}",
        hexadecimal(found)
    )]
    OtherFormat {
        /// "IDX" or "NPY".
        format: &'static str,
        /// The first bytes, at most six.
        found: Vec<u8>,
        /// The way out.
        advice: &'static str,
    },

    /// A header that cannot be understood.
    #[error("its header is wrong: {reason}; write the file again")]
    Header {
        /// What is wrong.
        reason: String,
    },

    /// Values of a type that is not read.
    #[error(
        "its values are of type {found}; save them as bytes, whole numbers, or f4 or f8 floats"
    )]
    ValueType {
        /// The type, as the file names it.
        found: String,
    },

    /// More values than an address can count.
    #[error(
        "its header promises {shape:?} values, more than a machine can hold; write the file again"
    )]
    TooLarge {
        /// The length of each axis.
        shape: Vec<usize>,
    },

    /// Fewer bytes than the header promises.
    #[error(
        "it ends too early: {missing} of the {promised} bytes that its header promises are missing; copy or write the file again"
    )]
    EndsEarly {
        /// Bytes of values that are missing.
        missing: u64,
        /// Bytes of values by the header.
        promised: u64,
    },

    /// A compressed file whose values are complete, but not its checksum.
    #[error("it ends before the checksum of its compressed bytes; copy the file again")]
    NoChecksum,

    /// More bytes than the header promises.
    #[error("bytes follow the {promised} that its header promises; write the file again")]
    EndsLate {
        /// Bytes of values by the header.
        promised: u64,
    },

    /// A whole number that no `i64` holds.
    #[error("value {position} is {value}, which is too large; save the values as f8 floats")]
    LargeInteger {
        /// Which value, from 0.
        position: usize,
        /// The number.
        value: u64,
    },

    /// Labels with more than one value a sample, or floats.
    #[error(
        "its shape {shape:?} or type ({kind}) is not that of labels; give one whole number a sample"
    )]
    NoLabels {
        /// The length of each axis.
        shape: Vec<usize>,
        /// The values' type.
        kind: &'static str,
    },

    /// A label that numbers no class.
    #[error("sample {sample} has the label {value}; classes are numbered from 0 to 4294967295")]
    BadLabel {
        /// The sample, from 0.
        sample: usize,
        /// The number.
        value: i64,
    },

    /// Arrays whose rows do not belong together.
    #[error("{reason}")]
    Lengths {
        /// How many rows each has, and the way out.
        reason: String,
    },

    /// Images without their labels.
    #[error(
        "there is no {expected} beside it with the labels; put it there, or read both with `read_idx`"
    )]
    NoLabelsBeside {
        /// The name of the file with the labels.
        expected: String,
    },
}

/// `93 4e 55`, or "nothing".
fn hexadecimal(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing".into();
    }
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("the bytes {}", bytes.join(" "))
}
