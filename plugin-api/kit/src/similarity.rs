//! How well distances agree with people's judgements, after Zhang et al., "The Unreasonable Effectiveness of Deep Features
//! as a Perceptual Metric", CVPR 2018.

/// Agreement on one triplet: the share of people who chose as the distances do. `judge` in [0, 1] is the share who found
/// p1 closer to the reference; equal distances agree with half of them.
pub fn two_afc_score(d0: f64, d1: f64, judge: f64) -> f64 {
    if d0 < d1 {
        1.0 - judge
    } else if d1 < d0 {
        judge
    } else {
        0.5
    }
}

/// Accuracy on one triplet: 1 if the distances and the majority choose the same image, 0 if not, and half where either
/// is undecided. The published code counts what is undecided as a choice of p1.
pub fn two_afc_accuracy(d0: f64, d1: f64, judge: f64) -> f64 {
    if d0 == d1 || judge == 0.5 { 0.5 } else { f64::from(u8::from((d0 < d1) == (judge < 0.5))) }
}

/// Average precision of calling the closest pairs "the same", in [0, 1]: the area under the precision-recall curve with
/// precision made monotone from the right (PASCAL VOC 2010).
///
/// Each pair is a distance and the share of people, in [0, 1], who saw no difference; shares count as they are. Pairs of
/// equal distance count in the order given. `None` if nobody saw any pair as the same.
pub fn average_precision(pairs: &[(f64, f64)]) -> Option<f64> {
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    order.sort_by(|&a, &b| pairs[a].0.total_cmp(&pairs[b].0));
    let total: f64 = pairs.iter().map(|(_, same)| same).sum();
    if total <= 0.0 {
        return None;
    }
    let mut found = 0.0;
    let mut recall = Vec::with_capacity(pairs.len() + 1);
    let mut precision = Vec::with_capacity(pairs.len() + 1);
    recall.push(0.0);
    precision.push(0.0);
    for (rank, &pair) in order.iter().enumerate() {
        found += pairs[pair].1;
        recall.push(found / total);
        precision.push(found / (rank + 1) as f64);
    }
    for position in (1..precision.len()).rev() {
        precision[position - 1] = f64::max(precision[position - 1], precision[position]);
    }
    Some((1..recall.len()).map(|at| (recall[at] - recall[at - 1]) * precision[at]).sum())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp)]

    use super::*;

    #[test]
    fn scores_count_people() {
        assert_eq!(two_afc_score(0.1, 0.2, 0.2), 0.8);
        assert_eq!(two_afc_score(0.2, 0.1, 0.2), 0.2);
        assert_eq!(two_afc_score(0.1, 0.1, 0.2), 0.5);
        assert_eq!((two_afc_accuracy(0.1, 0.2, 0.2), two_afc_accuracy(0.2, 0.1, 0.2)), (1.0, 0.0));
        // Equal distances choose nothing, whatever people chose; and undecided people can't be agreed with.
        assert_eq!([0.0, 0.5, 1.0].map(|judge| two_afc_accuracy(0.1, 0.1, judge)), [0.5; 3]);
        assert_eq!((two_afc_accuracy(0.1, 0.2, 0.5), two_afc_accuracy(0.2, 0.1, 0.5)), (0.5, 0.5));
    }

    #[test]
    fn average_precision_equals_the_published_code_s() {
        // voc_ap of the LPIPS repository, in NumPy:
        // ds = [.3, .1, .4, .2, .9, .5], sames = [1, .666, 0, .333, 0, 1]
        let pairs = [(0.3, 1.0), (0.1, 0.666), (0.4, 0.0), (0.2, 0.333), (0.9, 0.0), (0.5, 1.0)];
        let precision = average_precision(&pairs).unwrap();
        assert!((precision - 0.644_148_160_497_943_8).abs() < 1e-12, "{precision}");
        assert_eq!(average_precision(&[(0.1, 1.0), (0.2, 1.0)]), Some(1.0));
        assert_eq!(average_precision(&[(0.1, 0.0)]), None);
    }
}
