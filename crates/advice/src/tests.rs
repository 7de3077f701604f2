//! The advice on tables of which the answer is known.

use super::*;

/// Numbers from 0 to 1 that have nothing to do with each other (splitmix64, Steele et al. 2014).
fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Inputs around a million and around one, and a category; the target depends on all three.
fn mismatched(rows: usize, seed: u64) -> Table {
    let mut next = random(seed);
    let mut text = String::from("income,share,town,price\n");
    for _ in 0..rows {
        let (income, share, noise) = (next(), next(), next());
        let (town, extra) = if next() < 0.5 {
            ("Ulm", 0.0)
        } else {
            ("Bonn", 1.0)
        };
        let price = 100.0 * (2.0 * income + (3.0 * share).sin() + extra + 0.1 * noise);
        text.push_str(&format!(
            "{},{share},{town},{price}\n",
            1e6 * (1.0 + income)
        ));
    }
    Table::read(text.as_bytes()).unwrap()
}

fn quick(target: &str, hidden: usize) -> AdvicePlan {
    AdvicePlan {
        size: Size::Quick,
        hidden: vec![hidden],
        threads: 2,
        ..AdvicePlan::new(target)
    }
}

#[test]
fn on_mismatched_scales_raw_inputs_lose_and_the_saved_model_predicts() {
    let table = mismatched(200, 1);
    let advised = advise(&table, &quick("price", 12), &mut ()).unwrap();
    let advice = advised.advice.clone();
    assert_ne!(advice.conclusion, Conclusion::CannotTell, "{advice}");
    assert_ne!(advice.advised.scaler, AnyScaler::Identity, "{advice}");
    let over_raw = advice.gain("found", "raw").unwrap();
    assert_eq!(
        over_raw.verdict,
        smallbatch_evidence::Verdict::Supported,
        "{advice}"
    );
    assert!(over_raw.estimate > 0.2, "{advice}");
    assert_eq!(advice.reserved_rows, 60);
    assert_eq!(advice.categories, [("town".to_owned(), 2)]);
    let widest = advice
        .to_string()
        .lines()
        .map(|line| line.chars().count())
        .max();
    assert!(widest <= Some(100), "{advice}");

    let folder = tempfile::tempdir().unwrap();
    let files: Result<Vec<PathBuf>, Error> = advised.write(folder.path()).into_iter().collect();
    let [of_advice, of_model] = &files.unwrap()[..] else {
        panic!("two files");
    };
    let text = std::fs::read_to_string(of_advice).unwrap();
    assert_eq!(serde_json::from_str::<Advice>(&text).unwrap(), advice);

    // Rows that nobody saw, with the target to compare.
    let model = SavedModel::load(of_model).unwrap();
    assert_eq!(model.advice(), advice.headline);
    let others = mismatched(100, 2);
    let predictions = model.predict(&others).unwrap();
    let truth: Dataset<f64> = model.schema().dataset(&others).unwrap();
    let truth = truth.target().as_values().unwrap().clone();
    let squares: f64 = predictions
        .rows
        .iter()
        .zip(truth.iter())
        .map(|(row, truth)| match row {
            Prediction::Value(value) => (value - truth).powi(2),
            other => panic!("{other:?}"),
        })
        .sum();
    assert!(
        squares / 100.0 < 0.2 * truth.variance(),
        "{squares}, {advice}"
    );
    let csv = predictions.to_csv().unwrap();
    assert!(csv.starts_with("price\n") && csv.lines().count() == 101);

    // A file of a later program, and one that was cut.
    let text = std::fs::read_to_string(of_model).unwrap();
    std::fs::write(of_model, text.replacen("\"format\": 1", "\"format\": 7", 1)).unwrap();
    let said = SavedModel::load(of_model).unwrap_err().to_string();
    assert!(
        said.contains("format 7") && said.contains("model.json"),
        "{said}"
    );
    std::fs::write(of_model, &text[..text.len() / 2]).unwrap();
    let said = SavedModel::load(of_model).unwrap_err().to_string();
    assert!(said.contains("no saved model"), "{said}");
}

/// The file was written when advice was a part of the laboratory, and so were the predictions.
#[test]
fn an_old_model_predicts_as_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.json");
    std::fs::write(&file, include_str!("model-1.json")).unwrap();
    let model = SavedModel::load(&file).unwrap();
    let rows = "town,income,share\nUlm,1500000,0.25\nBonn,1100000,0.75\n";
    let predictions = model.predict(&Table::read(rows.as_bytes()).unwrap());
    let csv = predictions.unwrap().to_csv().unwrap();
    let numbers = csv.lines().skip(1).map(|line| line.parse::<f64>().unwrap());
    for (number, before) in numbers.zip([169.262_959, 200.059_167]) {
        // Products of f32 are added up in another order on another processor.
        assert!((number - before).abs() < 1e-3, "{csv}");
    }
    assert!(csv.starts_with("price\n") && csv.lines().count() == 3);
}

/// Reports go from 0 to 1 over search, judgement and the last training, and never back.
#[test]
fn progress_goes_once_from_0_to_1() {
    #[derive(Default)]
    struct Log(Vec<(f64, String)>);

    impl Progress for Log {
        fn report(&mut self, status: &Status<'_>) {
            self.0.push((status.fraction, status.message.to_owned()));
        }
    }

    let mut log = Log::default();
    advise(&without_signal(), &quick("y", 4), &mut log).unwrap();
    assert!(log.0.is_sorted_by(|(a, _), (b, _)| a <= b));
    let (last, message) = log.0.last().unwrap();
    assert!((last - 1.0).abs() < 1e-9, "{last}");
    assert!(message.ends_with("training the model on all rows"));
    for (part, from, to) in [("round 1 of 3", 0.0, 0.6), ("judging", 0.3, 0.999)] {
        let of_part = log.0.iter().filter(|(_, message)| message.contains(part));
        let fractions: Vec<f64> = of_part.map(|(fraction, _)| *fraction).collect();
        let is_within = fractions
            .iter()
            .all(|fraction| (from..to).contains(fraction));
        assert!(is_within && !fractions.is_empty(), "{part}: {fractions:?}");
    }
}

/// A target that has nothing to do with the inputs.
fn without_signal() -> Table {
    let mut next = random(3);
    let mut text = String::from("a,b,y\n");
    for _ in 0..60 {
        text.push_str(&format!("{},{},{}\n", next(), next(), next()));
    }
    Table::read(text.as_bytes()).unwrap()
}

#[test]
fn without_a_signal_it_cannot_tell_and_threads_change_nothing() {
    let plan = quick("y", 4);
    let advice = advise(&without_signal(), &plan, &mut ()).unwrap().advice;
    assert_eq!(advice.conclusion, Conclusion::CannotTell, "{advice}");
    assert!(advice.headline.starts_with("Cannot tell"), "{advice}");
    let alone = AdvicePlan { threads: 1, ..plan };
    let again = advise(&without_signal(), &alone, &mut ()).unwrap().advice;
    assert_eq!(again, advice);
}

#[test]
fn classes_are_learned_and_predicted_by_name() {
    let mut next = random(5);
    let mut text = String::from("x,z,kind\n");
    for _ in 0..90 {
        let (x, z) = (next(), 1000.0 * next());
        let kind = if x + z / 1000.0 < 1.0 { "low" } else { "high" };
        text.push_str(&format!("{x},{z},{kind}\n"));
    }
    let table = Table::read(text.as_bytes()).unwrap();
    let advised = advise(&table, &quick("kind", 8), &mut ()).unwrap();
    let advice = &advised.advice;
    assert_ne!(advice.conclusion, Conclusion::CannotTell, "{advice}");
    let model = advised.model.unwrap();
    let corners = Table::read("z,x\n50,0.05\n950,0.95\n".as_bytes()).unwrap();
    let csv = model.predict(&corners).unwrap().to_csv().unwrap();
    let names: Vec<&str> = csv
        .lines()
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!(names, ["kind", "low", "high"], "{csv}");
}

/// The fewest members that are said to suffice do, whatever the seed.
#[test]
fn a_class_with_five_members_can_be_divided() {
    let mut text = String::from("x,kind\n");
    for row in 0..60 {
        let kind = match row {
            0..30 => "many",
            30..55 => "some",
            _ => "few",
        };
        text.push_str(&format!("{row},{kind}\n"));
    }
    let table = Table::read(text.as_bytes()).unwrap();
    for base_seed in 0..50 {
        let plan = AdvicePlan {
            base_seed,
            ..quick("kind", 4)
        };
        let parts = Parts::new(&table, &plan).unwrap();
        for seed in 0..5 {
            let (training, validation) = training::halves(&parts.development, seed).unwrap();
            for part in [&training, &validation, &parts.reserved] {
                let counts = part.target().class_counts().unwrap();
                assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
            }
        }
    }
    let without_one = Table::read(&text.as_bytes()[..text.len() - "59,few\n".len()]).unwrap();
    let error = quick("kind", 4).check(&without_one).unwrap_err();
    assert!(
        matches!(error, Error::SmallClass { members: 4, .. }),
        "{error}"
    );
}

/// Seconds since 1970, of which `f32` knows every 128th: the network sees what is left when they are scaled.
#[test]
fn numbers_around_a_billion_keep_their_digits() {
    let mut next = random(9);
    let mut text = String::from("begin,wait,end\n");
    for _ in 0..120 {
        let begin = 1_700_000_000.0 + (60.0 * next()).round();
        let wait = (20.0 * next()).round();
        text.push_str(&format!("{begin},{wait},{}\n", begin + wait));
    }
    let table = Table::read(text.as_bytes()).unwrap();
    let advised = advise(&table, &quick("end", 8), &mut ()).unwrap();
    assert_ne!(
        advised.advice.conclusion,
        Conclusion::CannotTell,
        "{}",
        advised.advice
    );
    let model = advised.model.unwrap();
    let later = Table::read("begin,wait\n1700000010,5\n1700000050,15\n".as_bytes()).unwrap();
    for (row, expected) in model.predict(&later).unwrap().rows.iter().zip([15.0, 65.0]) {
        let Prediction::Value(value) = row else {
            panic!("{row:?}")
        };
        assert!(
            (value - 1_700_000_000.0 - expected).abs() < 8.0,
            "{value} for {expected}"
        );
    }
}

#[test]
fn a_large_table_is_searched_on_a_sample_and_says_so() {
    let table = mismatched(9_000, 4);
    let plan = quick("price", 512);
    let parts = Parts::new(&table, &plan).unwrap();
    assert_eq!(parts.reserved.n_samples(), 2_700);
    assert_eq!(
        parts.development.n_samples(),
        search::most_rows(&parts.development, &plan)
    );
    assert_eq!(parts.all.n_samples(), 9_000);
    let small = Parts::new(&table, &quick("price", 4)).unwrap();
    assert_eq!(small.development.n_samples(), 6_300);
}

/// A model of another table must not stand beside a new advice.
#[test]
fn an_older_model_goes_when_there_is_no_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.json");
    std::fs::write(&file, "{}").unwrap();
    let mut advised = advise(&mismatched(60, 1), &quick("price", 4), &mut ()).unwrap();
    advised.model = Err(Error::Interrupted);
    let written = advised.write(folder.path());
    assert!(
        matches!(&written[..], [Ok(_), Err(Error::Interrupted)]),
        "{written:?}"
    );
    assert!(!file.exists());
}

/// Someone who has pressed Ctrl-C.
struct Stopped;

impl Progress for Stopped {
    fn interrupted(&self) -> bool {
        true
    }
}

#[test]
fn an_interrupted_search_says_so() {
    let error = advise(&without_signal(), &quick("y", 4), &mut Stopped).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
}

#[test]
fn a_plan_that_cannot_be_carried_out_is_refused() {
    for plan in [
        AdvicePlan {
            threads: 0,
            ..quick("y", 4)
        },
        quick("y", 0),
        quick("y", 5000),
    ] {
        let error = advise(&without_signal(), &plan, &mut ()).unwrap_err();
        assert!(matches!(error, Error::Setting { .. }), "{error}");
    }
}
