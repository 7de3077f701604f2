use std::time::Instant;

use smallbatch_data::{Folds, Table, TableReader};
use smallbatch_pipeline::{CrossFit, committee, row_losses};
use smallbatch_sweep::{Pool, Size};

use crate::budget;
use crate::search::{Trials, search};

#[test]
#[ignore]
fn dev() {
    let dir = std::env::var("SPLITS").unwrap();
    let n_splits: usize = std::env::var("N").map_or(2, |n| n.parse().unwrap());
    let only = std::env::var("ONLY").unwrap_or_default();
    let reference = std::fs::read_to_string("/tmp/h/reference.jsonl").unwrap();
    let field = |line: &str, name: &str| -> String {
        let at = line.find(&format!("\"{name}\": ")).unwrap() + name.len() + 4;
        line[at..]
            .split([',', '}'])
            .next()
            .unwrap()
            .trim()
            .trim_matches('"')
            .to_owned()
    };
    let mut peers = std::collections::HashMap::new();
    for line in reference.lines() {
        let key = (
            field(line, "table"),
            field(line, "split"),
            field(line, "method"),
        );
        peers.insert(
            key,
            (
                field(line, "loss").parse::<f64>().unwrap_or(f64::NAN),
                field(line, "seconds").parse::<f64>().unwrap_or(f64::NAN),
            ),
        );
    }
    let mut names: Vec<_> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    println!(
        "{:20} {:>8} | {:>7} {:>7} {:>7} {:>7} | net oof, line oof (of constant) | epochs tried cpu",
        "table", "mlp", "chosen", "net", "line", "top3"
    );
    let mut logs = [0.0_f64; 6];
    let (mut count, mut wins) = (0.0, 0.0);
    for name in names {
        if !only.is_empty() && !only.split(',').any(|o| o == name) {
            continue;
        }
        let mut sums = [0.0_f64; 6];
        let mut text = String::new();
        for split in 0..n_splits {
            let read = |f: &str| Table::read_path(format!("{dir}/{name}/{split}/{f}.csv")).unwrap();
            let train = read("train");
            let schema = TableReader::new().schema(&train).unwrap();
            let frame = schema.frame(&train).unwrap().frame;
            let test = schema.frame(&read("test")).unwrap().frame;
            let truth = test.target.as_ref().unwrap();
            let start = Instant::now();
            let folds = Folds::new(&frame, 5, 0).unwrap();
            let trials = Trials::new(&frame, &folds, Pool::new(1), 0);
            let f = trials.fold(0).unwrap();
            let work = budget::work(
                Size::Default,
                frame.n_rows(),
                f.n_features(),
                truth.n_outputs(),
            );
            let hunted = search(
                &trials,
                work,
                &mut smallbatch_sweep::Stages::new(&mut (), work),
            )
            .unwrap();
            let seconds = start.elapsed().as_secs_f64();
            let mean = |l: Vec<f64>| l.iter().sum::<f64>() / l.len() as f64;
            let test_of =
                |c: &CrossFit| mean(row_losses(&committee(&c.members(), &test).unwrap(), truth));
            let constant = mean(
                (0..5)
                    .flat_map(|k| trials.fold(k).unwrap().constant_losses())
                    .collect(),
            );
            let (net, line) = (&hunted.networks[0], &hunted.lines[0]);
            let (tn, tl) = (test_of(net), test_of(line));
            let top: Vec<_> = hunted
                .networks
                .iter()
                .take(3)
                .flat_map(CrossFit::members)
                .collect();
            let t3 = mean(row_losses(&committee(&top, &test).unwrap(), truth));
            // one standard error
            let mut a: Vec<(usize, f64)> = net.row_losses().collect();
            let mut b: Vec<(usize, f64)> = line.row_losses().collect();
            a.sort_by_key(|x| x.0);
            b.sort_by_key(|x| x.0);
            let d: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b.1 - a.1).collect();
            let m = mean(d.clone());
            let se =
                (d.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (d.len() as f64).powi(2)).sqrt();
            let chosen = if m > se { tn } else { tl };
            let peer = peers
                .get(&(name.clone(), split.to_string(), "mlp".into()))
                .copied()
                .unwrap_or((f64::NAN, f64::NAN));
            for (s, v) in sums.iter_mut().zip([peer.0, chosen, tn, tl, t3, constant]) {
                *s += v;
            }
            text = format!(
                "{:.4} {:.4} | {} {} {seconds:.2}s of {:.2} {} {}",
                net.loss() / constant,
                line.loss() / constant,
                hunted.networks[0].n_folds(),
                hunted.tried.len(),
                (3.0 * peer.1).max(2.0),
                net.recipe,
                line.recipe
            );
        }
        let c = sums[5];
        println!(
            "{name:20} {:8.4} | {:7.4} {:7.4} {:7.4} {:7.4} | {text}",
            sums[0] / c,
            sums[1] / c,
            sums[2] / c,
            sums[3] / c,
            sums[4] / c
        );
        for (l, s) in logs.iter_mut().zip(sums) {
            *l += (s / c).ln();
        }
        count += 1.0;
        wins += f64::from(u8::from(sums[1] < sums[0]));
    }
    println!(
        "geometric means: {:?}, better than mlp on {wins} of {count}",
        logs.map(|l| (l / count).exp())
    );
}
