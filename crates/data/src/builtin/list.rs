//! What each built-in table is called, where it comes from, and where it lies.

use super::tables::{BuiltinTable, Load};
use super::{airfoil, airfoil_by_run, breast_cancer, digits, wine};
use crate::Task;

/// The licence of all tables.
const CC_BY: &str = "CC BY 4.0";

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/", $name, ".csv"))
    };
}

/// A file that `gzip -9 -n` made smaller.
#[cfg(feature = "population")]
macro_rules! packed {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/data/population/",
            $name,
            ".csv.gz"
        ))
    };
}

const AIRFOIL: BuiltinTable = BuiltinTable {
    name: "airfoil",
    uci: 291,
    doi: "10.24432/C5VW2C",
    licence: CC_BY,
    citation: "Brooks, T., Pope, D. & Marcolini, M. (1989). Airfoil Self-Noise",
    task: Task::Regression,
    n_samples: 1503,
    n_features: 5,
    load: Load::By(airfoil),
};

/// In alphabetical order.
pub(super) static TABLES: &[BuiltinTable] = &[
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "abalone",
        uci: 1,
        doi: "10.24432/C55C7W",
        licence: CC_BY,
        citation: "Nash, W., Sellers, T., Talbot, S., Cawthorn, A. & Ford, W. (1994). Abalone",
        task: Task::Regression,
        n_samples: 4177,
        n_features: 7,
        load: Load::OfPacked(packed!("abalone")),
    },
    AIRFOIL,
    BuiltinTable {
        name: "airfoil_by_run",
        load: Load::By(airfoil_by_run),
        ..AIRFOIL
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "aquatic_toxicity",
        uci: 505,
        doi: "10.24432/C5SG7H",
        licence: CC_BY,
        citation: "Ballabio, D., Cassotti, M., Consonni, V. & Todeschini, R. (2019). QSAR aquatic toxicity",
        task: Task::Regression,
        n_samples: 546,
        n_features: 8,
        load: Load::OfPacked(packed!("aquatic_toxicity")),
    },
    BuiltinTable {
        name: "auto_mpg",
        uci: 9,
        doi: "10.24432/C5859H",
        licence: CC_BY,
        citation: "Quinlan, R. (1993). Auto MPG",
        task: Task::Regression,
        n_samples: 392,
        n_features: 5,
        load: Load::Of(file!("auto_mpg")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "balance",
        uci: 12,
        doi: "10.24432/C5488X",
        licence: CC_BY,
        citation: "Siegler, R. (1976). Balance Scale",
        task: Task::Classification,
        n_samples: 625,
        n_features: 4,
        load: Load::OfPacked(packed!("balance")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "bike_sharing",
        uci: 275,
        doi: "10.24432/C5W894",
        licence: CC_BY,
        citation: "Fanaee-T, H. (2013). Bike Sharing",
        task: Task::Regression,
        n_samples: 730,
        n_features: 11,
        load: Load::OfPacked(packed!("bike_sharing")),
    },
    BuiltinTable {
        name: "breast_cancer",
        uci: 17,
        doi: "10.24432/C5DW2B",
        licence: CC_BY,
        citation: "Wolberg, W., Mangasarian, O., Street, N. & Street, W. (1993). Breast Cancer Wisconsin (Diagnostic)",
        task: Task::Classification,
        n_samples: 569,
        n_features: 30,
        load: Load::By(breast_cancer),
    },
    BuiltinTable {
        name: "concrete",
        uci: 165,
        doi: "10.24432/C5PK67",
        licence: CC_BY,
        citation: "Yeh, I. (1998). Concrete Compressive Strength",
        task: Task::Regression,
        n_samples: 1030,
        n_features: 8,
        load: Load::Of(file!("concrete")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "contraceptive",
        uci: 30,
        doi: "10.24432/C59W2D",
        licence: CC_BY,
        citation: "Lim, T. (1997). Contraceptive Method Choice",
        task: Task::Classification,
        n_samples: 1473,
        n_features: 9,
        load: Load::OfPacked(packed!("contraceptive")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "dermatology",
        uci: 33,
        doi: "10.24432/C5FK5P",
        licence: CC_BY,
        citation: "Ilter, N. & Guvenir, H. (1998). Dermatology",
        task: Task::Classification,
        n_samples: 358,
        n_features: 34,
        load: Load::OfPacked(packed!("dermatology")),
    },
    BuiltinTable {
        name: "digits",
        uci: 80,
        doi: "10.24432/C50P49",
        licence: CC_BY,
        citation: "Alpaydin, E. & Kaynak, C. (1998). Optical Recognition of Handwritten Digits",
        task: Task::Classification,
        n_samples: 1797,
        n_features: 64,
        load: Load::By(digits),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "ecoli",
        uci: 39,
        doi: "10.24432/C5388M",
        licence: CC_BY,
        citation: "Nakai, K. (1996). Ecoli",
        task: Task::Classification,
        n_samples: 327,
        n_features: 7,
        load: Load::OfPacked(packed!("ecoli")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "fish_toxicity",
        uci: 504,
        doi: "10.24432/C5JG7B",
        licence: CC_BY,
        citation: "Ballabio, D., Cassotti, M., Consonni, V. & Todeschini, R. (2019). QSAR fish toxicity",
        task: Task::Regression,
        n_samples: 908,
        n_features: 6,
        load: Load::OfPacked(packed!("fish_toxicity")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "forest_fires",
        uci: 162,
        doi: "10.24432/C5D88D",
        licence: CC_BY,
        citation: "Cortez, P. & Morais, A. (2007). Forest Fires",
        task: Task::Regression,
        n_samples: 517,
        n_features: 10,
        load: Load::OfPacked(packed!("forest_fires")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "glass",
        uci: 42,
        doi: "10.24432/C5WW2P",
        licence: CC_BY,
        citation: "German, B. (1987). Glass Identification",
        task: Task::Classification,
        n_samples: 214,
        n_features: 9,
        load: Load::OfPacked(packed!("glass")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "grid_stability",
        uci: 471,
        doi: "10.24432/C5PG66",
        licence: CC_BY,
        citation: "Arzamasov, V. (2018). Electrical Grid Stability Simulated Data",
        task: Task::Regression,
        n_samples: 4000,
        n_features: 12,
        load: Load::OfPacked(packed!("grid_stability")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "haberman",
        uci: 43,
        doi: "10.24432/C5XK51",
        licence: CC_BY,
        citation: "Haberman, S. (1976). Haberman's Survival",
        task: Task::Classification,
        n_samples: 306,
        n_features: 3,
        load: Load::OfPacked(packed!("haberman")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "iris",
        uci: 53,
        doi: "10.24432/C56C76",
        licence: CC_BY,
        citation: "Fisher, R. (1936). Iris",
        task: Task::Classification,
        n_samples: 150,
        n_features: 4,
        load: Load::OfPacked(packed!("iris")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "libras",
        uci: 181,
        doi: "10.24432/C5GC82",
        licence: CC_BY,
        citation: "Dias, D., Peres, S. & Bíscaro, H. (2009). Libras Movement",
        task: Task::Classification,
        n_samples: 360,
        n_features: 90,
        load: Load::OfPacked(packed!("libras")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "liver",
        uci: 60,
        doi: "10.24432/C54G67",
        licence: CC_BY,
        citation: "Liver Disorders (1990)",
        task: Task::Classification,
        n_samples: 345,
        n_features: 6,
        load: Load::OfPacked(packed!("liver")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "magic",
        uci: 159,
        doi: "10.24432/C52C8B",
        licence: CC_BY,
        citation: "Bock, R. (2004). MAGIC Gamma Telescope",
        task: Task::Classification,
        n_samples: 4000,
        n_features: 10,
        load: Load::OfPacked(packed!("magic")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "mammographic",
        uci: 161,
        doi: "10.24432/C53K6Z",
        licence: CC_BY,
        citation: "Elter, M. (2007). Mammographic Mass",
        task: Task::Classification,
        n_samples: 830,
        n_features: 5,
        load: Load::OfPacked(packed!("mammographic")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "page_blocks",
        uci: 78,
        doi: "10.24432/C5J590",
        licence: CC_BY,
        citation: "Malerba, D. (1995). Page Blocks Classification",
        task: Task::Classification,
        n_samples: 5472,
        n_features: 10,
        load: Load::OfPacked(packed!("page_blocks")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "power_plant",
        uci: 294,
        doi: "10.24432/C5002N",
        licence: CC_BY,
        citation: "Tüfekci, P. & Kaya, H. (2014). Combined Cycle Power Plant",
        task: Task::Regression,
        n_samples: 4000,
        n_features: 4,
        load: Load::OfPacked(packed!("power_plant")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "real_estate",
        uci: 477,
        doi: "10.24432/C5J30W",
        licence: CC_BY,
        citation: "Yeh, I. (2018). Real Estate Valuation",
        task: Task::Regression,
        n_samples: 414,
        n_features: 6,
        load: Load::OfPacked(packed!("real_estate")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "satimage",
        uci: 146,
        doi: "10.24432/C55887",
        licence: CC_BY,
        citation: "Srinivasan, A. (1993). Statlog (Landsat Satellite)",
        task: Task::Classification,
        n_samples: 4000,
        n_features: 36,
        load: Load::OfPacked(packed!("satimage")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "segment",
        uci: 50,
        doi: "10.24432/C5GP4N",
        licence: CC_BY,
        citation: "Image Segmentation (1990)",
        task: Task::Classification,
        n_samples: 2310,
        n_features: 19,
        load: Load::OfPacked(packed!("segment")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "skillcraft",
        uci: 272,
        doi: "10.24432/C5161N",
        licence: CC_BY,
        citation: "Blair, M., Thompson, J., Henrey, A. & Chen, B. (2013). SkillCraft1 Master Table Dataset",
        task: Task::Regression,
        n_samples: 3338,
        n_features: 18,
        load: Load::OfPacked(packed!("skillcraft")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "spectf",
        uci: 96,
        doi: "10.24432/C5N015",
        licence: CC_BY,
        citation: "Cios, K., Kurgan, L. & Goodenday, L. (2001). SPECTF Heart",
        task: Task::Classification,
        n_samples: 267,
        n_features: 44,
        load: Load::OfPacked(packed!("spectf")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "synchronous_machine",
        uci: 607,
        doi: "10.24432/C5W32R",
        licence: CC_BY,
        citation: "Synchronous Machine Data Set (2020)",
        task: Task::Regression,
        n_samples: 557,
        n_features: 3,
        load: Load::OfPacked(packed!("synchronous_machine")),
    },
    BuiltinTable {
        name: "thyroid",
        uci: 102,
        doi: "10.24432/C5D010",
        licence: CC_BY,
        citation: "Quinlan, R. (1986). Thyroid Disease",
        task: Task::Classification,
        n_samples: 215,
        n_features: 5,
        load: Load::Of(file!("thyroid")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "vehicle",
        uci: 149,
        doi: "10.24432/C5HG6N",
        licence: CC_BY,
        citation: "Mowforth, P. & Shepherd, B. Statlog (Vehicle Silhouettes)",
        task: Task::Classification,
        n_samples: 846,
        n_features: 18,
        load: Load::OfPacked(packed!("vehicle")),
    },
    BuiltinTable {
        name: "vowel",
        uci: 152,
        doi: "10.24432/C58P4S",
        licence: CC_BY,
        citation: "Deterding, D., Niranjan, M. & Robinson, T. Connectionist Bench (Vowel Recognition - Deterding Data)",
        task: Task::Classification,
        n_samples: 990,
        n_features: 10,
        load: Load::Of(file!("vowel")),
    },
    BuiltinTable {
        name: "wine",
        uci: 109,
        doi: "10.24432/C5PC7J",
        licence: CC_BY,
        citation: "Aeberhard, S. & Forina, M. (1992). Wine",
        task: Task::Classification,
        n_samples: 178,
        n_features: 13,
        load: Load::By(wine),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "wine_red",
        uci: 186,
        doi: "10.24432/C56S3T",
        licence: CC_BY,
        citation: "Cortez, P., Cerdeira, A., Almeida, F., Matos, T. & Reis, J. (2009). Wine Quality",
        task: Task::Regression,
        n_samples: 1599,
        n_features: 11,
        load: Load::OfPacked(packed!("wine_red")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "wine_white",
        uci: 186,
        doi: "10.24432/C56S3T",
        licence: CC_BY,
        citation: "Cortez, P., Cerdeira, A., Almeida, F., Matos, T. & Reis, J. (2009). Wine Quality",
        task: Task::Regression,
        n_samples: 4898,
        n_features: 11,
        load: Load::OfPacked(packed!("wine_white")),
    },
    BuiltinTable {
        name: "yacht",
        uci: 243,
        doi: "10.24432/C5XG7R",
        licence: CC_BY,
        citation: "Gerritsma, J., Onnink, R. & Versluis, A. (1981). Yacht Hydrodynamics",
        task: Task::Regression,
        n_samples: 308,
        n_features: 6,
        load: Load::Of(file!("yacht")),
    },
    #[cfg(feature = "population")]
    BuiltinTable {
        name: "yeast",
        uci: 110,
        doi: "10.24432/C5KG68",
        licence: CC_BY,
        citation: "Nakai, K. (1991). Yeast",
        task: Task::Classification,
        n_samples: 1479,
        n_features: 8,
        load: Load::OfPacked(packed!("yeast")),
    },
];
