//! Values of SciPy 1.17 and statsmodels (`golden/generate.py`).
//!
//! Tolerances: 1e-10 of the value for what has a closed form, where only the order of sums and the approximations of
//! special functions differ; 1e-6 for SciPy's quantiles of the studentized range, which it finds by quadrature; the
//! bootstrap with its own draws within 5 % of the interval's half width, three to four standard errors of its ends.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lossnet_statistics::{
    Bootstrap, Correlation, Interval, Method, Strata, Wilcoxon, WilcoxonMethod, Zeros, bca, friedman, holm,
    kendall, mcnemar, mean_interval, pearson, percentile, spearman, studentized_range_quantile,
    studentized_range_tail, wilcoxon,
};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/statistics.json")).unwrap()
}

fn cases(name: &str) -> Vec<Value> {
    let cases = golden()[name].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

/// Groups one behind the other.
fn grouped(value: &Value) -> (Vec<f64>, Strata) {
    let groups: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(list).collect();
    let strata = Strata::new(groups.iter().map(Vec::len).collect()).unwrap();
    (groups.concat(), strata)
}

#[track_caller]
fn close(actual: f64, expected: f64, tolerance: f64) {
    let allowed = tolerance * expected.abs().max(1e-280);
    assert!((actual - expected).abs() <= allowed, "{actual} is not {expected} within {allowed:e}");
}

#[track_caller]
fn ends(actual: Interval, expected: &[f64], tolerance: f64) {
    close(actual.low, expected[0], tolerance);
    close(actual.high, expected[1], tolerance);
}

#[test]
fn intervals_of_the_same_resamples_are_scipys() {
    for case in cases("bootstrap") {
        let (_, strata) = grouped(&case["groups"]);
        let (estimate, confidence) = (number(&case["estimate"]), number(&case["confidence"]));
        let resampled = list(&case["resampled"]);
        let simple = percentile(estimate, &resampled, confidence).unwrap();
        ends(simple, &list(&case["percentile"]), 1e-10);
        let corrected = bca(estimate, &resampled, &list(&case["jackknife"]), &strata, confidence).unwrap();
        close(corrected.acceleration, number(&case["acceleration"]), 1e-10);
        close(corrected.bias, number(&case["bias"]), 1e-10);
        ends(corrected.interval, &list(&case["bca"]), 1e-10);
    }
}

/// Of 10,000 draws, the end of a 95 % interval has a standard error of about 1.2 % of the interval's half width.
#[track_caller]
fn near(actual: Interval, expected: &[f64]) {
    let allowed = 0.05 * (expected[1] - expected[0]) / 2.0;
    let apart = (actual.low - expected[0]).abs().max((actual.high - expected[1]).abs());
    assert!(apart <= allowed, "{actual:?} is not {expected:?} within {allowed}");
}

#[test]
fn own_draws_come_near_scipys_intervals() {
    let golden = &golden()["bootstrap_many"];
    let (scores, strata) = grouped(&golden["groups"]);
    for (name, method) in [("percentile", Method::Percentile), ("bca", Method::Bca)] {
        let settings = Bootstrap { method, seed: 4, ..Bootstrap::default() };
        let means = settings.means(&[&scores], &strata).unwrap();
        near(means.interval(0).unwrap(), &list(&golden[name]));
    }
    let values = list(&golden["standard_deviation_of"]);
    let deviation = |counts: &[u32]| {
        let n: f64 = counts.iter().map(|count| f64::from(*count)).sum();
        let moment = |power: i32, center: f64| -> f64 {
            let terms = values.iter().zip(counts);
            terms.map(|(value, count)| f64::from(*count) * (value - center).powi(power)).sum::<f64>() / n
        };
        moment(2, moment(1, 0.0)).sqrt()
    };
    let strata = Strata::single(values.len()).unwrap();
    // BCa takes its upper end far out, where 10,000 draws are few.
    let settings = Bootstrap { resamples: 100_000, ..Bootstrap::default() };
    let interval = settings.statistic(&strata, deviation).unwrap();
    near(interval, &list(&golden["standard_deviation_bca"]));
}

#[test]
fn paired_differences_come_near_scipys() {
    let golden = &golden()["bootstrap_many"];
    let (first, second) = (list(&golden["first"]), list(&golden["second"]));
    let strata = Strata::single(first.len()).unwrap();
    let means = Bootstrap::default().means(&[&first, &second], &strata).unwrap();
    let difference = means.difference(0, 1).unwrap();
    near(difference.interval, &list(&golden["difference_bca"]));
    let p = number(&golden["difference_p"]);
    let allowed = 4.0 * (p * (1.0 - p) / 10_000.0).sqrt() + 1e-4;
    assert!((difference.p_value - p).abs() <= allowed, "{} is not {p} within {allowed}", difference.p_value);
}

#[test]
fn t_intervals_are_scipys() {
    for case in cases("t_intervals") {
        let (scores, strata) = grouped(&case["groups"]);
        let interval = mean_interval(&scores, &strata, number(&case["confidence"])).unwrap();
        ends(interval, &list(&case["ends"]), 1e-10);
    }
}

#[test]
fn wilcoxon_is_scipys() {
    for case in cases("wilcoxon") {
        let zeros = if case["zeros"] == "pratt" { Zeros::Pratt } else { Zeros::Wilcox };
        let method = match case["method"].as_str().unwrap() {
            "exact" => WilcoxonMethod::Exact,
            "normal" => WilcoxonMethod::Normal { continuity: false },
            "continuity" => WilcoxonMethod::Normal { continuity: true },
            _ => WilcoxonMethod::Auto,
        };
        let test = wilcoxon(&list(&case["differences"]), Wilcoxon { zeros, method }).unwrap();
        close(test.positive.min(test.negative), number(&case["statistic"]), 1e-12);
        close(test.p_value, number(&case["p"]), 1e-10);
    }
}

#[test]
fn mcnemar_is_scipys_and_statsmodels() {
    for case in cases("mcnemar") {
        let test = mcnemar(case["b"].as_u64().unwrap(), case["c"].as_u64().unwrap());
        close(test.exact, number(&case["exact"]), 1e-10);
        close(test.chi_squared, number(&case["plain"]), 1e-10);
        close(test.chi_squared_corrected, number(&case["corrected"]), 1e-10);
    }
}

#[test]
fn holm_is_statsmodels() {
    for case in cases("holm") {
        let corrected = holm(&list(&case["p"])).unwrap();
        for (actual, expected) in corrected.iter().zip(list(&case["corrected"])) {
            close(*actual, expected, 1e-12);
        }
    }
}

#[test]
fn friedman_is_scipys() {
    for case in cases("friedman") {
        let blocks: Vec<Vec<f64>> = case["blocks"].as_array().unwrap().iter().map(list).collect();
        let test = friedman(&blocks).unwrap();
        for (actual, expected) in test.average_ranks.iter().zip(list(&case["average_ranks"])) {
            close(*actual, expected, 1e-12);
        }
        close(test.statistic, number(&case["statistic"]), 1e-10);
        close(test.p_value, number(&case["p"]), 1e-10);
    }
}

#[test]
fn studentized_ranges_are_scipys_and_the_integral() {
    for case in golden()["studentized_range"]["quantiles"].as_array().unwrap() {
        let treatments = case["treatments"].as_u64().unwrap() as usize;
        let q = studentized_range_quantile(treatments, number(&case["alpha"])).unwrap();
        close(q, number(&case["q"]), 1e-6);
    }
    for case in golden()["studentized_range"]["tails"].as_array().unwrap() {
        let treatments = case["treatments"].as_u64().unwrap() as usize;
        let tail = studentized_range_tail(number(&case["q"]), treatments).unwrap();
        close(tail, number(&case["tail"]), 1e-10);
    }
}

#[track_caller]
fn same(actual: Correlation, expected: &Value) {
    let expected = list(expected);
    close(actual.interval.estimate, expected[0], 1e-10);
    close(actual.p_value, expected[1], 1e-10);
    ends(actual.interval, &expected[2..], 1e-10);
}

#[test]
fn correlations_are_scipys() {
    for case in cases("correlations") {
        let (x, y, confidence) = (list(&case["x"]), list(&case["y"]), number(&case["confidence"]));
        same(pearson(&x, &y, confidence).unwrap(), &case["pearson"]);
        same(spearman(&x, &y, confidence).unwrap(), &case["spearman"]);
        same(kendall(&x, &y, confidence).unwrap(), &case["kendall"]);
    }
}
