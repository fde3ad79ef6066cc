//! The generations of a run as text: a list, a family tree.

use super::document::growth::touches_the_improver;
use super::figure;
use super::generation::GenerationView;
use super::ink::Page;
use super::openings;
use super::per_task;
use super::run::RunView;
use super::seal;
use super::tree::{self, Node};
use crate::base::id::GenerationId;
use crate::domain::event::GenerationStatus;

/// The list of generations, newest first; rejected ones only when asked for, with their findings.
pub fn list(view: &RunView, page: Page, with_rejected: bool) -> String {
    let mut text = heading(view, page);
    text.push_str(&page.ink.faint("  generation  score  effect    kept  commit   what changed"));
    text.push('\n');
    for generation in view.generations.values().rev() {
        if generation.status == GenerationStatus::Valid {
            let kept = format!("{}/{}", generation.accepted(), generation.attempts());
            let labels = labels(view, generation.id);
            text.push_str(&format!(
                "  {}   {:>5}  {}  {kept:>6}  {:<7}  {}{}\n",
                page.ink.name(&generation.id.to_string()),
                figure::score(generation.mean()),
                figure::effect(view.effect(generation), page.ink),
                short(generation.commit.as_deref()),
                figure::cut(&what(generation), page.rest(48 + labels.chars().count())),
                page.ink.strong(&labels),
            ));
            text.push_str(&tasks_row(view, generation, page));
        } else if with_rejected {
            text.push_str(&refused_row(generation, page));
            for diagnostic in &generation.diagnostics {
                text.push_str(&format!("              {diagnostic}\n"));
            }
        }
    }
    if !with_rejected && view.rejected() > 0 {
        text.push_str(&page.ink.faint(&format!(
            "  {} left out: `log --rejected` lists them with what the validation found\n",
            figure::count(view.rejected() as u64, "rejected rewrite")
        )));
    }
    text.push_str(&carry_note(view, page));
    text.push_str(&best_note(view, page));
    text.push_str(&openings::footer(&view.tests, page));
    text
}

/// How a generation measured on each of several tasks, below its row.
fn tasks_row(view: &RunView, generation: &GenerationView, page: Page) -> String {
    match per_task::scores(view, generation) {
        Some(scores) => format!("              {}\n", page.ink.faint(&scores)),
        None => String::new(),
    }
}

fn refused_row(generation: &GenerationView, page: Page) -> String {
    format!(
        "  {}   {}  {}\n",
        page.ink.name(&generation.id.to_string()),
        page.ink.bad(status_word(generation.status)),
        figure::cut(&what(generation), page.rest(26)),
    )
}

/// The family tree, newest first, the start at its foot; `with_rejected` draws rejected rewrites too.
pub fn graph(view: &RunView, page: Page, with_rejected: bool) -> String {
    let mut text = heading(view, page);
    text.push_str(&family(view, page, with_rejected));
    text.push_str(&carry_note(view, page));
    text.push_str(&best_note(view, page));
    text.push_str(&openings::footer(&view.tests, page));
    text
}

/// The family tree without its heading.
pub fn family(view: &RunView, page: Page, with_rejected: bool) -> String {
    let shown = view
        .generations
        .values()
        .filter(|generation| with_rejected || generation.status == GenerationStatus::Valid);
    let best = view.best();
    let nodes: Vec<Node> = shown
        .map(|generation| Node {
            id: generation.id.0,
            parents: generation.parents.iter().map(|parent| parent.0).collect(),
            mark: match generation.status {
                GenerationStatus::Valid if best == Some(generation.id) => '★',
                GenerationStatus::Valid => '●',
                GenerationStatus::Rejected => '×',
                GenerationStatus::Fault => '!',
            },
        })
        .collect();
    let mut text = String::new();
    for line in tree::draw(&nodes) {
        let row = line.id.and_then(|id| view.generations.get(&GenerationId(id)));
        let Some(generation) = row else {
            text.push_str(&format!("  {}\n", page.ink.faint(line.lanes.trim_end())));
            continue;
        };
        let used = line.lanes.chars().count() + 4;
        text.push_str(&format!("  {}  {}\n", line.lanes, tree_row(view, generation, page, used)));
    }
    text
}

fn tree_row(view: &RunView, generation: &GenerationView, page: Page, used: usize) -> String {
    let name = page.ink.name(&generation.id.to_string());
    if generation.status != GenerationStatus::Valid {
        let found = generation.diagnostics.first().map(|found| format!(": {found}"));
        let told = format!(
            "{}{}  {}",
            status_word(generation.status),
            found.unwrap_or_default(),
            page.ink.faint(&what(generation))
        );
        return format!("{name}  {}", figure::cut(&told, page.rest(used + 11)));
    }
    let labels = labels(view, generation.id);
    format!(
        "{name}  {:>5}  {}  {}{}",
        figure::score(generation.mean()),
        figure::effect(view.effect(generation), page.ink),
        figure::cut(&what(generation), page.rest(used + 26 + labels.chars().count())),
        page.ink.strong(&labels),
    )
}

fn heading(view: &RunView, page: Page) -> String {
    let Some(identity) = &view.identity else { return String::new() };
    let tasks: Vec<String> =
        identity.tasks.iter().map(|task| format!("{task}{}", seal::mark(identity, task))).collect();
    format!(
        "{}  {}, {} of {}{}\n",
        page.ink.strong(identity.run.as_str()),
        tasks.join(", "),
        view.rewrites(),
        figure::count(u64::from(identity.generations), "rewrite"),
        aside(view),
    )
}

/// How many rewrites a rollback set aside, as `, 2 set aside`.
pub fn aside(view: &RunView) -> String {
    match view.set_aside() {
        0 => String::new(),
        some => format!(", {some} set aside"),
    }
}

fn carry_note(view: &RunView, page: Page) -> String {
    if view.carries() && view.generations.len() > 1 {
        page.ink.faint(
            "  effect: mean score minus the parent's, in pairs; in carry mode it shows the solution's way up, \
             not the agent's\n",
        )
    } else {
        page.ink.faint("  effect: mean score minus the parent's, in pairs over the same episodes\n")
    }
}

/// Why the best is another than the one with the highest score, where it is.
fn best_note(view: &RunView, page: Page) -> String {
    let best = view.best().and_then(|best| view.generations.get(&best)?.mean());
    let higher = |generation: &GenerationView| !generation.set_aside && generation.mean() > best;
    if best.is_none() || !view.generations.values().any(higher) {
        return String::new();
    }
    page.ink.faint(
        "  best: by cases that no script and no model is shown, and only where the lead is clear; the score is of other cases\n",
    )
}

/// What changed, in a line: the summary, and the files when the summary does not say; a change of what rewrites is marked.
pub fn what(generation: &GenerationView) -> String {
    let first_line = generation.summary.lines().next().unwrap_or_default().trim();
    let mark = if touches_the_improver(generation) { "improver: " } else { "" };
    match (first_line.is_empty(), generation.changed.is_empty()) {
        (false, _) => format!("{mark}{first_line}"),
        (true, false) => format!("{}: {}", generation.op, generation.changed.join(", ")),
        (true, true) => generation.op.clone(),
    }
}

/// The refs that point at a generation, as ` (best, latest)`, and whether a rollback set it aside.
pub fn labels(view: &RunView, id: GenerationId) -> String {
    let aside = view.generations.get(&id).is_some_and(|known| known.set_aside);
    let names: Vec<&str> = [("best", view.best()), ("latest", view.latest)]
        .into_iter()
        .filter(|(_, at)| *at == Some(id))
        .map(|(name, _)| name)
        .chain(aside.then_some("set aside"))
        .collect();
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

/// The word for a generation's status.
pub fn status_word(status: GenerationStatus) -> &'static str {
    match status {
        GenerationStatus::Valid => "valid",
        GenerationStatus::Rejected => "rejected",
        GenerationStatus::Fault => "fault",
    }
}

/// The first seven digits of a commit id.
pub fn short(commit: Option<&str>) -> &str {
    commit.map_or("-", |commit| commit.get(..7).unwrap_or(commit))
}

#[cfg(test)]
mod tests {
    use super::super::sample::small_run;
    use super::*;

    #[test]
    fn the_list_leaves_rejected_rewrites_out_and_says_so() {
        insta::assert_snapshot!(list(&RunView::of(&small_run()), Page::PLAIN, false), @r"
            run-1  snake, 3 of 3 rewrites
              generation  score  effect    kept  commit   what changed
              gen-00003   0.300  +0.100     1/2  0000000  param: operators.sigma 0.3 -> 0.2 (best, latest)
              gen-00001   0.200  +0.100     1/2  0000000  param: operators.num 1.0 -> 1.4
              gen-00000   0.100       -     1/2  0000000  seed/hyperagent
              1 rejected rewrite left out: `log --rejected` lists them with what the validation found
              effect: mean score minus the parent's, in pairs; in carry mode it shows the solution's way up, not the agent's
            ");
    }

    #[test]
    fn rejected_rewrites_are_listed_with_their_findings() {
        let text = list(&RunView::of(&small_run()), Page::PLAIN, true);
        assert!(
            text.contains("gen-00002   rejected  improver: fragment: next_step <- endless"),
            "{text}"
        );
        assert!(text.contains("E301 strategy.star:12 tick limit in next_step"), "{text}");
    }

    #[test]
    fn the_family_tree_has_score_effect_and_change() {
        insta::assert_snapshot!(graph(&RunView::of(&small_run()), Page::PLAIN, true), @r"
            run-1  snake, 3 of 3 rewrites
              ★    gen-00003  0.300  +0.100  param: operators.sigma 0.3 -> 0.2 (best, latest)
              │ ×  gen-00002  rejected: E301 strategy.star:12 tick limit in next_step  improver: fragment: next_step <- endless
              ● │  gen-00001  0.200  +0.100  param: operators.num 1.0 -> 1.4
              ├─╯
              ●    gen-00000  0.100       -  seed/hyperagent
              effect: mean score minus the parent's, in pairs; in carry mode it shows the solution's way up, not the agent's
            ");
    }

    #[test]
    fn a_best_that_has_not_the_highest_score_is_explained() {
        let mut view = RunView::of(&small_run());
        assert!(!list(&view, Page::PLAIN, false).contains("best: "));
        let other = view.generations.get_mut(&GenerationId(1)).expect("a generation");
        let episode = "snake#0".parse().expect("an episode");
        other.episodes.get_mut(&episode).expect("measured").score = Some(0.9);
        for told in [list(&view, Page::PLAIN, false), graph(&view, Page::PLAIN, false)] {
            assert!(told.contains("\n  best: by cases that no script"), "{told}");
            assert!(told.contains("(best, latest)"), "{told}");
        }
    }

    #[test]
    fn a_narrow_page_cuts_what_changed_and_keeps_the_labels() {
        let page = Page { width: Some(60), ..Page::PLAIN };
        let text = graph(&RunView::of(&small_run()), page, false);
        assert!(text.lines().any(|line| line.ends_with("… (best, latest)")), "{text}");
    }
}
