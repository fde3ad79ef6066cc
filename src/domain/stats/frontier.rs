//! Several goals at once: who is best at what, and how much is dominated.

/// How often each member is a non-dominated best: the selection rule of GEPA (Agrawal and others, "Reflective Prompt
/// Evolution Can Outperform Reinforcement Learning", 2025, algorithm 2).
///
/// `scores[member][case]` is `None` where a member was not measured. Per case the members with the highest score win it;
/// a member whose every won case is also won by one and the same other member that wins more, or as much and comes
/// earlier, is dominated and counts 0.
pub fn front_wins(scores: &[Vec<Option<f64>>]) -> Vec<usize> {
    let cases = scores.iter().map(Vec::len).max().unwrap_or(0);
    let score = |member: &Vec<Option<f64>>, case: usize| member.get(case).copied().flatten();
    let mut wins: Vec<Vec<bool>> = vec![vec![false; cases]; scores.len()];
    for case in 0..cases {
        let top = scores
            .iter()
            .filter_map(|member| score(member, case))
            .fold(f64::NEG_INFINITY, f64::max);
        for (member, won) in scores.iter().zip(&mut wins) {
            if let Some(slot) = won.get_mut(case) {
                *slot = score(member, case).is_some_and(|value| value >= top);
            }
        }
    }
    let counts: Vec<usize> = wins.iter().map(|won| won.iter().filter(|w| **w).count()).collect();
    let covers = |other: &[bool], won: &[bool]| won.iter().zip(other).all(|(w, o)| !*w || *o);
    let dominated = |index: usize, won: &Vec<bool>, count: usize| {
        wins.iter().zip(&counts).enumerate().any(|(other, (others, &other_count))| {
            other != index
                && covers(others, won)
                && (other_count > count || (other_count == count && other < index))
        })
    };
    wins.iter()
        .zip(&counts)
        .enumerate()
        .map(|(index, (won, &count))| if dominated(index, won, count) { 0 } else { count })
        .collect()
}

/// The volume of the space between `reference` and the points, larger being better in every coordinate: the hypervolume
/// indicator of Zitzler and Thiele, 1998, by slicing along the last coordinate. Points not better than the reference in
/// every coordinate add nothing. Meant for a few dozen points of up to four coordinates.
pub fn hypervolume(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    let inside: Vec<&[f64]> = points
        .iter()
        .map(Vec::as_slice)
        .filter(|point| {
            point.len() == reference.len() && point.iter().zip(reference).all(|(p, r)| p > r)
        })
        .collect();
    volume(&inside, reference)
}

fn volume(points: &[&[f64]], reference: &[f64]) -> f64 {
    let Some((&floor, rest)) = reference.split_last() else { return 0.0 };
    let height = |point: &&[f64]| point.last().copied().unwrap_or(floor);
    if rest.is_empty() {
        return points.iter().map(height).fold(floor, f64::max) - floor;
    }
    let mut levels: Vec<f64> = points.iter().map(height).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let mut below = floor;
    let mut total = 0.0;
    for level in levels {
        let slab: Vec<&[f64]> = points
            .iter()
            .filter(|point| height(point) >= level)
            .filter_map(|point| point.split_last().map(|(_, first)| first))
            .collect();
        total += (level - below) * volume(&slab, rest);
        below = level;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_wins_nothing_of_its_own_counts_nothing() {
        let scores = vec![
            vec![Some(1.0), Some(0.0), Some(0.0)],
            vec![Some(0.0), Some(1.0), Some(1.0)],
            vec![Some(0.0), Some(1.0), Some(0.0)],
            vec![None, None, None],
        ];
        assert_eq!(front_wins(&scores), [1, 2, 0, 0]);
    }

    #[test]
    fn of_equals_the_first_stays() {
        let same = vec![Some(0.5), Some(0.5)];
        assert_eq!(front_wins(&[same.clone(), same]), [2, 0]);
        assert!(front_wins(&[]).is_empty());
    }

    #[test]
    fn volumes_of_boxes_are_their_union() {
        let two = vec![vec![3.0, 1.0], vec![1.0, 3.0], vec![0.5, 0.5]];
        assert!((hypervolume(&two, &[0.0, 0.0]) - 5.0).abs() < 1e-12);
        let cube = vec![vec![2.0, 2.0, 2.0], vec![1.0, 1.0, 3.0]];
        assert!((hypervolume(&cube, &[0.0, 0.0, 0.0]) - 9.0).abs() < 1e-12);
        assert!(hypervolume(&[vec![1.0, 1.0]], &[2.0, 0.0]).abs() < 1e-12);
    }
}
