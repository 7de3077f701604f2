//! The service from the outside: what it answers, what it refuses, a model replaced under load.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use smallbatch_predict::{
    Column, Errors, Feature, FeatureScaling, HiddenActivation, Kind, Layer, Model, ModelMember,
    Network, Output,
};
use smallbatch_service::{MOST_BYTES, Served, app};

/// price = factor·size, and 10 more in Ulm.
fn model(factor: f32) -> Model {
    let is_ulm = Feature::Is {
        column: 1,
        part: None,
        code: Some(1),
    };
    let size = Feature::Number {
        column: 0,
        part: None,
        fill: 50.0,
    };
    let column = |name: &'static str, kind| Column {
        name: name.into(),
        kind,
        had_missing: false,
    };
    Model {
        target: "price".into(),
        classes: vec![].into(),
        columns: vec![
            column(
                "size",
                Kind::Number {
                    range: Some([20.0, 100.0]),
                },
            ),
            column(
                "town",
                Kind::Category {
                    levels: vec!["Bonn".into(), "Ulm".into()].into(),
                },
            ),
        ]
        .into(),
        members: vec![ModelMember {
            features: vec![size, is_ulm].into(),
            scaling: FeatureScaling::Affine {
                shift: vec![0.0, 0.0].into(),
                scale: vec![1.0, 1.0].into(),
            },
            network: Network {
                layers: vec![Layer {
                    weights: vec![factor, 10.0].into(),
                    bias: vec![0.0].into(),
                }]
                .into(),
                activation: HiddenActivation::Relu,
            },
            output: Output::Number {
                mean: 0.0,
                scale: 1.0,
            },
        }]
        .into(),
        errors: Some(Errors {
            errors: (1..=19).map(f64::from).collect(),
            rows: 19,
        }),
    }
}

fn replace(file: &Path, model: &Model) {
    let beside = file.with_extension("new");
    std::fs::write(&beside, model.to_bytes("null").unwrap()).unwrap();
    std::fs::rename(beside, file).unwrap();
}

/// A service of this file on a port of its own; it ends with the test.
fn serve(file: &Path) -> SocketAddr {
    let served = Served::open(file).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            tokio::spawn(served.clone().watch(Duration::from_millis(20)));
            axum::serve(listener, app(served)).await.unwrap();
        });
    });
    told.recv().unwrap()
}

/// A connection that is used again.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, String) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            let header = line.trim().to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if header.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        (status, String::from_utf8(body).unwrap())
    }

    fn predict(&mut self, body: &str) -> (u16, Value) {
        let (status, said) = self.ask("POST", "/predict", body);
        (status, serde_json::from_str(&said).unwrap())
    }
}

#[test]
fn it_predicts_and_says_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    replace(&file, &model(3.0));
    let mut client = Client::new(serve(&file));
    let (status, said) = client.predict(r#"{"town": "Ulm", "size": 50}"#);
    let interval = json!({"coverage": 0.9, "low": 142.0, "high": 178.0});
    let one = json!({"number": 160.0, "interval": interval, "warnings": []});
    assert_eq!((status, said), (200, json!({ "predictions": [one] })));
    let (status, said) =
        client.predict(r#"[{"size": 1e6, "town": "Rom"}, {"size": null, "town": "Bonn"}]"#);
    assert_eq!(status, 200);
    let warning = |row: usize, at: usize| {
        said["predictions"][row]["warnings"][at]["what"]
            .as_str()
            .unwrap()
    };
    assert!(
        warning(0, 0).starts_with("is 1000000, far outside"),
        "{said}"
    );
    assert_eq!(warning(0, 1), "has the new category \"Rom\"");
    assert_eq!(warning(1, 0), "is missing, which it never was in training");
    let (status, said) = client.ask("GET", "/model", "");
    assert!(
        status == 200 && said.contains("\"category\":[\"Bonn\",\"Ulm\"]"),
        "{said}"
    );
    assert_eq!(client.ask("GET", "/health", ""), (200, "ok\n".to_owned()));
}

#[test]
fn a_wrong_request_is_an_error_that_names_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    replace(&file, &model(3.0));
    let address = serve(&file);
    let mut client = Client::new(address);
    for (body, status, words) in [
        ("", 400, "the request is no JSON"),
        ("{\"size\": 50, \"town\":", 400, "the request is no JSON"),
        ("7", 422, "a row is an object"),
        (r#"{"size": 50}"#, 422, "column \"town\" is not given"),
        (
            r#"{"sise": 50, "town": "Ulm"}"#,
            422,
            "no column \"sise\"; the nearest is \"size\"",
        ),
        (
            r#"{"size": 50, "town": "Ulm", "price": 1}"#,
            422,
            "no column \"price\"",
        ),
        (
            r#"[{"size": 50, "town": "Ulm"}, {"size": 50, "town": "Ulm", "size": 80}]"#,
            422,
            "row 2: column \"size\" is given twice",
        ),
        ("[7]", 422, "a row is an object"),
        ("[[]]", 422, "a row is an object"),
        (
            r#"{"size": "big", "town": "Ulm"}"#,
            422,
            "column \"size\" takes a number, not \"big\"",
        ),
        (
            r#"{"size": [1], "town": "Ulm"}"#,
            422,
            "column \"size\" takes one value",
        ),
        (
            r#"{"size": true, "town": "Ulm"}"#,
            422,
            "column \"size\" takes a number, not true",
        ),
        (
            r#"{"size": 1e308, "town": "Ulm"}"#,
            422,
            "column \"size\" has 1e308, which must be a mistake: training had ",
        ),
        (
            r#"{"size": 1e999, "town": "Ulm"}"#,
            400,
            "the request is no JSON",
        ),
        (
            r#"[{"size": 50, "town": "Ulm"}, {"size": 50}]"#,
            422,
            "row 2: column \"town\" is not given",
        ),
    ] {
        let (code, said) = client.predict(body);
        let error = said["error"].as_str().unwrap();
        assert!(
            code == status && error.contains(words) && error.len() < 300,
            "{code}: {said}"
        );
    }
    // Too large: refused before it is read, and the connection may be closed for it.
    let long = "x".repeat(MOST_BYTES + 1);
    let (code, _) = Client::new(address).ask("POST", "/predict", &long);
    assert_eq!(code, 413);
    // It still serves.
    assert_eq!(client.predict(r#"{"size": 50, "town": "Ulm"}"#).0, 200);
}

/// While two clients ask without a pause, the file is replaced again and again, by a broken one, too: each request is answered by one model or
/// the other.
#[test]
fn a_new_model_drops_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    replace(&file, &model(1.0));
    let address = serve(&file);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = [0, 1].map(|_| {
            scope.spawn(|| {
                let (mut client, mut answers) = (Client::new(address), [0_usize; 2]);
                let mut last = 0.0;
                while !stop.load(Ordering::Relaxed) {
                    let (status, said) = client.predict(r#"{"size": 50, "town": "Bonn"}"#);
                    last = said["predictions"][0]["number"].as_f64().unwrap();
                    assert!(status == 200 && (last == 50.0 || last == 100.0), "{said}");
                    answers[usize::from(last == 100.0)] += 1;
                }
                (answers, last)
            })
        });
        for at in 0..10 {
            std::thread::sleep(Duration::from_millis(50));
            if at == 8 {
                std::fs::write(&file, b"no model").unwrap();
            } else {
                replace(&file, &model([2.0, 1.0][at % 2]));
            }
        }
        std::thread::sleep(Duration::from_millis(100));
        stop.store(true, Ordering::Relaxed);
        for thread in asking {
            let (answers, last) = thread.join().unwrap();
            assert!(answers[0] > 10 && answers[1] > 10, "{answers:?}");
            // Of the last file that was whole.
            assert_eq!(last, 50.0);
        }
    });
}

/// Not a test of speed: `cargo test --release -- --ignored --nocapture load` prints the figures, of another model with `MODEL` and a `ROW` for it.
#[test]
#[ignore = "prints figures"]
fn load() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    replace(&file, &model(3.0));
    let file = std::env::var("MODEL").map_or(file, Into::into);
    let row = std::env::var("ROW").unwrap_or(r#"{"size": 50, "town": "Bonn"}"#.to_owned());
    let address = serve(&file);
    for clients in [1, 2, 8, 32] {
        let begun = Instant::now();
        let mut times: Vec<Duration> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..clients)
                .map(|_| {
                    scope.spawn(|| {
                        let (mut client, mut times) = (Client::new(address), Vec::new());
                        while begun.elapsed() < Duration::from_secs(3) {
                            let asked = Instant::now();
                            assert_eq!(client.predict(&row).0, 200);
                            times.push(asked.elapsed());
                        }
                        times
                    })
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        let seconds = begun.elapsed().as_secs_f64();
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        println!(
            "{clients} clients: {:.0} requests a second, median {:?}, 99 % {:?}",
            times.len() as f64 / seconds,
            at(0.5),
            at(0.99)
        );
    }
}
