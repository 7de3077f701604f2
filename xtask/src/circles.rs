//! How large the rooms are, and which modules import one another in a circle.
//!
//! A module is a file right below `src`, with the files of its folder. It imports another where it names `crate::other`, or
//! `crate::Name` and the crate's root takes `Name` from there. Test modules do not count. Modules that import one another, directly
//! or through others, can be understood and changed together only: three are a room, more are a knot.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// So many modules may import one another in a circle.
const LARGEST_CIRCLE: usize = 3;

/// Knots that are still there, by crate and number of modules: they may shrink, and no other may come.
const STILL_THERE: [(&str, usize); 3] = [("data", 9), ("preprocess", 6), ("train", 4)];

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
            let known = STILL_THERE.iter().find(|(known, _)| known == name);
            let most = known.map_or(LARGEST_CIRCLE, |(_, size)| *size);
            if circle.len() > most {
                offences.push(format!(
                    "crates/{name}: {} modules import one another in a circle, more than {most}: {}",
                    circle.len(),
                    circle.join(", ")
                ));
            }
        }
    }
    let lines =
        |modules: &Modules| -> usize { modules.values().map(|text| text.lines().count()).sum() };
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

/// The text of each module of a crate, by its name.
type Modules = BTreeMap<String, String>;

/// All crates below a folder.
fn sources(crates: &Path) -> std::io::Result<BTreeMap<String, Modules>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(crates)? {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let mut modules = Modules::new();
        gather(&folder.join("src"), None, &mut modules)?;
        found.insert(name.into_owned(), modules);
    }
    Ok(found)
}

/// Adds the files of a folder: to the module `of`, or each to its own.
fn gather(folder: &Path, of: Option<&str>, modules: &mut Modules) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let module = of.unwrap_or(&stem).to_owned();
        if path.is_dir() {
            gather(&path, Some(&module), modules)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") && stem != "tests" {
            let text = fs::read_to_string(&path)?;
            modules.entry(module).or_default().push_str(&text);
        }
    }
    Ok(())
}

/// Which modules each one imports.
fn imports(modules: &Modules) -> BTreeMap<&str, BTreeSet<&str>> {
    let root = modules.get("lib").or_else(|| modules.get("main"));
    // What the root takes from where.
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for (module, _) in modules.iter() {
        for names in root
            .into_iter()
            .flat_map(|root| after(root, &format!("use {module}::")))
        {
            taken.extend(names.into_iter().map(|name| (name, module.as_str())));
        }
    }
    let of = |(module, text): (&'_ String, &'_ String)| -> BTreeSet<&str> {
        let names = after(outside_tests(text), "crate::").into_iter().flatten();
        names
            .filter_map(|name| {
                let known = modules.get_key_value(name).map(|(known, _)| known.as_str());
                known.or_else(|| taken.get(name).copied())
            })
            .filter(|other| other != module && *other != "lib" && *other != "main")
            .collect()
    };
    let inner = modules
        .iter()
        .filter(|(name, _)| *name != "lib" && *name != "main");
    inner
        .map(|(name, text)| (name.as_str(), of((name, text))))
        .collect()
}

/// The text before the test module at its end.
fn outside_tests(text: &str) -> &str {
    let end = text
        .find("#[cfg(test)]\nmod tests {")
        .or_else(|| text.find("#[cfg(test)]\npub(crate) mod tests {"));
    &text[..end.unwrap_or(text.len())]
}

/// The names that follow each occurrence of some words: one, or those of a group, without what lies within them.
fn after<'t>(text: &'t str, words: &str) -> Vec<Vec<&'t str>> {
    let is_code = |at: usize| {
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        !text[line..at].trim_start().starts_with("//")
    };
    let rest = text.match_indices(words).filter(|(at, _)| is_code(*at));
    rest.map(|(at, _)| {
        let rest = &text[at + words.len()..];
        match rest.strip_prefix('{') {
            None => identifiers(&rest[..rest.find(not_of_a_name).unwrap_or(rest.len())]),
            Some(group) => first_level(group),
        }
    })
    .collect()
}

/// The names in a group, up to its closing brace: `{a, b::c, d::{e, f}}` has a, b and d.
fn first_level(group: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut found) = (0, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(&group[begin..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&group[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    let names = found.into_iter().map(str::trim);
    names
        .flat_map(|entry| identifiers(&entry[..entry.find(not_of_a_name).unwrap_or(entry.len())]))
        .collect()
}

fn not_of_a_name(letter: char) -> bool {
    !(letter.is_alphanumeric() || letter == '_')
}

fn identifiers(word: &str) -> Vec<&str> {
    if word.is_empty() {
        Vec::new()
    } else {
        vec![word]
    }
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
    fn this_repository_has_no_new_knot() {
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
        // Neither a comment nor a test closes it.
        for innocent in [
            "//! See crate::a.\n",
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
