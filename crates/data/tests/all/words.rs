//! What a first program prints, a line each.

use nalgebra::DMatrix;
use smallbatch_data::{Dataset, Splitter, Strategy, Table, TableReader, Target, Task, builtin};

#[test]
fn what_a_first_program_prints_reads_as_a_line() {
    let wine = builtin::wine().unwrap();
    assert_eq!(
        wine.to_string(),
        "wine: 178 samples of 13 features, 3 classes"
    );
    let numbers = Target::numbers(vec![0.5_f32, 1.0]);
    let one = Dataset::new(DMatrix::<f32>::zeros(1, 2), numbers).unwrap();
    let one = one.with_weights(vec![1.0, 2.0]).unwrap();
    assert_eq!(
        one.to_string(),
        "unnamed: 2 samples of 1 feature, 1 number to predict, weighted"
    );

    let splitter = Splitter::new(7).stratified();
    assert_eq!(
        splitter.split(&wine).unwrap().to_string(),
        "107 training, 36 validation and 35 test samples"
    );
    assert_eq!(
        splitter.to_string(),
        "60 % training, 20 % validation, 20 % test, stratified, seed 7"
    );
    assert_eq!(
        Splitter::new(1)
            .fractions(0.925, 0.075, 0.0)
            .copies_together()
            .to_string(),
        "92.5 % training, 7.5 % validation, 0 % test, shuffled, seed 1, copies together"
    );
    assert_eq!(format!("{:>8}", Strategy::Grouped), " grouped");
    assert_eq!(format!("{:<11}|", Task::Regression), "regression |");

    let text = "size,town,price\n50,Ulm,300.5\n80,Bonn,420\n70,Ulm,400\n65,Bonn,350\n";
    let table = Table::read(text.as_bytes()).unwrap();
    assert_eq!(table.to_string(), "table: 4 rows of 3 columns");
    assert_eq!(
        TableReader::new().schema(&table).unwrap().to_string(),
        "regression of price from size (number), town (category)"
    );
    let wide = |at: usize| (0..11).map(move |column| format!("{}", at * 7 % (5 + column)));
    let lines = (0..40).map(|at| wide(at).collect::<Vec<_>>().join(","));
    let header = (0..11)
        .map(|column| format!("c{column}"))
        .collect::<Vec<_>>()
        .join(",");
    let text = header + "\n" + &lines.collect::<Vec<_>>().join("\n");
    let schema = TableReader::new().schema(&Table::read(text.as_bytes()).unwrap());
    let said = schema.unwrap().to_string();
    assert!(
        said.contains(" from c0 (") && said.ends_with(" and 1 more"),
        "{said}"
    );
}

/// Settings of a split can be kept, and those that are out of range are refused where they are used.
#[test]
fn a_splitter_survives_json() {
    let splitter = Splitter::new(7)
        .fractions(0.7, 0.1, 0.2)
        .grouped()
        .copies_together();
    let json = serde_json::to_string(&splitter).unwrap();
    assert_eq!(
        json,
        r#"{"seed":7,"fractions":[0.7,0.1,0.2],"strategy":"grouped","copies_together":true}"#
    );
    assert_eq!(serde_json::from_str::<Splitter>(&json).unwrap(), splitter);
}
