//! The standard normal distribution: its distribution function and the inverse of that.

// The constants are printed as published.
#![allow(clippy::excessive_precision)]

/// c[0] + c[1] x + c[2] x² + ...
fn polynomial(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// Φ⁻¹(p) for 0 < p < 1, by Wichura's algorithm AS 241 (1988): relative error about 1e-16.
pub fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * polynomial(r, &A) / polynomial(r, &B);
    }
    let r = libm::sqrt(-libm::log(if q < 0.0 { p } else { 1.0 - p }));
    let z = if r <= 5.0 {
        polynomial(r - 1.6, &C) / polynomial(r - 1.6, &D)
    } else {
        polynomial(r - 5.0, &E) / polynomial(r - 5.0, &F)
    };
    if q < 0.0 { -z } else { z }
}

/// Φ(x), by Hart's rational function as given by West (2005): absolute error about 1e-15,
/// relative error below 1e-10 down to 1e-7.
pub fn distribution(x: f64) -> f64 {
    let z = x.abs();
    let tail = if z > 37.0 {
        0.0
    } else {
        let density = libm::exp(-z * z / 2.0);
        if z < 7.071_067_811_865_47 {
            density * polynomial(z, &G) / polynomial(z, &H)
        } else {
            let fraction = z + 1.0 / (z + 2.0 / (z + 3.0 / (z + 4.0 / (z + 0.65))));
            density / fraction / 2.506_628_274_631_000_2
        }
    };
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// The rational function of [`quantile`] for |p - 1/2| ≤ 0.425, for whoever writes it in another language: with q = p - 1/2 and
/// r = 0.180625 - q², q times the first polynomial of r over the second; coefficients in ascending order.
pub const CENTRE: [[f64; 8]; 2] = [A, B];
/// That of the tails down to probabilities of 2e-11: with r = √(-ln min(p, 1 - p)) - 1.6, the first polynomial of r over the second, with the
/// sign of p - 1/2.
pub const TAIL: [[f64; 8]; 2] = [C, D];

const A: [f64; 8] = [
    3.387_132_872_796_366_608_0e0,
    1.331_416_678_917_843_774_5e2,
    1.971_590_950_306_551_442_7e3,
    1.373_169_376_550_946_112_5e4,
    4.592_195_393_154_987_145_7e4,
    6.726_577_092_700_870_085_3e4,
    3.343_057_558_358_812_810_5e4,
    2.509_080_928_730_122_672_7e3,
];
const B: [f64; 8] = [
    1.0,
    4.231_333_070_160_091_125_2e1,
    6.871_870_074_920_579_083_0e2,
    5.394_196_021_424_751_107_7e3,
    2.121_379_430_158_659_586_7e4,
    3.930_789_580_009_271_061_0e4,
    2.872_908_573_572_194_267_4e4,
    5.226_495_278_852_854_561_0e3,
];
const C: [f64; 8] = [
    1.423_437_110_749_683_577_34e0,
    4.630_337_846_156_545_295_90e0,
    5.769_497_221_460_691_405_50e0,
    3.647_848_324_763_204_605_04e0,
    1.270_458_252_452_368_382_58e0,
    2.417_807_251_774_506_117_70e-1,
    2.272_384_498_926_918_458_33e-2,
    7.745_450_142_783_414_076_40e-4,
];
const D: [f64; 8] = [
    1.0,
    2.053_191_626_637_758_821_87e0,
    1.676_384_830_183_803_849_40e0,
    6.897_673_349_851_000_045_50e-1,
    1.481_039_764_274_800_745_90e-1,
    1.519_866_656_361_645_719_66e-2,
    5.475_938_084_995_344_946_00e-4,
    1.050_750_071_644_416_843_24e-9,
];
const E: [f64; 8] = [
    6.657_904_643_501_103_777_20e0,
    5.463_784_911_164_114_369_90e0,
    1.784_826_539_917_291_335_80e0,
    2.965_605_718_285_048_912_30e-1,
    2.653_218_952_657_612_309_30e-2,
    1.242_660_947_388_078_438_60e-3,
    2.711_555_568_743_487_578_15e-5,
    2.010_334_399_292_288_132_65e-7,
];
const F: [f64; 8] = [
    1.0,
    5.998_322_065_558_879_376_90e-1,
    1.369_298_809_227_358_053_10e-1,
    1.487_536_129_085_061_485_25e-2,
    7.868_691_311_456_132_591_00e-4,
    1.846_318_317_510_054_681_80e-5,
    1.421_511_758_316_445_888_70e-7,
    2.044_263_103_389_939_785_64e-15,
];
const G: [f64; 7] = [
    220.206_867_912_376,
    221.213_596_169_931,
    112.079_291_497_871,
    33.912_866_078_383,
    6.373_962_203_531_65,
    0.700_383_064_443_688,
    3.526_249_659_989_11e-2,
];
const H: [f64; 8] = [
    440.413_735_824_752,
    793.826_512_519_948,
    637.333_633_378_831,
    296.564_248_779_674,
    86.780_732_202_946_1,
    16.064_177_579_207,
    1.755_667_163_182_64,
    8.838_834_764_831_84e-2,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Values by another implementation (mpmath, 20 digits, rounded).
    #[test]
    fn known_values() {
        let known = [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054_2),
            (0.75, 0.674_489_750_196_081_74),
            (0.01, -2.326_347_874_040_841_1),
            (1e-7, -5.199_337_582_192_817),
        ];
        for (p, z) in known {
            assert!(
                (quantile(p) - z).abs() < 1e-14,
                "{p}: {} and not {z}",
                quantile(p)
            );
            assert!(
                (distribution(z) - p).abs() < 1e-14,
                "{z}: {} and not {p}",
                distribution(z)
            );
        }
    }

    #[test]
    fn each_undoes_the_other() {
        for i in 1..10_000 {
            let p = f64::from(i) / 10_000.0;
            assert!((distribution(quantile(p)) - p).abs() < 1e-14, "{p}");
            assert!((quantile(p) + quantile(1.0 - p)).abs() < 1e-11, "{p}");
        }
        // Scores are kept within Φ⁻¹(1e-7); in that tail the relative error is below 1e-10.
        for p in [1e-7, 1e-6, 1e-5] {
            assert!((distribution(quantile(p)) / p - 1.0).abs() < 1e-10, "{p:e}");
        }
    }
}
