//! NPY, numpy's format of one array.

use std::path::Path;

use super::Array;
use super::source::{Layout, Source};
use super::values::{ByteOrder, ValueType};
use crate::{ArrayProblem, Error};

const MAGIC: &[u8] = b"\x93NUMPY";

/// Longer headers than this describe no plain array of numbers.
const LONGEST_HEADER: usize = 1 << 16;

/// Reads an array that `numpy.save` wrote: versions 1 to 3 of the format, either order of bytes, C and Fortran order, of
/// whole numbers, truth values or floats (`f4`, `f8`).
///
/// The format: `\x93NUMPY`, the version in two bytes, the length of the header in two bytes (version 1) or four,
/// little-endian, the header as a Python dictionary, then the values
/// ([numpy.lib.format](https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html)).
///
/// # Errors
/// [`Error::Io`], and [`Error::Array`] for a file of another format, of another type, or with fewer or more bytes than its
/// header promises.
pub fn read_npy(path: impl AsRef<Path>) -> Result<Array, Error> {
    let mut source = Source::open(path.as_ref())?;
    let layout = layout(&mut source)?;
    source.array(layout)
}

/// What the header says.
pub(super) fn layout(source: &mut Source) -> Result<Layout, Error> {
    let magic = source.up_to(MAGIC.len())?;
    if magic != MAGIC {
        return Err(source.refused(ArrayProblem::OtherFormat {
            format: "NPY",
            found: magic,
            advice: "read tables with `Table`, MNIST's format with `read_idx`",
        }));
    }
    let version = source.exactly(2)?[0];
    let size = match version {
        1 => 2,
        2 | 3 => 4,
        _ => {
            let reason = format!("its version is {version}, and 1 to 3 are known");
            return Err(source.refused(ArrayProblem::Header { reason }));
        }
    };
    let length = source.exactly(size)?;
    let length = length
        .iter()
        .rev()
        .fold(0, |sum, &byte| sum << 8 | usize::from(byte));
    if length > LONGEST_HEADER {
        let reason = format!("it has {length} bytes, more than {LONGEST_HEADER}");
        return Err(source.refused(ArrayProblem::Header { reason }));
    }
    let text = source.exactly(length)?;
    let layout = Layout::read(&String::from_utf8_lossy(&text));
    layout.map_err(|problem| source.refused(problem))
}

impl Layout {
    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
    fn read(text: &str) -> Result<Self, ArrayProblem> {
        let descr = entry(text, "descr")?;
        let Some(descr) = descr
            .strip_prefix('\'')
            .and_then(|rest| rest.split('\'').next())
        else {
            // A list of fields.
            let found = "record".into();
            return Err(ArrayProblem::ValueType { found });
        };
        let (values, order) = value_type(descr).ok_or_else(|| ArrayProblem::ValueType {
            found: shortened(descr),
        })?;
        let fortran_order = match entry(text, "fortran_order")? {
            flag if flag.starts_with("True") => true,
            flag if flag.starts_with("False") => false,
            _ => return Err(wrong("'fortran_order' is neither True nor False")),
        };
        let shape = entry(text, "shape")?;
        let axes = shape
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'));
        let Some((axes, _)) = axes else {
            return Err(wrong("'shape' is no tuple"));
        };
        let axes = axes
            .split(',')
            .map(str::trim)
            .filter(|axis| !axis.is_empty());
        let axis = |axis: &str| {
            let length = axis.parse().ok();
            length.ok_or_else(|| wrong(&format!("{:?} is no length of an axis", shortened(axis))))
        };
        Ok(Self {
            values,
            order,
            fortran_order,
            shape: axes.map(axis).collect::<Result<_, _>>()?,
        })
    }
}

/// What follows a key and its colon.
fn entry<'a>(text: &'a str, key: &str) -> Result<&'a str, ArrayProblem> {
    let quoted = format!("'{key}'");
    let after = text
        .split_once(&quoted)
        .map(|(_, after)| after.trim_start());
    after
        .and_then(|after| after.strip_prefix(':'))
        .map(str::trim_start)
        .ok_or_else(|| wrong(&format!("{quoted} is missing")))
}

/// The type that numpy writes as `<f4`.
fn value_type(descr: &str) -> Option<(ValueType, ByteOrder)> {
    let native = if cfg!(target_endian = "big") {
        ByteOrder::Big
    } else {
        ByteOrder::Little
    };
    let (order, kind) = match descr.split_at_checked(1)? {
        ("<", kind) => (ByteOrder::Little, kind),
        (">", kind) => (ByteOrder::Big, kind),
        ("|" | "=", kind) => (native, kind),
        _ => return None,
    };
    let values = match kind {
        "b1" | "u1" => ValueType::U1,
        "u2" => ValueType::U2,
        "u4" => ValueType::U4,
        "u8" => ValueType::U8,
        "i1" => ValueType::I1,
        "i2" => ValueType::I2,
        "i4" => ValueType::I4,
        "i8" => ValueType::I8,
        "f4" => ValueType::F4,
        "f8" => ValueType::F8,
        _ => return None,
    };
    Some((values, order))
}

fn wrong(reason: &str) -> ArrayProblem {
    ArrayProblem::Header {
        reason: reason.into(),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read() {
        let text = "{'descr': '>i2', 'fortran_order': True, 'shape': (3, 4), }   \n";
        let expected = Layout {
            values: ValueType::I2,
            order: ByteOrder::Big,
            fortran_order: true,
            shape: vec![3, 4],
        };
        assert_eq!(Layout::read(text), Ok(expected));
        for (shape, expected) in [("()", vec![]), ("(7,)", vec![7]), ("(7 , 2)", vec![7, 2])] {
            let text = text.replace("(3, 4)", shape);
            assert_eq!(Layout::read(&text).map(|header| header.shape), Ok(expected));
        }
    }

    #[test]
    fn a_wrong_header_is_told() {
        let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
        for (from, to, said) in [
            ("'shape'", "'form'", "'shape' is missing"),
            ("(3,)", "3", "'shape' is no tuple"),
            ("(3,)", "(-3,)", "\"-3\" is no length"),
            ("(3,)", "(99999999999999999999,)", "is no length"),
            ("False", "Maybe", "neither True nor False"),
            ("<f4", "<f2", "of type <f2"),
            ("'<f4'", "[('a', '<f4')]", "of type record"),
            ("<f4", "", "of type ;"),
            ("<f4", "é4", "of type é4"),
        ] {
            let error = Layout::read(&good.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
