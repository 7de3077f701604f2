//! The page beside the advice, for a table with numbers and one with classes.

use smallbatch_advice::{AdvicePlan, Size, advise};
use smallbatch_data::{Table, TableReader};
use smallbatch_report::Expectation;

/// y is a curve of x; z says nothing. Names and cells look like markup.
fn table(of_classes: bool) -> Table {
    let mut text = String::from("<b>x</b>,z,y\n");
    for i in 0..120_u32 {
        let (x, z) = (f64::from(i) / 30.0 - 2.0, (i * 37) % 11);
        let y = x * x + f64::from((i * 7) % 5) / 10.0;
        let y = match of_classes {
            true => ["<i>low</i>", "high"][usize::from(y > 1.0)].to_owned(),
            false => format!("{y:.3}"),
        };
        text += &format!("{x:.3},{z},{y}\n");
    }
    Table::read(text.as_bytes()).expect("a table")
}

fn page(of_classes: bool, expected: Result<Vec<Expectation>, String>) -> (String, String) {
    let plan = AdvicePlan {
        size: Size::Quick,
        threads: 1,
        ..AdvicePlan::new(TableReader::new().target("y"))
    };
    let advised = advise(&table(of_classes), &plan, &mut ()).expect("an advice");
    let folder = tempfile::tempdir().expect("a folder");
    let files = advised.write(folder.path(), expected).expect("written");
    let names = files.iter().filter_map(|file| file.file_name());
    let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
    assert_eq!(names, ["advice.html", "advice.json", "model.safetensors"]);
    let html = std::fs::read_to_string(&files[0]).expect("a page");
    (html, advised.advice.headline)
}

#[test]
fn the_page_has_the_headline_and_all_sections() {
    let expectation = Expectation {
        claim: "2. Standardizing speeds training".into(),
        holds: "84 of 100".into(),
        ..Expectation::default()
    };
    let (html, headline) = page(false, Ok(vec![expectation]));
    assert!(
        html.contains(&headline.replace('"', "&quot;")),
        "{headline}"
    );
    for section in [
        "What normalization and batch size did here",
        "Predictions",
        "What matters",
        "Tables like this one",
        "All that was tried",
        "What this rests on",
    ] {
        assert!(html.contains(&format!("<h2>{section}</h2>")), "{section}");
    }
    for part in [
        "The network found",
        "A straight line",
        "The same, raw inputs",
        "The same, full batch",
        "A default network",
        "Always the same",
        "True against predicted",
        "What was wrong",
        "Rows held out",
        "84 of 100",
        "&lt;b&gt;x&lt;/b&gt;",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("<b>x"), "markup came through");
}

#[test]
fn classes_have_a_matrix_and_calibration_and_reasons_are_said() {
    let (html, _) = page(true, Err("line 3: a cell is empty".into()));
    for part in [
        "What each class was taken for",
        "What a predicted probability is worth",
        "&lt;i&gt;low&lt;/i&gt;",
        "say nothing of this table: line 3: a cell is empty.",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("<i>low"), "markup came through");
}

/// Where times, groups and weights were said, the page says what became of them.
#[test]
fn the_page_says_how_rows_were_taken() {
    let mut text = String::from("day,who,count,x,y\n");
    for i in 0..120_u32 {
        let x = f64::from((i * 37) % 40) / 20.0;
        text += &format!("{i},w{},{},{x:.2},{:.3}\n", i % 12, 1 + i % 3, 2.0 * x);
    }
    let table = Table::read(text.as_bytes()).expect("a table");
    let page = |reader: TableReader| {
        let plan = AdvicePlan {
            size: Size::Quick,
            threads: 1,
            ..AdvicePlan::new(reader.target("y"))
        };
        let advised = advise(&table, &plan, &mut ()).expect("an advice");
        let folder = tempfile::tempdir().expect("a folder");
        let files = advised.write(folder.path(), Err(String::new()));
        let files = files.expect("written");
        std::fs::read_to_string(&files[0]).expect("a page")
    };
    let timed = page(TableReader::new().time("day"));
    for part in [
        "The last 96 rows by &quot;day&quot; were each predicted from earlier ones.",
        "are cut into 4 stretches of time",
    ] {
        assert!(timed.contains(part), "{part}: {timed}");
    }
    assert!(!timed.contains("Rows with equal inputs stay in one fold"));
    let grouped = page(TableReader::new().groups("who").weights("count"));
    for part in [
        "Rows with the same &quot;who&quot; were kept together.",
        "In training a row counted by its &quot;count&quot;",
    ] {
        assert!(grouped.contains(part), "{part}: {grouped}");
    }
}
