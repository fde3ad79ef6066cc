//! A family tree as a column of text: newest first, one lane for every line of descent, in the manner of `git log
//! --graph`.
//!
//! A lane waits for a generation that some row above named as its parent. A row takes the leftmost lane that waits for
//! it; the other lanes that wait for it join there, one line above the row.

use std::collections::BTreeSet;

/// One generation to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its number; a parent's number is smaller than its children's.
    pub id: u32,
    /// The generations it came from.
    pub parents: Vec<u32>,
    /// The mark of its row, one column wide.
    pub mark: char,
}

/// One line of the drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The drawn lanes, padded to the drawing's width.
    pub lanes: String,
    /// The generation of the row; `None` for a line that only joins lanes.
    pub id: Option<u32>,
}

/// Draws nodes newest first; a parent that is not among them ends its lane.
pub fn draw(nodes: &[Node]) -> Vec<Line> {
    let known: BTreeSet<u32> = nodes.iter().map(|node| node.id).collect();
    let mut newest_first: Vec<&Node> = nodes.iter().collect();
    newest_first.sort_by_key(|node| std::cmp::Reverse(node.id));

    let mut lanes: Vec<Option<u32>> = Vec::new();
    let mut lines = Vec::new();
    for node in newest_first {
        let (column, joining) = claim(&mut lanes, node.id);
        if !joining.is_empty() {
            lines.push(Line { lanes: join_line(&lanes, column, &joining, '╯', '┴'), id: None });
            for lane in &joining {
                release(&mut lanes, *lane);
            }
        }
        lines.push(Line { lanes: node_line(&lanes, column, node.mark), id: Some(node.id) });

        let mut parents = node.parents.iter().copied().filter(|parent| known.contains(parent));
        set(&mut lanes, column, parents.next());
        let forking: Vec<usize> = parents.map(|parent| open(&mut lanes, parent)).collect();
        if !forking.is_empty() {
            lines.push(Line { lanes: join_line(&lanes, column, &forking, '╮', '┬'), id: None });
        }
        while lanes.last() == Some(&None) {
            lanes.pop();
        }
    }
    let width = lines.iter().map(|line| line.lanes.chars().count()).max().unwrap_or(0);
    for line in &mut lines {
        let missing = width - line.lanes.chars().count();
        line.lanes.push_str(&" ".repeat(missing));
    }
    lines
}

/// The lane of a node, and the other lanes that wait for it.
fn claim(lanes: &mut Vec<Option<u32>>, id: u32) -> (usize, Vec<usize>) {
    let mut waiting: Vec<usize> = lanes
        .iter()
        .enumerate()
        .filter(|(_, lane)| **lane == Some(id))
        .map(|(column, _)| column)
        .collect();
    if waiting.is_empty() { (open(lanes, id), waiting) } else { (waiting.remove(0), waiting) }
}

/// Opens the leftmost free lane for a generation.
fn open(lanes: &mut Vec<Option<u32>>, id: u32) -> usize {
    let column = lanes.iter().position(Option::is_none).unwrap_or(lanes.len());
    set(lanes, column, Some(id));
    column
}

fn set(lanes: &mut Vec<Option<u32>>, column: usize, id: Option<u32>) {
    match lanes.get_mut(column) {
        Some(lane) => *lane = id,
        None => lanes.push(id),
    }
}

fn release(lanes: &mut Vec<Option<u32>>, column: usize) {
    set(lanes, column, None);
}

fn node_line(lanes: &[Option<u32>], column: usize, mark: char) -> String {
    let cells = lanes.iter().enumerate().map(|(lane, waits_for)| match waits_for {
        _ if lane == column => mark,
        Some(_) => '│',
        None => ' ',
    });
    spaced(cells, |_| ' ')
}

/// A line on which `ends` (all in one row) meet the lane `column`, to its left or right.
fn join_line(
    lanes: &[Option<u32>],
    column: usize,
    ends: &[usize],
    corner: char,
    passing: char,
) -> String {
    let first = ends.iter().copied().chain([column]).min().unwrap_or(column);
    let last = ends.iter().copied().chain([column]).max().unwrap_or(column);
    let mirrored = if corner == '╯' { '╰' } else { '╭' };
    let cells = lanes.iter().enumerate().map(|(lane, waits_for)| {
        if lane == column {
            match (first < column, last > column) {
                (true, true) => '┼',
                (true, false) => '┤',
                _ => '├',
            }
        } else if ends.contains(&lane) {
            match lane {
                lane if lane == last => corner,
                lane if lane == first => mirrored,
                _ => passing,
            }
        } else if lane > first && lane < last {
            if waits_for.is_some() { '┼' } else { '─' }
        } else if waits_for.is_some() {
            '│'
        } else {
            ' '
        }
    });
    spaced(cells, |lane| if lane >= first && lane < last { '─' } else { ' ' })
}

fn spaced(cells: impl Iterator<Item = char>, between: impl Fn(usize) -> char) -> String {
    let mut text = String::new();
    for (lane, cell) in cells.enumerate() {
        if lane > 0 {
            text.push(between(lane - 1));
        }
        text.push(cell);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(family: &[(u32, &[u32])]) -> String {
        let nodes: Vec<Node> = family
            .iter()
            .map(|(id, parents)| Node { id: *id, parents: parents.to_vec(), mark: '●' })
            .collect();
        draw(&nodes)
            .into_iter()
            .map(|line| {
                let id = line.id.map_or_else(String::new, |id| format!(" {id}"));
                format!("{}{id}", line.lanes).trim_end().to_owned()
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn a_line_of_descent_is_one_lane() {
        assert_eq!(picture(&[(0, &[]), (1, &[0]), (2, &[1])]), "● 2\n● 1\n● 0");
    }

    #[test]
    fn siblings_join_above_their_parent() {
        insta::assert_snapshot!(
            picture(&[(0, &[]), (1, &[0]), (2, &[0]), (3, &[1]), (4, &[0])]),
            @r"
            ●     4
            │ ●   3
            │ │ ● 2
            │ ● │ 1
            ├─┴─╯
            ●     0
            "
        );
    }

    #[test]
    fn a_hybrid_opens_a_lane_for_its_second_parent() {
        insta::assert_snapshot!(
            picture(&[(0, &[]), (1, &[0]), (2, &[0]), (3, &[1, 2]), (4, &[3])]),
            @r"
            ●   4
            ●   3
            ├─╮
            │ ● 2
            ● │ 1
            ├─╯
            ●   0
            "
        );
    }

    #[test]
    fn lanes_that_cross_a_join_stay_visible() {
        insta::assert_snapshot!(
            picture(&[(0, &[]), (1, &[]), (2, &[0]), (3, &[1]), (4, &[0])]),
            @r"
            ●     4
            │ ●   3
            │ │ ● 2
            │ ● │ 1
            ├───╯
            ●     0
            "
        );
    }

    #[test]
    fn a_parent_that_is_left_out_ends_its_lane() {
        assert_eq!(picture(&[(1, &[0]), (2, &[1])]), "● 2\n● 1");
    }
}
