//! The embedded data is what its authors published, and the images made from it are what the docs say.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::DVector;
use smallbatch_data::{Dataset, Splitter, Target, Task, builtin};

/// Mean of a feature, summed in f64.
fn mean(dataset: &Dataset, feature: &str) -> f64 {
    let row = dataset
        .feature_names()
        .iter()
        .position(|name| name == feature)
        .unwrap();
    dataset
        .features()
        .row(row)
        .iter()
        .map(|&value| f64::from(value))
        .sum::<f64>()
        / dataset.n_samples() as f64
}

#[test]
fn wine_is_what_was_published() {
    let wine = builtin::wine().unwrap();
    assert_eq!(
        (wine.name(), wine.n_features(), wine.n_samples()),
        ("wine", 13, 178)
    );
    assert_eq!(wine.target().class_counts(), Some(vec![59, 71, 48]));
    assert_eq!(
        wine.target().names(),
        ["cultivar 1", "cultivar 2", "cultivar 3"]
    );
    // The published means: 13.00062 % of alcohol, 746.8933 of proline.
    assert!((mean(&wine, "alcohol") - 13.000_617_977_5).abs() < 1e-6);
    assert!((mean(&wine, "proline") - 746.893_258_427).abs() < 1e-6);
}

#[test]
fn breast_cancer_is_what_was_published() {
    let cancer = builtin::breast_cancer().unwrap();
    assert_eq!(
        (cancer.name(), cancer.n_features(), cancer.n_samples()),
        ("breast_cancer", 30, 569)
    );
    assert_eq!(cancer.target().names(), ["benign", "malignant"]);
    assert_eq!(cancer.target().class_counts(), Some(vec![357, 212]));
    assert!((mean(&cancer, "mean_area") - 654.889_103_691).abs() < 1e-5);
}

#[test]
fn airfoil_is_what_was_published() {
    let airfoil = builtin::airfoil().unwrap();
    assert_eq!(
        (airfoil.name(), airfoil.n_features(), airfoil.n_samples()),
        ("airfoil", 5, 1503)
    );
    let Target::Values { values, names } = airfoil.target() else {
        panic!("numbers")
    };
    assert_eq!(
        (values.nrows(), &names[..]),
        (1, &["sound_pressure_db".to_string()][..])
    );
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / 1503.0;
    assert!((mean - 124.835_942_781).abs() < 1e-5, "{mean}");
}

#[test]
fn a_run_of_the_wind_tunnel_is_a_group() {
    let airfoil = builtin::airfoil_by_run().unwrap();
    let wing = |sample: usize| -> Vec<u32> {
        let features = airfoil.features().column(sample);
        features.iter().skip(1).map(|x| x.to_bits()).collect()
    };
    let groups = airfoil.groups().unwrap();
    let mut wings = BTreeMap::new();
    for (sample, &group) in groups.iter().enumerate() {
        assert_eq!(
            wings.entry(group).or_insert_with(|| wing(sample)),
            &wing(sample)
        );
    }
    assert_eq!(wings.len(), 106);
    assert_eq!(wings.values().collect::<BTreeSet<_>>().len(), 106);
    let split = Splitter::new(7).grouped().split(&airfoil).unwrap();
    let of = |part: &Dataset| {
        part.groups()
            .unwrap()
            .iter()
            .copied()
            .collect::<BTreeSet<u32>>()
    };
    assert!(of(split.train()).is_disjoint(&of(split.test())));
}

#[test]
fn digits_are_what_was_published() {
    let digits = builtin::digits().unwrap();
    assert_eq!(
        (digits.name(), digits.n_features(), digits.n_samples()),
        ("digits", 64, 1797)
    );
    assert_eq!(
        digits.target().class_counts(),
        Some(vec![178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    );
    assert_eq!(
        (digits.features().min(), digits.features().max()),
        (0.0, 16.0)
    );
    let constant: Vec<&str> = (0..64)
        .filter(|&row| {
            digits
                .features()
                .row(row)
                .iter()
                .all(|&value| value == digits.features()[(row, 0)])
        })
        .map(|row| digits.feature_names()[row].as_str())
        .collect();
    assert_eq!(constant, ["p00", "p40", "p47"]);
}

#[test]
fn every_table_is_found_by_name_and_is_what_the_list_says() {
    let documentation = include_str!("../../DATA.md");
    let shapes = [
        ("airfoil", 1503, 5, 0),
        ("airfoil_by_run", 1503, 5, 0),
        ("auto_mpg", 392, 5, 0),
        ("breast_cancer", 569, 30, 2),
        ("concrete", 1030, 8, 0),
        ("digits", 1797, 64, 10),
        ("thyroid", 215, 5, 3),
        ("vowel", 990, 10, 11),
        ("wine", 178, 13, 3),
        ("yacht", 308, 6, 0),
    ];
    let listed: Vec<&str> = builtin::tables().iter().map(|table| table.name).collect();
    assert!(listed.is_sorted());
    if !cfg!(feature = "population") {
        assert_eq!(listed, shapes.map(|(name, ..)| name));
    }
    // Over the ends of lines of a quotation.
    let words: Vec<&str> = documentation
        .split([' ', '\n', '>'])
        .filter(|w| !w.is_empty())
        .collect();
    let documentation = words.join(" ");
    for (name, n_samples, n_features, n_classes) in shapes {
        let table = builtin::table(name).unwrap();
        let dataset = table.load().unwrap();
        let classes = dataset
            .target()
            .class_counts()
            .map_or(0, |counts| counts.len());
        assert_eq!(
            (dataset.n_samples(), dataset.n_features(), classes),
            (n_samples, n_features, n_classes),
            "{name}"
        );
        assert_eq!((table.name, dataset.name()), (name, name));
        assert_eq!(
            (
                table.n_samples,
                table.n_features,
                table.task == Task::Regression
            ),
            (n_samples, n_features, n_classes == 0),
            "{name}"
        );
        let citation = format!(
            "{} [Dataset]. UCI Machine Learning Repository. https://doi.org/{}",
            table.citation, table.doi
        );
        assert!(documentation.contains(&citation), "{citation}");
    }
    let error = builtin::table("beer").unwrap_err().to_string();
    assert!(error.contains("airfoil, airfoil_by_run, a"), "{error}");
}

#[test]
fn images_are_pure_functions_of_seed_and_index() {
    let many = builtin::augmented_digits(4000, 7).unwrap();
    let few = builtin::augmented_digits(1900, 7).unwrap();
    assert_eq!(many.subset(&(0..1900).collect::<Vec<_>>()).unwrap(), few);
    let other = builtin::augmented_digits(1900, 8).unwrap();
    assert!((0..1900).all(|index| other.features().column(index) != few.features().column(index)));
    assert!(builtin::augmented_digits(0, 7).is_err());
}

#[test]
fn images_keep_range_label_and_likeness_of_their_source() {
    let digits = builtin::digits().unwrap();
    let images = builtin::augmented_digits(3 * 1797, 7).unwrap();
    assert!(
        images
            .features()
            .iter()
            .all(|value| (0.0..=16.0).contains(value))
    );
    let source_labels = digits.target().labels().unwrap();
    let image_labels = images.target().labels().unwrap();
    let sources = images.groups().unwrap();
    assert!(
        (0..images.n_samples())
            .all(|image| image_labels[image] == source_labels[sources[image] as usize])
    );

    let distance = |image: usize, data: &Dataset, other: usize| -> f32 {
        let (image, other) = (
            images.features().column(image),
            data.features().column(other),
        );
        image
            .iter()
            .zip(other.iter())
            .map(|(a, b)| (a - b) * (a - b))
            .sum()
    };
    let mut recognized = 0;
    let mut moved = 0.0;
    let sample: Vec<usize> = (0..images.n_samples()).step_by(11).collect();
    for &image in &sample {
        let own = sources[image];
        moved += f64::from(distance(image, &digits, own as usize));
        let others = (0..images.n_samples()).filter(|&other| sources[other] != own);
        let by_distance = |&a: &usize, &b: &usize| {
            distance(image, &images, a).total_cmp(&distance(image, &images, b))
        };
        recognized +=
            usize::from(image_labels[others.min_by(by_distance).unwrap()] == image_labels[image]);
    }
    // Changed, but still the same digit: the nearest image made of any *other* source says so almost always.
    let share = recognized as f64 / sample.len() as f64;
    assert!(share > 0.965, "{share}");
    let root_mean_square = (moved / (64 * sample.len()) as f64).sqrt();
    assert!(
        (1.0..4.0).contains(&root_mean_square),
        "{root_mean_square} grey levels"
    );
}

/// The source that the mean of a group's images is nearest to, for every eleventh group: moves and noise average out.
fn likeliest_sources(images: &Dataset) -> Vec<(u32, usize)> {
    let digits = builtin::digits().unwrap();
    let mut sums = BTreeMap::new();
    let groups = images.groups().unwrap();
    for (image, &group) in images.features().column_iter().zip(groups) {
        let (sum, n) = sums.entry(group).or_insert((DVector::zeros(64), 0.0));
        *sum += image;
        *n += 1.0;
    }
    let nearest = |mean: DVector<f32>| {
        let distance = |&source: &usize| (&mean - digits.features().column(source)).norm_squared();
        let sources = 0..digits.n_samples();
        sources
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
            .unwrap()
    };
    sums.into_iter()
        .step_by(11)
        .map(|(group, (sum, n))| (group, nearest(sum / n)))
        .collect()
}

#[test]
fn no_relative_of_a_training_image_is_validated_or_tested_on() {
    let split = builtin::digits_100k(7).unwrap();
    let parts = [split.train(), split.validation(), split.test()];
    assert_eq!(
        parts.iter().map(|part| part.n_samples()).sum::<usize>(),
        100_000
    );
    let sources: Vec<BTreeSet<u32>> = parts
        .iter()
        .map(|part| part.groups().unwrap().iter().copied().collect())
        .collect();
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        assert!(sources[a].is_disjoint(&sources[b]));
    }
    assert_eq!(sources.iter().map(BTreeSet::len).sum::<usize>(), 1797);
    for (part, fraction) in parts.iter().zip([0.8, 0.1, 0.1]) {
        // A source has 55 or 56 images.
        assert!(
            (part.n_samples() as f64 - fraction * 100_000.0).abs() <= 56.0,
            "{}",
            part.n_samples()
        );
        assert_eq!(
            (part.name(), part.n_features(), part.n_outputs()),
            ("digits_100k", 64, 10)
        );
    }
    // The groups are not only said to be the sources.
    let likeliest = likeliest_sources(split.train());
    let own = |(group, source): &&(u32, usize)| *group as usize == *source;
    let share = likeliest.iter().filter(own).count() as f64 / likeliest.len() as f64;
    // By chance it would be one of 1,797.
    assert!(share > 0.85, "{share} of {}", likeliest.len());
    assert_eq!(
        split
            .train()
            .target()
            .class_counts()
            .unwrap()
            .iter()
            .filter(|&&count| count > 6000)
            .count(),
        10
    );
}
