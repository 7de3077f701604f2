//! Scratch.
use smallbatch_lab::{ExperimentName, Plan, Progress, Status, report, run};
use std::time::Instant;
struct P(Instant, String);
impl Progress for P {
    fn report(&mut self, s: &Status<'_>) {
        if s.message != self.1 {
            eprintln!(
                "{:6.1}s {:3.0}% left {:?} {}",
                self.0.elapsed().as_secs_f64(),
                100.0 * s.fraction(),
                s.remaining.map(|d| d.as_secs()),
                s.message
            );
            self.1 = s.message.to_owned();
        }
    }
}
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let quick = args.iter().any(|a| a == "quick");
    let names: Vec<ExperimentName> = args.iter().filter_map(|a| a.parse().ok()).collect();
    let seeds = args.iter().find_map(|a| a.parse().ok());
    let plan = Plan {
        experiments: if names.is_empty() {
            ExperimentName::ALL.into()
        } else {
            names
        },
        quick,
        seeds,
        threads: 2,
        ..Plan::default()
    };
    let (results, runs) = run(&plan, &mut P(Instant::now(), String::new())).unwrap();
    println!("{}", report::terminal_table(&results));
    for c in &results.claims {
        println!(
            "{:8} {:30} {:14} {:9} {} [{}]",
            c.verdict.name(),
            c.id,
            c.dataset,
            c.budget,
            c.statement,
            c.censored
        );
    }
    for a in &results.arms {
        for b in &a.budgets {
            println!(
                "{:13} {:11} {:12} {:8} rate {:9.3e} train {:?} val {:?} test {:?} metric {:?} reached {}/{} div {} upd {:?} sec {:?} T {:?}",
                a.experiment,
                a.dataset,
                a.arm,
                b.budget,
                b.learning_rate,
                b.training_loss,
                b.validation_loss,
                b.test_loss,
                b.metric,
                b.reached,
                b.runs,
                b.diverged,
                b.updates_to_target,
                b.seconds_to_target,
                a.target_loss
            );
        }
        if args.iter().any(|x| x == "tuning") {
            for t in &a.tuning {
                println!(
                    "      {} {} {:9.3e} {:?} {}",
                    a.arm,
                    t.budget,
                    t.learning_rate,
                    t.validation_loss,
                    if t.chosen { "*" } else { "" }
                );
            }
        }
    }
    std::fs::create_dir_all("/tmp/labout").unwrap();
    report::write(&results, &runs, std::path::Path::new("/tmp/labout")).unwrap();
    println!(
        "elapsed {:.1} s, {} runs",
        results.environment.elapsed_seconds,
        runs.len()
    );
}
