//! From a table to a model: advice, recipes, judgement, and what a model and a table are made of.

use std::fs;

use serde_json::Value;

use crate::support::{case, given, modelled, said_in, smallbatch, text};

/// An advice, twice: in words with its files, and as JSON on other threads; and a training by what it advises.
#[test]
fn a_table_gives_advice_a_page_and_a_model() {
    let folder = modelled();
    let path = folder.path();
    let advise = |out: &str, more: &[&str]| {
        let mut arguments = vec!["advise", "houses.csv", "--quick", "--out", out];
        arguments.extend(more);
        let output = smallbatch(&arguments).current_dir(path).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let said = advise("words", &["--test", "houses.csv", "--threads", "2"]);
    for word in [
        "a straight line",
        "always the same",
        "What matters most: \"size\"",
        "On houses:",
        "wrote ",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let mut lines = said.lines().filter(|line| !line.starts_with("wrote "));
    assert!(lines.all(|line| line.chars().count() <= 80), "{said}");
    for name in ["advice.html", "advice.json", "model.safetensors"] {
        assert!(path.join("words").join(name).is_file(), "{name}");
    }
    let printed: Value =
        serde_json::from_str(&advise("json", &["--json", "--threads", "1"])).unwrap();
    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(path.join(name)).unwrap()).unwrap()
    };
    assert_eq!(printed, read("json/advice.json"));
    assert_eq!(printed, read("words/advice.json"));
    assert_eq!(printed["format"], 2);
    let inside = |folder: &str| -> Value {
        let (code, said) = said_in(path, &["inspect", folder, "--json"]);
        assert_eq!(code, Some(0), "{said}");
        serde_json::from_str(&said).unwrap()
    };
    assert_eq!(inside("words")["advice"], printed["id"]);

    let train = [
        "train",
        "houses.csv",
        "--recipe",
        "words/advice.json",
        "--out",
        "trained",
    ];
    let (code, said) = said_in(path, &train);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(inside("trained")["recipe"], inside("words")["recipe"]);
}

#[test]
fn a_recipe_is_a_file_of_toml_or_json() {
    let folder = modelled();
    let path = folder.path();
    let trained = |name: &str, recipe: &str| {
        fs::write(path.join(name), recipe).unwrap();
        said_in(
            path,
            &["train", "houses.csv", "--recipe", name, "--out", "by"],
        )
    };
    let (code, said) = trained(
        "a.toml",
        "[network]\nhidden = [4]\nepochs = 100\nlearning_rate = 0.01\n",
    );
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("a network of 4 units") && said.contains("100 epochs"),
        "{said}"
    );
    let (code, said) = trained("a.json", r#"{"line": {"penalty": 0.5, "logarithm": true}}"#);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("a straight line with penalty 0.5, of the target's logarithm"),
        "{said}"
    );
    for (name, recipe, words) in [
        (
            "b.toml",
            "[network]\nhiden = [4]\n",
            "unknown field `hiden`",
        ),
        ("c.toml", "[network]\nepochs = 0\n", "epoch"),
        ("d.toml", "[line]\npenalty = -1\n", "`penalty` is -1"),
        ("e.json", "{", "e.json"),
    ] {
        let (code, said) = trained(name, recipe);
        assert!(
            matches!(code, Some(1 | 2)) && said.contains(words),
            "{said}"
        );
    }
    let (code, said) = said_in(path, &["train", "houses.csv", "--recipe", "none.toml"]);
    assert!(
        matches!(code, Some(1 | 2)) && said.contains("none.toml"),
        "{said}"
    );
}

/// What diverged is no model, and an older one stays as it is.
#[test]
fn a_training_that_diverges_writes_nothing() {
    let folder = modelled();
    let path = folder.path();
    let recipe = "[network]\nhidden = [8]\noptimizer = \"sgd\"\nrates = \"constant\"\nlearning_rate = 1e6\nclip_norm = inf\nepochs = 8\n";
    fs::write(path.join("wild.toml"), recipe).unwrap();
    let before = fs::read(path.join("out/model.safetensors")).unwrap();
    for out in ["out", "new"] {
        let train = ["train", "houses.csv", "--recipe", "wild.toml", "--out", out];
        let (code, said) = said_in(path, &train);
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("5 of 5 trainings diverged") && said.contains("a lower learning rate"),
            "{said}"
        );
    }
    assert_eq!(
        fs::read(path.join("out/model.safetensors")).unwrap(),
        before
    );
    assert!(!path.join("new").exists());
}

#[test]
fn a_model_is_judged_on_a_table_with_the_target() {
    let folder = modelled();
    let path = folder.path();
    let (code, said) = said_in(path, &["evaluate", "out", "houses.csv"]);
    assert_eq!(code, Some(0), "{said}");
    for word in [
        "rows                              80",
        "explained (R²)",
        "RMSE",
        "inside the 90 % intervals",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let (code, said) = said_in(
        path,
        &["evaluate", "out/model.safetensors", "houses.csv", "--json"],
    );
    let scores: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, scores["rows"].as_u64()), (Some(0), Some(80)));
    assert!(
        scores["inside_intervals"].as_f64().expect("a share") >= 0.9,
        "{said}"
    );
    assert!(
        scores["measures"]["numbers"]["r2"].as_f64().unwrap() > 0.99,
        "{said}"
    );
    let (code, said, error) = given(path, &["evaluate", "out", "-"], "town,size\nUlm,50\n");
    assert_eq!((code, said.as_str()), (Some(1), ""));
    assert!(error.contains("no column \"price\""), "{error}");
}

#[test]
fn tables_and_models_say_what_they_are_made_of() {
    let folder = modelled();
    let path = folder.path();
    let (code, said) = said_in(path, &["inspect", "out"]);
    assert_eq!(code, Some(0), "{said}");
    for word in [
        "predicts \"price\"",
        "houses (80 rows)",
        "a straight line",
        "town: town=Bonn, town=Ulm",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let (code, said) = said_in(path, &["inspect", "houses.csv"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.starts_with("houses: 80 rows; predicts \"price\"\n"),
        "{said}"
    );
    for file in ["houses.csv", "out"] {
        let (code, said) = said_in(path, &["inspect", file, "--json"]);
        assert_eq!(code, Some(0), "{said}");
        serde_json::from_str::<Value>(&said).unwrap();
    }

    // What is said of a table as TOML can be edited, and given back.
    let (code, toml) = said_in(path, &["inspect", "houses.csv", "--toml"]);
    assert_eq!(code, Some(0), "{toml}");
    fs::write(path.join("mine.toml"), &toml).unwrap();
    let same = said_in(
        path,
        &["inspect", "houses.csv", "--toml", "--schema", "mine.toml"],
    );
    let kinds = |toml: &str| -> Vec<String> {
        let lines = toml
            .lines()
            .map(|line| line.split('#').next().unwrap_or(line).trim_end());
        lines.map(str::to_owned).collect()
    };
    assert_eq!((same.0, kinds(&same.1)), (Some(0), kinds(&toml)));
    let edited = toml
        .replace("target = \"price\"", "target = \"town\"")
        .replace("task = \"numbers\"", "task = \"classes\"");
    fs::write(
        path.join("mine.toml"),
        edited.replace("price = \"number\"", ""),
    )
    .unwrap();
    let (code, said) = said_in(path, &["inspect", "houses.csv", "--schema", "mine.toml"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("predicts \"town\""), "{said}");
    let (code, said) = said_in(path, &["inspect", "houses.csv", "--target", "prize"]);
    assert!(
        code == Some(1) && said.contains("did you mean \"price\"?"),
        "{said}"
    );
}

#[test]
fn a_table_may_come_from_standard_input() {
    let folder = modelled();
    let path = folder.path();
    let houses = fs::read_to_string(path.join("houses.csv")).unwrap();
    let (code, said, error) = given(path, &["inspect", "-"], &houses);
    assert_eq!(code, Some(0), "{error}");
    assert!(said.contains("80 rows; predicts \"price\""), "{said}");
    let (code, said, error) = given(path, &["predict", "out", "-"], &houses);
    assert_eq!((code, said.lines().count()), (Some(0), 81), "{error}");
    assert_eq!(error, "");
    let (code, said, error) = given(path, &["evaluate", "out", "-"], &houses);
    assert_eq!(code, Some(0), "{error}");
    assert!(said.contains("explained"), "{said}");
    let train = ["train", "-", "--recipe", "line.toml", "--out", "piped"];
    let (code, _, error) = given(path, &train, &houses);
    assert_eq!(code, Some(0), "{error}");
    let advise = ["advise", "-", "--quick", "--out", "advised"];
    let (code, said, error) = given(path, &advise, &houses);
    assert_eq!(code, Some(0), "{error}");
    assert!(said.contains("80 rows, 3 features"), "{said}");
    assert!(path.join("advised/model.safetensors").is_file());
}

/// y = 3·level + (b mod 2), with a decimal comma.
#[test]
fn a_european_spreadsheet_is_read_as_it_is_meant() {
    let folder = modelled();
    let (code, said) = said_in(folder.path(), &["inspect", &case("decimal_comma")]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("  number ").count(), 3, "{said}");
}

/// Rows have a time, a group and a weight; none of the latter two is a feature.
#[test]
fn times_groups_and_weights_are_named_by_flags() {
    let folder = modelled();
    let path = folder.path();
    let rows: String = (0..60)
        .map(|i| {
            format!(
                "2024-{:02}-{:02},w{},{},{}\n",
                1 + i / 28,
                1 + i % 28,
                i % 7,
                1 + i % 3,
                3 * i
            )
        })
        .collect();
    fs::write(
        path.join("sales.csv"),
        format!("day,who,count,sold\n{rows}"),
    )
    .unwrap();
    let trained = |flags: &[&str]| {
        let mut train = vec![
            "train",
            "sales.csv",
            "--recipe",
            "line.toml",
            "--out",
            "sales",
        ];
        train.extend(flags);
        let (code, said) = said_in(path, &train);
        assert_eq!(code, Some(0), "{flags:?}: {said}");
        said_in(path, &["inspect", "sales"]).1
    };
    let said = trained(&["--time", "day", "--weight", "count"]);
    assert!(
        said.contains("1 network of") && !said.contains("  count: "),
        "{said}"
    );
    let said = trained(&["--group", "who", "--ignore", "count"]);
    assert!(
        said.contains("5 networks of") && !said.contains("  who: "),
        "{said}"
    );
    let said = trained(&["--kind", "count=category"]);
    assert!(
        said.contains("  count: count=1, count=2, count=3"),
        "{said}"
    );
    let (code, said) = said_in(path, &["train", "sales.csv", "--weight", "counts"]);
    assert!(
        code == Some(1) && said.contains("did you mean \"count\"?"),
        "{said}"
    );
}
