//! Types of one name in two crates: whoever uses both must write a path before one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The only name, beside `Error`, that two crates may have: samples as `data` gathers them and as `mlp` trains on them are told apart by
/// their paths, `data::Batch` and `mlp::Batch`.
const SHARED: [&str; 1] = ["Batch"];

/// Checks all crates of the repository; the error lists every offence, one a line.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let crates = root.join("crates");
    let exported = exported(&crates).map_err(|error| format!("{}: {error}", crates.display()))?;
    let mut offences = Vec::new();
    for (name, crates) in &exported {
        let known = name == "Error" || SHARED.contains(&name.as_str());
        if crates.len() > 1 && !known {
            let crates: Vec<&str> = crates.iter().map(String::as_str).collect();
            offences.push(format!(
                "{name} is a public type of {}: rename all but one",
                crates.join(" and ")
            ));
        }
    }
    for name in SHARED {
        if exported.get(name).is_none_or(|crates| crates.len() < 2) {
            offences.push(format!(
                "{name} is no longer a name of two crates: remove it from the list in xtask/src/names.rs"
            ));
        }
    }
    if offences.is_empty() {
        Ok(())
    } else {
        Err(offences.join("\n"))
    }
}

/// The types that each crate shows, in its root and in its public modules, and which crates do.
fn exported(crates: &Path) -> std::io::Result<BTreeMap<String, BTreeSet<String>>> {
    let mut exported: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for folder in fs::read_dir(crates)? {
        let folder = folder?;
        let source = folder.path().join("src");
        let mut types = BTreeSet::new();
        let mut files = vec![source.join("lib.rs")];
        while let Some(file) = files.pop() {
            let Ok(text) = fs::read_to_string(&file) else {
                continue;
            };
            let (own, modules) = shown(&text);
            types.extend(own);
            let below = match file.file_stem() {
                Some(stem) if stem != "lib" => source.join(stem),
                _ => source.clone(),
            };
            files.extend(modules.map(|module| below.join(format!("{module}.rs"))));
        }
        let here = folder.file_name().to_string_lossy().into_owned();
        for name in types {
            exported.entry(name).or_default().insert(here.clone());
        }
    }
    Ok(exported)
}

/// The types that a file shows: what it declares public, and what it exports of modules of its own crate; and the modules that it
/// shows as a whole.
fn shown(text: &str) -> (BTreeSet<String>, impl Iterator<Item = String>) {
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let (mut types, mut modules) = (BTreeSet::new(), Vec::new());
    for line in &code {
        let mut words = line.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        if line.starts_with("pub ") {
            match (words.nth(1), words.next()) {
                (Some("struct" | "enum" | "trait" | "type" | "union"), Some(name)) => {
                    types.insert(name.to_owned());
                }
                (Some("mod"), Some(name)) => modules.push(name.to_owned()),
                _ => {}
            }
        }
    }
    for piece in code.join("\n").split("pub use ").skip(1) {
        let names = piece.split(';').next().unwrap_or_default();
        if names.starts_with("smallbatch") {
            continue; // another crate's
        }
        if let Some(module) = names.strip_suffix("::*") {
            modules.push(module.to_owned());
        }
        let words = names.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        types.extend(words.filter(|word| is_type(word)).map(str::to_owned));
    }
    (types, modules.into_iter())
}

/// `Like`, and not `like` or `LIKE`.
fn is_type(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase) && letters.any(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_gives_no_name_twice_but_those_that_are_listed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        assert_eq!(check(&root), Ok(()));
    }

    #[test]
    fn a_name_of_two_crates_is_found() {
        let house = tempfile::tempdir().unwrap();
        for (name, text) in [
            (
                "one/src/lib.rs",
                "// pub use x::Other;\npub use a::{Pair, MOST};\npub use smallbatch_two::Lone;\npub mod open;\nmod shut;\n",
            ),
            (
                "one/src/open.rs",
                "pub(crate) struct Other;\npub enum Deep<T> {}\n",
            ),
            ("one/src/shut.rs", "pub struct Hidden;\n"),
            (
                "two/src/lib.rs",
                "pub use b::{self, Pair};\npub use c::{Lone, Other, Hidden, MOST};\npub use all::*;\n",
            ),
            ("two/src/all.rs", "pub use self::deep::Deep;\n"),
        ] {
            let file = house.path().join("crates").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let offences = check(house.path()).unwrap_err();
        assert!(
            offences.contains("Pair is a public type of one and two: rename all but one"),
            "{offences}"
        );
        assert!(
            offences.contains("Deep is a public type of one and two: rename all but one"),
            "{offences}"
        );
        for alone in ["Lone is", "Other is", "Hidden is", "MOST"] {
            assert!(!offences.contains(alone), "{alone}: {offences}");
        }
    }
}
