//! How large the rooms are, and which modules import one another in a circle.
//!
//! A module is a file right below `src`, with the files of its folder. It imports another where it names `crate::other`, or
//! `crate::Name` and the crate's root takes `Name` from there, whether by `crate` or by as many `super`. Test modules do not count.
//! Modules that import one another, directly or through others, can be understood and changed together only: three are a room,
//! more are a knot.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::paths::{from_root, used_by_root};

/// So many modules may import one another in a circle.
const LARGEST_CIRCLE: usize = 3;

/// No crate has more than a fifth of all lines below `crates/*/src`, but `mlp` a quarter.
const LARGEST_SHARE: f64 = 0.2;
const SHARE_OF_MLP: f64 = 0.25;

/// Checks all crates of the repository; the error lists every offence, one a line.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let crates = root.join("crates");
    let sources = sources(&crates).map_err(|error| format!("{}: {error}", crates.display()))?;
    let mut offences = Vec::new();
    for (name, modules) in &sources {
        for circle in circles(&imports(modules)) {
            if circle.len() > LARGEST_CIRCLE {
                offences.push(format!(
                    "crates/{name}: {} modules import one another in a circle, more than {LARGEST_CIRCLE}: {}",
                    circle.len(),
                    circle.join(", ")
                ));
            }
        }
    }
    let lines = |modules: &Modules| -> usize {
        let files = modules.values().flatten();
        files.map(|file| file.text.lines().count()).sum()
    };
    let all: usize = sources.values().map(lines).sum();
    for (name, modules) in &sources {
        let most = if name == "mlp" {
            SHARE_OF_MLP
        } else {
            LARGEST_SHARE
        };
        let share = lines(modules) as f64 / all.max(1) as f64;
        if share > most && sources.len() > 1 {
            offences.push(format!(
                "crates/{name} has {:.0} % of all lines, more than {:.0} %",
                100.0 * share,
                100.0 * most
            ));
        }
    }
    if offences.is_empty() {
        Ok(())
    } else {
        Err(offences.join("\n"))
    }
}

/// The files of each module of a crate, by its name.
type Modules = BTreeMap<String, Vec<File>>;

struct File {
    text: String,
    /// How many modules below the root it is.
    depth: usize,
}

/// All crates below a folder.
fn sources(crates: &Path) -> std::io::Result<BTreeMap<String, Modules>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(crates)? {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let mut modules = Modules::new();
        gather(&folder.join("src"), &[], &mut modules)?;
        found.insert(name.into_owned(), modules);
    }
    Ok(found)
}

/// Adds the files of a folder, which is that of the module `above`: to its outermost module, or each to its own.
fn gather(folder: &Path, above: &[String], modules: &mut Modules) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let mut module = above.to_vec();
        if stem != "mod" {
            module.push(stem.to_string());
        }
        if path.is_dir() {
            gather(&path, &module, modules)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") && stem != "tests" {
            let file = File {
                text: fs::read_to_string(&path)?,
                depth: module.len(),
            };
            let outermost = module.into_iter().next().unwrap_or_default();
            modules.entry(outermost).or_default().push(file);
        }
    }
    Ok(())
}

/// Which modules each one imports.
fn imports(modules: &Modules) -> BTreeMap<&str, BTreeSet<&str>> {
    let known = |name: &str| modules.get_key_value(name).map(|(known, _)| known.as_str());
    let is_root = |name: &str| matches!(name, "lib" | "main");
    let root = modules.iter().filter(|(name, _)| is_root(name));
    // What the root takes from where.
    let taken: BTreeMap<&str, &str> = root
        .flat_map(|(_, files)| files)
        .flat_map(|file| used_by_root(&file.text))
        .filter_map(|path| Some((*path.last()?, known(path.first()?)?)))
        .collect();
    let of = |module: &str, files: &[File]| -> BTreeSet<&str> {
        let paths = files
            .iter()
            .flat_map(|file| from_root(&file.text, file.depth));
        let others = paths.flat_map(|path| match path[0] {
            "*" => modules.keys().map(String::as_str).collect(),
            name => Vec::from_iter(known(name).or_else(|| taken.get(name).copied())),
        });
        others
            .filter(|other| *other != module && !is_root(other))
            .collect()
    };
    let inner = modules.iter().filter(|(name, _)| !is_root(name));
    inner
        .map(|(name, files)| (name.as_str(), of(name, files)))
        .collect()
}

/// The sets of more than one module that reach one another.
fn circles<'m>(imports: &BTreeMap<&'m str, BTreeSet<&'m str>>) -> Vec<Vec<&'m str>> {
    let reached = |from: &'m str| -> BTreeSet<&'m str> {
        let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(module) = next.pop() {
            for other in imports.get(module).into_iter().flatten() {
                if reached.insert(*other) {
                    next.push(other);
                }
            }
        }
        reached
    };
    let all: BTreeMap<&str, BTreeSet<&str>> = imports
        .keys()
        .map(|&module| (module, reached(module)))
        .collect();
    let circle = |module: &&'m str| -> Vec<&'m str> {
        let mutual = all[module].iter().copied();
        let mutual =
            mutual.filter(|other| all.get(other).is_some_and(|back| back.contains(module)));
        mutual.collect()
    };
    let found: BTreeSet<Vec<&str>> = imports
        .keys()
        .map(circle)
        .filter(|circle| circle.len() > 1)
        .collect();
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(files: &[(&str, &str)]) -> tempfile::TempDir {
        let house = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = house.path().join("crates").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        house
    }

    #[test]
    fn this_repository_has_no_knot() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        assert_eq!(check(&root), Ok(()));
    }

    #[test]
    fn four_modules_in_a_circle_are_found_through_names_groups_and_folders() {
        let knot = [
            (
                "one/src/lib.rs",
                "mod a; mod b; mod c; mod d;\npub use b::{Bee, other::Bumble};\npub use d::Dee;\n",
            ),
            ("one/src/a.rs", "use crate::{Bee, c::{d, e}};\n"),
            ("one/src/b/inner.rs", "use crate::c;\n"),
            ("one/src/c.rs", "fn f() { crate::Dee::new() }\n"),
            ("one/src/d.rs", "use crate::a::A;\n"),
        ];
        assert_eq!(
            check(house(&knot).path()),
            Err(
                "crates/one: 4 modules import one another in a circle, more than 3: a, b, c, d"
                    .into()
            )
        );
        // By `super` from a file and from a folder's file, and behind the tests of another file of the folder.
        for hidden in [
            ("one/src/d.rs", "use super::a::A;\n"),
            ("one/src/d/inner.rs", "use super::{E, super::a::A};\n"),
            ("one/src/d/inner.rs", "use super::super::*;\n"),
        ] {
            let tests = ("one/src/d/above.rs", "#[cfg(test)]\nmod tests {}\n");
            let knot = [&knot[..4], &[tests, hidden]].concat();
            assert!(check(house(&knot).path()).is_err(), "{hidden:?}");
        }
        // Neither a comment nor a test closes it.
        for innocent in [
            "//! See crate::a.\n",
            "mod inner {\n use super::a;\n}\n",
            "#[cfg(test)]\nmod tests {\n use crate::a::A;\n}\n",
        ] {
            let mut knot = knot;
            knot[4].1 = innocent;
            assert_eq!(check(house(&knot).path()), Ok(()));
        }
    }

    #[test]
    fn a_crate_that_outgrows_the_others_is_found() {
        let long = "fn f() {}\n".repeat(100);
        let short = "fn f() {}\n".repeat(75);
        let mut files: Vec<(String, &str)> = (0..4)
            .map(|n| (format!("c{n}/src/lib.rs"), short.as_str()))
            .collect();
        files.push(("mlp/src/lib.rs".into(), long.as_str()));
        let borrowed: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (name.as_str(), *text))
            .collect();
        assert_eq!(check(house(&borrowed).path()), Ok(()));
        files[0].1 = &long;
        let borrowed: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (name.as_str(), *text))
            .collect();
        let found = check(house(&borrowed).path()).unwrap_err();
        assert_eq!(found, "crates/c0 has 24 % of all lines, more than 20 %");
    }
}
