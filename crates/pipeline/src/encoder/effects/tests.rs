use super::*;

fn rows<'a>(codes: &[&'a [u32]], n_levels: &[usize]) -> Rows<'a> {
    Rows {
        codes: codes.to_vec(),
        n_levels: n_levels.to_vec(),
        weights: None,
        groups: None,
    }
}

/// Of one column: (sum of the level + s·mean of all)/(count of the level + s).
#[test]
fn effects_of_one_column_are_shrunk_means() {
    let codes: Vec<u32> = (0..60).map(|at| at * at % 7).collect();
    let y: Vec<f64> = (0..60).map(|at| f64::from(at * 11 % 17)).collect();
    let rows = rows(&[&codes], &[7]);
    let fitted = rows.fit(&y, 3.0, &[1.0; 60]);
    let mean = y.iter().sum::<f64>() / 60.0;
    for level in 0..7 {
        let own: Vec<f64> = (0..60)
            .filter(|&at| codes[at] == level)
            .map(|at| y[at])
            .collect();
        let expected = (own.iter().sum::<f64>() + 3.0 * mean) / (own.len() as f64 + 3.0);
        let found = fitted.mean + fitted.effect(0, level);
        assert!((found - expected).abs() < 1e-12);
    }
    assert_eq!(fitted.effect(0, FrameValues::UNSEEN), 0.0);
}

/// Shops are mostly in one town each: the town's own means would have the shops' in them.
#[test]
fn effects_of_two_columns_are_each_beside_the_other() {
    let towns: Vec<u32> = (0..400).map(|at| at % 4).collect();
    let shops: Vec<u32> = (0..400)
        .map(|at| if at % 3 == 0 { at / 4 % 5 } else { at % 4 })
        .collect();
    let y: Vec<f64> = towns
        .iter()
        .zip(&shops)
        .map(|(t, s)| f64::from(10 * t) + f64::from(s * s))
        .collect();
    let rows = rows(&[&towns, &shops], &[4, 5]);
    let fitted = rows.fit(&y, 1e-3, &[1.0; 400]);
    for at in 1..4 {
        let town = fitted.effect(0, at) - fitted.effect(0, 0);
        let shop = fitted.effect(1, at) - fitted.effect(1, 0);
        assert!((town - f64::from(10 * at)).abs() < 0.05, "{town}");
        assert!((shop - f64::from(at * at)).abs() < 0.05, "{shop}");
    }
}

/// A row twice is a row of weight 2.
#[test]
fn a_weight_of_two_is_the_row_twice() {
    let codes: Vec<u32> = (0..40).map(|at| at * at % 7).collect();
    let others: Vec<u32> = (0..40).map(|at| at % 3).collect();
    let y: Vec<f64> = (0..40).map(|at| f64::from(at * 11 % 17)).collect();
    let weights: Vec<f64> = (0..40).map(|at| f64::from(1 + at % 2)).collect();
    let once = rows(&[&codes, &others], &[7, 3]).fit(&y, 3.0, &weights);
    let order: Vec<usize> = (0..40).flat_map(|at| vec![at; 1 + at % 2]).collect();
    let (codes, others) = (
        order.iter().map(|&at| codes[at]),
        order.iter().map(|&at| others[at]),
    );
    let (codes, others): (Vec<u32>, Vec<u32>) = (codes.collect(), others.collect());
    let y: Vec<f64> = order.iter().map(|&at| y[at]).collect();
    let twice = rows(&[&codes, &others], &[7, 3]).fit(&y, 3.0, &[1.0; 60]);
    for code in 0..7 {
        assert!((once.effect(0, code) - twice.effect(0, code)).abs() < 1e-4);
    }
}

/// No row's own target, nor any of its group, is in what it is told.
#[test]
fn no_row_is_told_of_its_own_group() {
    let codes: Vec<u32> = (0..120).map(|at| at * at % 11).collect();
    let groups: Vec<u32> = (0..120).map(|at| at * 7 % 24).collect();
    let y: Vec<f64> = (0..120).map(|at| f64::from(at * 11 % 17)).collect();
    let told = |y: &[f64], groups: Option<&[u32]>| {
        let rows = Rows {
            groups,
            ..rows(&[&codes], &[11])
        };
        // One shrinkage: which is best may change with the target.
        let parts = rows.parts();
        let without = |part| rows.fit_all(&[y.to_vec()], 3.0, |row| parts[row] != part);
        let fits: Vec<Vec<Fitted>> = (0..PARTS).map(without).collect();
        let own = |row: usize| fits[parts[row]][0].mean + fits[parts[row]][0].effect(0, codes[row]);
        (0..120).map(own).collect::<Vec<f64>>()
    };
    for row in [0, 17, 119] {
        let mut other = y.clone();
        other[row] += 1_000.0;
        let changed = |groups| {
            let (before, after) = (told(&y, groups), told(&other, groups));
            (0..120)
                .filter(|&at| before[at] != after[at])
                .collect::<Vec<usize>>()
        };
        assert!(!changed(None).contains(&row));
        let changed = changed(Some(&groups));
        assert!(!changed.is_empty());
        assert!(changed.iter().all(|&at| groups[at] != groups[row]));
    }
}

/// Where levels say nothing they are shrunk as much as can be, and where they say all as little.
#[test]
fn the_shrinkage_follows_what_the_levels_say() {
    let codes: Vec<u32> = (0..300).map(|at| at * 7 % 60).collect();
    let of_level: Vec<f64> = codes.iter().map(|code| f64::from(code * 13 % 5)).collect();
    let mut state = 1_u64;
    let mut draw = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f64
    };
    let noise: Vec<f64> = (0..300).map(|_| draw()).collect();
    // Five rows a level: 5/(5 + s) of the mean is left.
    let shrinkage = |y: &Vec<f64>| {
        let rows = rows(&[&codes], &[60]);
        let means = &rows.effects(std::slice::from_ref(y)).by_code[0][0];
        let naive = rows.fit(y, 0.0, &[1.0; 300]).effect(0, 1);
        5.0 * naive / (means[1] - means[60]) - 5.0
    };
    assert!((shrinkage(&of_level) - SHRINKAGES[0]).abs() < 1e-6);
    assert!((shrinkage(&noise) - SHRINKAGES[3]).abs() < 1e-6);
}
