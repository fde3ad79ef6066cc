//! The library of hook bodies, and putting one into a strategy.

/// One hook body.
#[derive(Debug, PartialEq)]
pub(super) struct Fragment {
    /// The hook it defines.
    pub hook: &'static str,
    /// Its name in summaries.
    pub name: &'static str,
    /// The definition.
    pub text: &'static str,
    /// The numbers of `[params]` it reads, with the values it takes where they are absent.
    pub params: &'static [(&'static str, f64)],
}

macro_rules! fragment {
    ($hook:literal, $name:literal, $params:expr) => {
        Fragment {
            hook: $hook,
            name: $name,
            text: include_str!(concat!("../fragments/", $hook, "/", $name, ".star")),
            params: $params,
        }
    };
}

/// Every fragment.
pub(super) const FRAGMENTS: [Fragment; 8] = [
    fragment!("next_attempt", "best", &[]),
    fragment!("next_attempt", "tournament", &[("tournament", 3.0)]),
    fragment!("next_attempt", "softmax", &[("temperature", 0.02)]),
    fragment!("next_attempt", "restart", &[("patience", 12.0)]),
    fragment!("next_attempt", "cross_diverse", &[("cross_rate", 0.25)]),
    fragment!("accept", "strict", &[]),
    fragment!("accept", "shorter_equal", &[]),
    fragment!("accept", "annealed", &[("slack", 0.02)]),
];

/// Whether a strategy's hook is this fragment.
pub(super) fn is_in(strategy: &str, fragment: &Fragment) -> bool {
    strategy.contains(fragment.text.trim_end())
}

/// The strategy with the fragment as its hook: in the place of the hook's definition, else at the end.
pub(super) fn put(strategy: &str, fragment: &Fragment) -> String {
    let lines: Vec<&str> = strategy.split_inclusive('\n').collect();
    let head = format!("def {}(", fragment.hook);
    let Some(start) = lines.iter().position(|line| line.starts_with(&head)) else {
        return format!("{}\n\n{}", strategy.trim_end(), fragment.text);
    };
    let inside = |line: &&&str| line.starts_with([' ', '\t', ')']) || line.trim().is_empty();
    let body = lines.iter().skip(start + 1).take_while(inside).count();
    let before: String = lines.iter().take(start).copied().collect();
    let after: String = lines.iter().skip(start + 1 + body).copied().collect();
    let gap = if after.is_empty() { "" } else { "\n" };
    [&before, fragment.text, gap, &after].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_replaced_and_the_rest_stays() {
        let strategy = "# Mine.\ndef accept(c, inc, T, rng):\n    if True:\n\n        return False\n\n\ndef other():\n    pass\n";
        let strict = FRAGMENTS.iter().find(|it| it.name == "strict").expect("a fragment");
        let after = put(strategy, strict);
        assert_eq!(after, format!("# Mine.\n{}\ndef other():\n    pass\n", strict.text));
        assert!(is_in(&after, strict) && !is_in(strategy, strict));
        assert_eq!(put(&after, strict), after);
        let best = FRAGMENTS.iter().find(|it| it.name == "best").expect("a fragment");
        assert_eq!(put(&after, best), format!("{}\n\n{}", after.trim_end(), best.text));
    }

    #[test]
    fn every_fragment_is_one_definition_of_its_hook() {
        for fragment in &FRAGMENTS {
            assert!(fragment.text.starts_with(&format!("def {}(", fragment.hook)));
            let top =
                fragment.text.lines().filter(|line| !line.starts_with(' ') && !line.is_empty());
            assert_eq!(top.count(), 1, "{}", fragment.name);
            for (param, _) in fragment.params {
                assert!(fragment.text.contains(&format!("T.params.get(\"{param}\"")));
            }
        }
    }
}
