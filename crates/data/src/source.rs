//! Where tables come from: files and standard input.

use std::path::Path;

/// The file's name without the endings of tables: `houses` for `houses.csv.gz`.
pub(crate) fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut name: &str = &name;
    for packed in [".gz", ".zst"] {
        name = without(name, packed);
    }
    let stem = Path::new(name).file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn without<'a>(name: &'a str, ending: &str) -> &'a str {
    let at = name.len().saturating_sub(ending.len());
    match name.get(at..) {
        Some(end) if end.eq_ignore_ascii_case(ending) => &name[..at],
        _ => name,
    }
}
