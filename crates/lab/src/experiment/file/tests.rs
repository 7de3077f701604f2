//! Files that are read, and files that are refused.

use smallbatch_data::BatchSize;

use super::*;

const GOOD: &str = r#"
name = "mine"
question = "Which?"
reference = "a"
budgets = ["epochs"]

[[arms]]
name = "a"
scaler = "standard"
batch = 16

[[arms]]
name = "b"
scaler = { scaler = "min-max", low = -1.0 }
batch = "full"

[[data]]
set = "wine"
hidden = [8]
epochs = { quick = 2, default = 4 }
tuning_seeds = 1

[[claims]]
id = "a-or-b"
text = "It matters."
measure = "training-loss-ratio"
first = "a"
second = "b"
direction = "less"
margin = 0.1
"#;

fn define(text: &str, size: Size) -> Result<Definition, Error> {
    parse(text, "mine.toml", Path::new(""), size, &mut Shelf::new(0))
}

fn comparison(definition: Definition) -> Experiment {
    match definition {
        Definition::Comparison(experiment) => experiment,
        other => panic!("{other:?}"),
    }
}

fn read(text: &str, size: Size) -> Result<Experiment, Error> {
    define(text, size).map(comparison)
}

#[test]
fn a_file_becomes_an_experiment() {
    let experiment = read(GOOD, Size::Default).unwrap();
    assert_eq!(experiment.name, "mine");
    assert_eq!(experiment.arms[1].batch_size, BatchSize::Full);
    assert_eq!(experiment.arms[1].scaler.name(), "min-max");
    assert_eq!((experiment.reference, experiment.cases[0].epochs), (0, 4));
    assert_eq!(experiment.claims[0].second.arm, 1);
    assert_eq!(read(GOOD, Size::Quick).unwrap().cases[0].epochs, 2);
    assert_eq!(read(GOOD, Size::Thorough).unwrap().cases[0].epochs, 4);
}

#[test]
fn every_scaler_of_the_list_is_its_own() {
    let scalers: Vec<AnyScaler> = SCALERS.iter().map(|name| scaler_of(name)).collect();
    for (index, scaler) in scalers.iter().enumerate() {
        assert!(!scalers[..index].contains(scaler), "{}", SCALERS[index]);
    }
}

#[test]
fn a_bad_file_is_refused_with_line_and_reason() {
    // What is replaced by what, the line of the error, and a part of what it says.
    let table = [
        (
            "scaler = \"standard\"",
            "scaler = \"standart\"",
            9,
            "there is no scaler \"standart\"; there are \"standard\"",
        ),
        (
            "scaler = \"standard\"",
            "scaler = 3",
            9,
            "the name of a scaler, or a table",
        ),
        (
            "reference = \"a\"",
            "reference = \"c\"",
            4,
            "there is no arm \"c\"",
        ),
        ("second = \"b\"", "second = \"a\"", 28, "two different arms"),
        (
            "second = \"b\"",
            "second = \"bb\"",
            28,
            "there is no arm \"bb\"; there are \"b\"",
        ),
        ("second = \"b\"\n", "", 24, "`second`"),
        ("name = \"b\"", "name = \"a\"", 13, "used twice"),
        ("set = \"wine\"", "set = \"whine\"", 18, "wine"),
        ("batch = 16", "batch = 0", 10, "a whole number from 1 up"),
        (
            "batch = 16",
            "batch = 5000",
            18,
            "the reference arm \"a\" cannot be run",
        ),
        (
            "batch = 16",
            "batch = 16\nbutch = 3",
            11,
            "unknown field `butch`",
        ),
        ("hidden = [8]", "hidden = [8, 0]", 19, "0 units"),
        (
            "epochs = { quick = 2, default = 4 }",
            "epochs = 0",
            20,
            "epochs is 0",
        ),
        (
            "epochs = { quick = 2, default = 4 }",
            "epochs = \"many\"",
            20,
            "a whole number, or a table",
        ),
        ("[\"epochs\"]", "[]", 5, "at least one budget"),
        (
            "[\"epochs\"]",
            "[\"seconds\"]",
            5,
            "must not depend on the clock",
        ),
        ("[\"epochs\"]", "[\"days\"]", 5, "unknown variant `days`"),
        ("margin = 0.1", "margin = -0.1", 30, "zero or more"),
        (
            "training-loss-ratio",
            "right-epochs",
            26,
            "needs \"best epoch\"",
        ),
        (
            "tuning_seeds = 1",
            "tuning_seeds = 1\ntraining_samples = 178",
            22,
            "178 samples",
        ),
        ("[\"epochs\"]", "[\"epochs\", \"epochs\"]", 5, "named twice"),
        (
            "tuning_seeds = 1",
            "tuning_seeds = 1\npatience = 0",
            22,
            "patience is 0",
        ),
        (
            "tuning_seeds = 1",
            "tuning_seeds = 1\nmeasured = 0",
            22,
            "measured is 0",
        ),
        (
            "tuning_seeds = 1",
            "tuning_seeds = 1\nupdates = { default = 0 }",
            22,
            "updates is 0",
        ),
        (
            "tuning_seeds = 1",
            "tuning_seeds = 1\nskip = [\"default\"]",
            2,
            "no data to run on in the default version",
        ),
        (
            "tuning_seeds = 1",
            "tuning_seeds = 1\n[[data]]\nset = \"wine\"\nhidden = []\nepochs = 1\ntuning_seeds = 1",
            23,
            "\"wine\" is used twice",
        ),
        (
            "margin = 0.1",
            "margin = 0.1\nunder = [\"updates\"]",
            31,
            "none of the experiment's budgets",
        ),
        (
            "margin = 0.1",
            "margin = 0.1\nunder = [\"epochs\", \"epochs\"]",
            31,
            "named twice",
        ),
        ("question = \"Which?\"", "question = Which?", 3, ""),
        (
            "batch = 16",
            "batch = 16\noptimizer = \"l-bfgs\"",
            11,
            "needs batch = \"full\"",
        ),
        (
            "batch = 16",
            "batch = 16\noptimizer = \"adam\"",
            11,
            "unknown variant `adam`",
        ),
        ("set = \"wine\"\n", "", 18, "the data have no name"),
        (
            "set = \"wine\"",
            "csv = \"no-such.csv\"",
            18,
            "a table needs `target`",
        ),
        (
            "set = \"wine\"",
            "csv = \"no-such.csv\"\ntarget = \"y\"\npredict = \"numbers\"",
            18,
            "no-such.csv",
        ),
        (
            "set = \"wine\"",
            "set = \"wine\"\ntarget = \"y\"",
            19,
            "`target` is for a table",
        ),
    ];
    for (from, to, line, says) in table {
        assert!(GOOD.contains(from), "{from}");
        let error = read(&GOOD.replacen(from, to, 1), Size::Default).unwrap_err();
        match &error {
            Error::Definition {
                file,
                line: found,
                reason,
            } => {
                assert_eq!(
                    (file.as_str(), *found),
                    ("mine.toml", line),
                    "{to}: {error}"
                );
                assert!(reason.contains(says), "{to}: {error}");
            }
            _ => panic!("{to}: {error}"),
        }
    }
}

/// The good file on a table of one's own, in a folder of its own.
fn read_table(table: &str, target: &str, predict: &str) -> Result<Experiment, Error> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.csv"), table).unwrap();
    let data = format!("csv = \"mine.csv\"\ntarget = \"{target}\"\npredict = \"{predict}\"");
    let text = GOOD
        .replace("set = \"wine\"", &data)
        .replace("batch = 16", "batch = 2");
    let shelf = &mut Shelf::new(0);
    parse(&text, "mine.toml", folder.path(), Size::Default, shelf).map(comparison)
}

#[test]
fn a_table_of_ones_own_is_read_from_the_files_folder() {
    let rows: String = (0..20)
        .map(|i| format!("{i},{},{}\n", i * i, i % 3))
        .collect();
    let table = format!("a,b,price\n{rows}");
    let experiment = read_table(&table, "price", "numbers").unwrap();
    let source = &experiment.cases[0].source;
    assert_eq!(
        (source.name.as_str(), source.origin.as_str()),
        ("mine", "the table mine.csv")
    );
    assert_eq!(
        (source.dataset.n_samples(), source.dataset.n_features()),
        (20, 2)
    );
    let classes = read_table(&table, "price", "classes").unwrap();
    assert_eq!(classes.cases[0].source.dataset.n_outputs(), 3);
}

#[test]
fn two_tables_of_one_name_are_refused_and_one_in_two_places_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |factor: i32| -> String {
        let rows: String = (0..20).map(|i| format!("{i},{}\n", factor * i)).collect();
        format!("a,price\n{rows}")
    };
    for (year, factor) in [("2020", 1), ("2021", 2), ("copy", 1)] {
        std::fs::create_dir(folder.path().join(year)).unwrap();
        std::fs::write(folder.path().join(year).join("houses.csv"), rows(factor)).unwrap();
    }
    std::fs::write(folder.path().join("airfoil.csv"), rows(1)).unwrap();
    let shelf = &mut Shelf::new(0);
    let mut read = |path: &str| {
        let data = format!("csv = \"{path}\"\ntarget = \"price\"\npredict = \"numbers\"");
        let text = GOOD
            .replace("set = \"wine\"", &data)
            .replace("batch = 16", "batch = 2");
        parse(&text, "mine.toml", folder.path(), Size::Default, shelf).map(comparison)
    };
    read("2020/houses.csv").unwrap();
    read("copy/houses.csv").unwrap();
    let said = read("2021/houses.csv").unwrap_err().to_string();
    assert!(said.contains("both named \"houses\""), "{said}");
    let said = read("airfoil.csv").unwrap_err().to_string();
    assert!(
        said.contains("comes with the program; rename the file"),
        "{said}"
    );
}

/// Ways of testing are tried at the end of a run: beside them, the best epoch would be another moment.
#[test]
fn ways_of_testing_are_not_compared_at_the_best_epoch() {
    let tested = GOOD
        .replace(
            "[[data]]",
            "[[tests]]\nname = \"own\"\narm = \"a\"\nbatch = 8\n\n[[data]]",
        )
        .replace("training-loss-ratio", "test-loss-ratio")
        .replace("second = \"b\"", "second = \"own\"");
    let with = |budgets: &str| read(&tested.replace("[\"epochs\"]", budgets), Size::Default);
    with("[\"epochs\"]").unwrap();
    let error = with("[\"epochs\", \"best epoch\"]")
        .unwrap_err()
        .to_string();
    assert!(error.contains("not at its best epoch"), "{error}");
}

#[test]
fn a_bad_table_is_refused_before_any_run_with_line_and_reason() {
    let of = |rows: &str| format!("a,b,price\n{rows}");
    let many = |last: &str| {
        let rows: String = (0..12).map(|i| format!("{i},{},{last}\n", i * i)).collect();
        of(&rows)
    };
    let lone = |mut table: String| {
        table.push_str("1,2,other\n3,4,one\n5,6,one\n");
        table
    };
    let table = [
        (many("7"), "price", "numbers", 19, "\"7\" in all 12 rows"),
        (many("7"), "prize", "numbers", 19, "did you mean \"price\"?"),
        (
            of("1,2,3\n4,5,6\n"),
            "price",
            "numbers",
            18,
            "cannot fill 3 parts",
        ),
        (
            lone(many("one")),
            "price",
            "classes",
            18,
            "\"other\" has 1 samples",
        ),
        (many("7"), "price", "classes", 19, "nothing to predict"),
        (
            of("1,red,3\n4,blue,6\n"),
            "price",
            "numbers",
            18,
            "column \"b\" has 2 distinct texts",
        ),
        (of(""), "price", "numbers", 18, "no line below"),
    ];
    for (text, target, predict, line, says) in table {
        match read_table(&text, target, predict) {
            Err(Error::Definition {
                line: found,
                reason,
                ..
            }) => {
                assert_eq!(found, line, "{says}: {reason}");
                assert!(reason.contains(says), "{says}: {reason}");
            }
            other => panic!("{says}: {other:?}"),
        }
    }
}

#[test]
fn the_examples_of_the_documentation_are_files() {
    let documentation = include_str!("../../../experiments/README.md");
    let mut texts = documentation.split("```toml\n").skip(1);
    let mut next = || texts.next().unwrap().split_once("```").unwrap().0;
    let (text, why) = (next(), next());
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..200).map(|i| format!("{i},{}\n", i * i)).collect();
    std::fs::write(
        folder.path().join("houses.csv"),
        format!("size,price\n{rows}"),
    )
    .unwrap();
    let shelf = &mut Shelf::new(0);
    let experiment =
        comparison(parse(text, "README.md", folder.path(), Size::Quick, shelf).unwrap());
    assert_eq!((experiment.arms.len(), experiment.claims.len()), (2, 1));
    let why = parse(why, "README.md", folder.path(), Size::Quick, shelf).unwrap();
    assert!(matches!(why, Definition::Why(study) if study.cases[0].goal == 0.3));
}

#[test]
fn a_file_may_say_how_many_seeds() {
    let with = |line: &str| {
        read(
            &GOOD.replace("reference =", &format!("{line}\nreference =")),
            Size::Quick,
        )
    };
    assert_eq!(with("").unwrap().seeds, None);
    let seeds = with("seeds = { quick = 4, default = 9 }").unwrap().seeds;
    assert_eq!(seeds, Some(4));
    let error = with("seeds = 1").unwrap_err().to_string();
    assert!(
        error.contains("seeds is 1, but must be at least 2"),
        "{error}"
    );
}

const MEMORY: &str = r#"
kind = "memory"
name = "room"
question = "How much?"
updates = 2
batch = 8
repetitions = { quick = 2, default = 5 }
margin = 32.0

[[data]]
set = "two-inputs"
hidden = [4, 4]
samples = [100, 200]
"#;

const WHY: &str = r#"
kind = "why"
name = "reasons"
question = "Why?"
seeds = 3

[[data]]
set = "wine"
hidden = [4]
goal = 0.5
"#;

#[test]
fn memory_and_reasons_are_files_too() {
    let Definition::Memory(study) = define(MEMORY, Size::Default).unwrap() else {
        panic!("not what it says it is")
    };
    assert_eq!((study.updates, study.batch, study.repetitions), (2, 8, 5));
    assert_eq!(study.cases[0].samples, [100, 200]);
    let Definition::Why(study) = define(WHY, Size::Default).unwrap() else {
        panic!("not what it says it is")
    };
    assert_eq!((study.name.as_str(), study.seeds), ("reasons", 3));
    assert_eq!(study.cases[0].case.layer_sizes(), [13, 4, 3]);
}

#[test]
fn bad_files_of_other_kinds_are_refused_with_line_and_reason() {
    for (text, what, by, line, reason) in [
        (
            MEMORY,
            "kind = \"memory\"",
            "kind = \"memories\"",
            2,
            "unknown variant `memories`",
        ),
        (
            MEMORY,
            "updates = 2",
            "updates = 0",
            5,
            "updates is 0, but must be at least 1",
        ),
        (
            MEMORY,
            "batch = 8",
            "batch = 0",
            6,
            "batch is 0, but must be at least 1",
        ),
        (
            MEMORY,
            "quick = 2, default = 5",
            "default = 1",
            7,
            "repetitions is 1, but must be at least 2",
        ),
        (
            MEMORY,
            "margin = 32.0",
            "margin = -1.0",
            8,
            "the margin is -1",
        ),
        (MEMORY, "two-inputs", "two-input", 11, "two-inputs"),
        (
            MEMORY,
            "hidden = [4, 4]",
            "hidden = [0]",
            12,
            "a hidden layer has 0 units",
        ),
        (
            MEMORY,
            "samples = [100, 200]",
            "samples = [100]",
            13,
            "at least two numbers",
        ),
        (
            MEMORY,
            "samples = [100, 200]",
            "samples = [200, 200]",
            13,
            "each larger",
        ),
        (
            MEMORY,
            "samples = [100, 200]",
            "samples = [4, 200]",
            13,
            "a mini-batch takes 8",
        ),
        (
            MEMORY,
            "margin = 32.0",
            "margin = 32.0\nreference = \"a\"",
            9,
            "unknown field `reference`",
        ),
        (
            WHY,
            "seeds = 3",
            "seeds = 1",
            5,
            "seeds is 1, but must be at least 2",
        ),
        (
            WHY,
            "goal = 0.5",
            "goal = 1.5",
            10,
            "the goal is 1.5, but must be above 0 and below 1",
        ),
        (WHY, "set = \"wine\"", "set = \"vine\"", 8, "wine"),
        (
            WHY,
            "set = \"wine\"",
            "csv = \"mine.csv\"",
            8,
            "a table needs `target`",
        ),
        (
            WHY,
            "question = \"Why?\"",
            "",
            2,
            "missing field `question`",
        ),
    ] {
        assert!(text.contains(what), "{what}");
        let error = define(&text.replace(what, by), Size::Default).unwrap_err();
        let Error::Definition {
            line: found,
            reason: said,
            ..
        } = &error
        else {
            panic!("{error:?}")
        };
        assert!(said.contains(reason), "{by}: {said}");
        assert!(
            *found == line || reason.starts_with("missing"),
            "{by}: line {found}"
        );
    }
}
