//! What must hold whatever the numbers are, and what is said of numbers that can't be used.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lossnet_statistics::{
    Bootstrap, Method, StatisticsError, Strata, Wilcoxon, WilcoxonMethod, cliques, critical_difference,
    friedman, holm, kendall, mean_interval, pearson, ranks, spearman, stratified_mean, wilcoxon,
};
use proptest::prelude::*;

const FEW: Bootstrap = Bootstrap { resamples: 500, confidence: 0.95, method: Method::Bca, seed: 1 };

#[test]
fn groups_count_the_same_whatever_their_size() {
    let strata = Strata::new(vec![2, 4]).unwrap();
    let scores = [1.0, 3.0, 5.0, 5.0, 5.0, 5.0];
    assert_eq!(stratified_mean(&scores, &strata).unwrap(), 3.5);
    let means = FEW.means(&[&scores], &strata).unwrap();
    // The second group does not vary; the first one's mean is 1, 2 or 3.
    assert!(
        means.resampled(0).iter().all(|mean| [3.0, 3.5, 4.0].iter().any(|one| (one - mean).abs() < 1e-12))
    );
    assert_eq!(means.interval(0).unwrap().estimate, 3.5);
}

#[test]
fn means_and_any_statistic_draw_the_same() {
    let strata = Strata::new(vec![30, 11]).unwrap();
    let scores: Vec<f64> = (0..41_u32).map(|sample| f64::from(sample * sample % 17)).collect();
    let means = FEW.means(&[&scores], &strata).unwrap();
    let by_counts = FEW
        .statistic(&strata, |counts| {
            let mean_of = |range: std::ops::Range<usize>| {
                let total: u32 = counts[range.clone()].iter().sum();
                range.map(|sample| f64::from(counts[sample]) * scores[sample]).sum::<f64>() / f64::from(total)
            };
            strata.ranges().map(mean_of).sum::<f64>() / 2.0
        })
        .unwrap();
    let of_means = means.interval(0).unwrap();
    assert!((of_means.low - by_counts.low).abs() < 1e-12, "{of_means:?} {by_counts:?}");
    assert!((of_means.high - by_counts.high).abs() < 1e-12, "{of_means:?} {by_counts:?}");
}

#[test]
fn the_seed_decides_and_others_beside_change_nothing() {
    let (a, b) = ([0.1, 0.5, 0.9, 0.3, 0.8, 0.2], [0.4, 0.4, 0.6, 0.1, 0.7, 0.9]);
    let strata = Strata::single(6).unwrap();
    let alone = FEW.means(&[&a], &strata).unwrap();
    let both = FEW.means(&[&b, &a], &strata).unwrap();
    assert_eq!(alone.interval(0).unwrap(), FEW.means(&[&a], &strata).unwrap().interval(0).unwrap());
    let (alone, both) = (alone.interval(0).unwrap(), both.interval(1).unwrap());
    assert!((alone.low - both.low).abs() < 1e-12 && (alone.high - both.high).abs() < 1e-12);
    let other = Bootstrap { seed: 2, ..FEW }.means(&[&a], &strata).unwrap().interval(0).unwrap();
    assert_ne!(alone, other);
}

#[test]
fn equal_networks_do_not_differ() {
    let a = [0.1, 0.5, 0.9, 0.3, 0.8, 0.2];
    let means = FEW.means(&[&a, &a], &Strata::single(6).unwrap()).unwrap();
    let difference = means.difference(0, 1).unwrap();
    assert_eq!((difference.interval.low, difference.interval.high, difference.p_value), (0.0, 0.0, 1.0));
    assert_eq!(means.shares_of_best(true), [0.5, 0.5]);
}

#[test]
fn a_clear_winner_is_nearly_always_best() {
    let good: Vec<f64> = (0..40).map(|sample| 0.8 + 0.01 * f64::from(sample % 7)).collect();
    let bad: Vec<f64> = good.iter().map(|score| score - 0.2).collect();
    let means = FEW.means(&[&bad, &good], &Strata::single(40).unwrap()).unwrap();
    assert_eq!(means.shares_of_best(true), [0.0, 1.0]);
    assert_eq!(means.shares_of_best(false), [1.0, 0.0]);
    assert!(means.difference(1, 0).unwrap().p_value < 0.003);
}

/// The closed form and the bootstrap say the same of many samples: the numbers of `docs/reference/statistics.md`.
#[test]
fn the_t_interval_comes_near_the_bootstraps_for_many_samples() {
    // As 2AFC scores are distributed: mostly near 0 or 1.
    let scores: Vec<f64> =
        (0..2000_u32).map(|sample| [1.0, 0.8, 0.6, 0.2, 1.0][(sample * 7 % 5) as usize]).collect();
    let strata = Strata::new(vec![1200, 800]).unwrap();
    let closed = mean_interval(&scores, &strata, 0.95).unwrap();
    let drawn = Bootstrap::default().means(&[&scores], &strata).unwrap().interval(0).unwrap();
    let half = (closed.high - closed.low) / 2.0;
    assert!((closed.low - drawn.low).abs() < 0.06 * half, "{closed:?} {drawn:?}");
    assert!((closed.high - drawn.high).abs() < 0.06 * half, "{closed:?} {drawn:?}");
}

#[test]
fn a_thousand_networks_have_a_critical_difference() {
    let of = |treatments| critical_difference(treatments, 30, 0.05).unwrap();
    // Demšar's table 5: q for 2 and 10 classifiers is 1.960 and 3.164.
    assert!((of(2) - 1.960 * (2.0 * 3.0 / 180.0_f64).sqrt()).abs() < 1e-3);
    assert!((of(10) - 3.164 * (10.0 * 11.0 / 180.0_f64).sqrt()).abs() < 1e-3);
    assert!(of(1000) > of(999) && of(1000) < 1000.0);
}

#[test]
fn wrong_numbers_are_named() {
    let sentence = |error: StatisticsError| error.to_string();
    let text = sentence(pearson(&[1.0, 1.0, 1.0, 1.0], &[1.0, 2.0, 3.0, 4.0], 0.95).unwrap_err());
    assert_eq!(text, "Pearson's correlation is not defined: all values are 1");
    let text = sentence(spearman(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], 0.95).unwrap_err());
    assert_eq!(text, "Spearman's correlation needs at least 4 values; there are 3");
    let text = sentence(kendall(&[1.0; 6], &[1.0; 5], 0.95).unwrap_err());
    assert_eq!(text, "Kendall's correlation needs lists of the same length; they have 6 and 5 values");
    let text = sentence(pearson(&[1.0, f64::NAN, 1.0, 2.0], &[1.0, 2.0, 3.0, 4.0], 0.95).unwrap_err());
    assert_eq!(text, "Pearson's correlation needs finite numbers; number 1 (from 0) is NaN");
    let text = sentence(pearson(&[1.0, 2.0, 1.0, 2.0], &[1.0, 2.0, 3.0, 4.0], 95.0).unwrap_err());
    assert_eq!(text, "the confidence is 95; it must be between 0 and 1");
    let text = sentence(holm(&[0.5, 1.5]).unwrap_err());
    assert_eq!(text, "a p value is 1.5; it must be from 0 to 1");
    let text = sentence(friedman(&[vec![1.0, 1.0], vec![2.0, 2.0]]).unwrap_err());
    assert_eq!(text, "Friedman's test is not defined: all values are 1");
    let text = sentence(Strata::new(vec![5, 1]).unwrap_err());
    assert_eq!(text, "each group of samples needs at least 2 values; there are 1");
    let one_sided =
        FEW.statistic(&Strata::single(14).unwrap(), |counts| f64::from(*counts.iter().max().unwrap()));
    assert_eq!(
        sentence(one_sided.unwrap_err()),
        "the bias of the estimate 1 can't be corrected: all resamples lie on one side of it; use the percentile \
         interval"
    );
    let text = sentence(
        Bootstrap { resamples: 10, ..FEW }.means(&[&[1.0, 2.0]], &Strata::single(2).unwrap()).unwrap_err(),
    );
    assert_eq!(text, "the number of resamples is 10; it must be at least 100");
}

proptest! {
    #[test]
    fn intervals_hold_their_estimate(scores in prop::collection::vec(-1e3..1e3_f64, 5..40)) {
        let strata = Strata::single(scores.len()).unwrap();
        let interval = FEW.means(&[&scores], &strata).unwrap().interval(0).unwrap();
        prop_assert!(interval.low <= interval.estimate && interval.estimate <= interval.high, "{interval:?}");
    }

    #[test]
    fn signs_turn_round(differences in prop::collection::vec(-5..6_i32, 1..70)) {
        let there: Vec<f64> = differences.iter().map(|difference| f64::from(*difference)).collect();
        let back: Vec<f64> = there.iter().map(|difference| -difference).collect();
        for method in [WilcoxonMethod::Auto, WilcoxonMethod::Normal { continuity: true }] {
            let settings = Wilcoxon { method, ..Wilcoxon::default() };
            let (a, b) = (wilcoxon(&there, settings).unwrap(), wilcoxon(&back, settings).unwrap());
            prop_assert!((a.p_value - b.p_value).abs() <= 1e-12);
            prop_assert!(a.p_value > 0.0 && a.p_value <= 1.0);
            prop_assert_eq!((a.positive, a.negative), (b.negative, b.positive));
        }
    }

    #[test]
    fn ranks_add_up(values in prop::collection::vec(-3..4_i32, 1..50)) {
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let n = values.len() as f64;
        prop_assert!((ranks(&values).unwrap().iter().sum::<f64>() - n * (n + 1.0) / 2.0).abs() < 1e-9);
    }

    #[test]
    fn corrected_values_are_larger_and_keep_their_order(p in prop::collection::vec(0.0..=1.0_f64, 1..30)) {
        let corrected = holm(&p).unwrap();
        for (i, (before, after)) in p.iter().zip(&corrected).enumerate() {
            prop_assert!(after >= before && *after <= 1.0);
            prop_assert!(p.iter().zip(&corrected).skip(i).all(|(b, a)| (b < before) <= (a <= after)));
        }
    }

    #[test]
    fn networks_are_joined_exactly_where_no_gap_is(
        ranks in prop::collection::vec(1.0..20.0_f64, 2..12),
        difference in 0.0..8.0_f64,
    ) {
        let bars = cliques(&ranks, difference).unwrap();
        for a in 0..ranks.len() {
            for b in 0..a {
                let joined = bars.iter().any(|bar| bar.contains(&a) && bar.contains(&b));
                prop_assert_eq!(joined, (ranks[a] - ranks[b]).abs() <= difference);
            }
        }
    }
}
