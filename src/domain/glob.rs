//! Patterns of paths: `?` is one character and `*` any number of them within a part, a part `**` is any number of parts.
//!
//! `src/*.py` is the Python files in `src`, `**/rules.py` that file at any depth, `vendor/**` everything below `vendor`.
//! A pattern that ends in `/` stands for all below that folder.

/// Whether a pattern can stand for other paths than the one it spells.
pub fn is_pattern(text: &str) -> bool {
    text.ends_with('/') || text.contains(['*', '?'])
}

/// Whether a path, relative with `/` between its parts, is one that a pattern stands for.
pub fn matches(pattern: &str, path: &str) -> bool {
    let mut wanted: Vec<&str> = pattern.split('/').collect();
    if let Some(last) = wanted.last_mut().filter(|last| last.is_empty()) {
        *last = "**";
    }
    let parts: Vec<&str> = path.split('/').collect();
    fits(&wanted, &parts, &|part| *part == "**", &|wanted, part| {
        let (wanted, part): (Vec<char>, Vec<char>) =
            (wanted.chars().collect(), part.chars().collect());
        fits(&wanted, &part, &|it| *it == '*', &|it, character| *it == '?' || it == character)
    })
}

/// Whether items fit a row of wanted ones, in which an open one takes any number of items. On a misfit the last open
/// one takes one item more; earlier ones need no second look, so the time is at most the product of both lengths.
fn fits<T>(
    wanted: &[T],
    items: &[T],
    is_open: &impl Fn(&T) -> bool,
    one: &impl Fn(&T, &T) -> bool,
) -> bool {
    let (mut at, mut item) = (0, 0);
    let mut open: Option<(usize, usize)> = None;
    while let Some(here) = items.get(item) {
        match (wanted.get(at), &mut open) {
            (Some(next), _) if is_open(next) => {
                at += 1;
                open = Some((at, item));
            }
            (Some(next), _) if one(next, here) => {
                at += 1;
                item += 1;
            }
            (_, Some((after, taken))) => {
                *taken += 1;
                (at, item) = (*after, *taken);
            }
            (_, None) => return false,
        }
    }
    wanted.iter().skip(at).all(is_open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_the_paths_one_expects() {
        for (pattern, yes, no) in [
            ("player.py", vec!["player.py"], vec!["a/player.py", "player.pyc", "player"]),
            ("src/*.py", vec!["src/a.py", "src/.py"], vec!["src/a/b.py", "a.py", "src/a.txt"]),
            ("**/rules.py", vec!["rules.py", "a/rules.py", "a/b/rules.py"], vec!["a/xrules.py"]),
            ("vendor/**", vec!["vendor/a", "vendor/a/b.py"], vec!["vendors/a", "a/vendor/b"]),
            ("prompts/", vec!["prompts/a.md", "prompts/a/b.md"], vec!["prompt/a.md", "a.md"]),
            ("a/**/b/*.py", vec!["a/b/c.py", "a/x/y/b/c.py", "a/b/b/c.py"], vec!["a/x/c.py"]),
            ("?.py", vec!["a.py", "é.py"], vec!["ab.py", ".py", "/.py"]),
            ("*a*b*", vec!["ab", "xaxxbx", "aab"], vec!["ba", "a/b"]),
            ("**", vec!["a", "a/b/c"], vec![]),
            ("*.tar.gz", vec!["a.tar.gz", "a.tar.tar.gz"], vec!["a.tar.gzx"]),
        ] {
            for path in yes {
                assert!(matches(pattern, path), "{pattern} should stand for {path}");
            }
            for path in no {
                assert!(!matches(pattern, path), "{pattern} should not stand for {path}");
            }
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let (pattern, path) = ("*a".repeat(40) + "b", "a".repeat(4_000));
        assert!(!matches(&pattern, &path));
        let (pattern, path) = ("**/a/".repeat(40) + "b", "a/".repeat(400) + "c");
        assert!(!matches(&pattern, &path));
    }
}
