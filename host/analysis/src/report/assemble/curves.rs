//! Curves, thinned out to what can be seen.

use std::collections::BTreeMap;

use super::digits::rounded;
use super::reports::{Reported, ReportedCell};
use crate::report::data::Curve;

/// So many points of a curve are kept.
const POINTS: usize = 200;

/// So many points of all curves are kept; about 2 MB of a report.
const ALL_POINTS: usize = 120_000;

/// The curves of the cells that are shown. What is left out is noted.
pub(super) fn of(reported: &Reported<'_>, notes: &mut Vec<String>) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    let (mut points, mut left_out) = (0, 0);
    for cell in &reported.cells {
        for curve in of_cell(cell) {
            if points + curve.steps.len() > ALL_POINTS {
                left_out += 1;
                continue;
            }
            points += curve.steps.len();
            curves.push(curve);
        }
    }
    for (task, shown, cells) in &reported.cut {
        notes.push(format!("Curves and images of {task}: only of the {shown} best of {cells} cells."));
    }
    if left_out > 0 {
        notes.push(format!("{left_out} curves omitted (limit: {ALL_POINTS} points)."));
    }
    curves
}

fn of_cell(reported: &ReportedCell<'_>) -> Vec<Curve> {
    let mut by_name: BTreeMap<&str, Vec<(u64, f64)>> = BTreeMap::new();
    for scalar in &reported.scalars {
        by_name.entry(&scalar.name).or_default().push((scalar.step, scalar.value));
    }
    let cell = &reported.cell.result.cell;
    let curve = |(name, mut points): (&str, Vec<(u64, f64)>)| {
        points.sort_by_key(|(step, _)| *step);
        let kept = thinned(&points, POINTS);
        Curve {
            task: cell.config.task.name.clone(),
            network: reported.network,
            cell: cell.id.clone(),
            repetition: cell.repetition,
            name: name.to_owned(),
            steps: kept.iter().map(|(step, _)| *step).collect(),
            values: kept.iter().map(|(_, value)| value.is_finite().then(|| rounded(*value))).collect(),
        }
    };
    by_name.into_iter().map(curve).collect()
}

/// At most so many points (four at least) that show what all show: first and last, and of each stretch between them the
/// smallest and the largest value, at their own steps. A stretch with a value that is not a number keeps one of those instead of
/// its smallest.
fn thinned(points: &[(u64, f64)], most: usize) -> Vec<(u64, f64)> {
    if points.len() <= most {
        return points.to_vec();
    }
    let stretches = (most - 2) / 2;
    let inner = &points[1..points.len() - 1];
    let mut kept = vec![points[0]];
    for stretch in 0..stretches {
        let (from, to) = (stretch * inner.len() / stretches, (stretch + 1) * inner.len() / stretches);
        let part = &inner[from..to];
        let by_value = |a: &(usize, &(u64, f64)), b: &(usize, &(u64, f64))| a.1.1.total_cmp(&b.1.1);
        let numbers = || part.iter().enumerate().filter(|(_, point)| !point.1.is_nan());
        let broken = part.iter().position(|point| point.1.is_nan());
        let low = broken.or(numbers().min_by(by_value).map(|(at, _)| at));
        let high = numbers().max_by(by_value).map(|(at, _)| at);
        let mut places: Vec<usize> = low.into_iter().chain(high).collect();
        places.sort_unstable();
        places.dedup();
        kept.extend(places.into_iter().map(|at| part[at]));
    }
    kept.push(points[points.len() - 1]);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinned_curves_keep_ends_and_peaks() {
        let mut points: Vec<(u64, f64)> =
            (0..10_000).map(|step| (step, f64::from(step as u32).sin())).collect();
        points[5_000].1 = 99.0;
        points[6_000].1 = -99.0;
        points[7_000].1 = f64::NAN;
        let kept = thinned(&points, 200);
        assert!(kept.len() <= 200 && kept.len() > 190, "{}", kept.len());
        assert_eq!((kept[0].0, kept[kept.len() - 1].0), (0, 9_999));
        assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for peak in [(5_000, 99.0), (6_000, -99.0)] {
            assert!(kept.contains(&peak));
        }
        assert!(kept.iter().any(|(step, value)| *step == 7_000 && value.is_nan()));
        assert_eq!(thinned(&points[..150], 200).len(), 150);
    }
}
