//! Numbers as people read them.

use super::ink::Ink;

/// A score in [0, 1], or `-` when there is none.
pub fn score(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

/// A difference of scores with its sign, right-aligned to 6 places and coloured by it; `-` when there is none.
pub fn effect(value: Option<f64>, ink: Ink) -> String {
    match value {
        None => format!("{:>6}", "-"),
        Some(value) if value.abs() < 0.0005 => format!("{:>6}", "0.000"),
        Some(value) if value > 0.0 => ink.good(&format!("{value:>+6.3}")),
        Some(value) => ink.bad(&format!("{value:>+6.3}")),
    }
}

/// A task's metric with three to four significant digits.
pub fn metric(value: f64) -> String {
    let magnitude = value.abs();
    let digits = if magnitude >= 1000.0 || magnitude == 0.0 {
        0
    } else if magnitude >= 100.0 {
        1
    } else if magnitude >= 10.0 {
        2
    } else if magnitude >= 1.0 {
        3
    } else {
        4
    };
    let text = format!("{value:.digits$}");
    match text.split_once('.') {
        Some((whole, _)) => {
            let trimmed = text.trim_end_matches('0').trim_end_matches('.');
            if trimmed.is_empty() { whole.to_owned() } else { trimmed.to_owned() }
        }
        None => text,
    }
}

/// A difference of metrics with its sign.
pub fn difference(value: f64) -> String {
    let text = metric(value);
    if value > 0.0 { format!("+{text}") } else { text }
}

/// A time span: `84 ms`, `3.8 s`, `41 s`, `3 min 05 s`, `2 h 07 min`.
pub fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms} ms"),
        1..10 => format!("{}.{} s", seconds, ms % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 generation`, `2 generations`.
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", super::spend::thousands(number))
}

/// The text cut to `width` characters, with `…` where something is missing; `None` keeps it whole.
pub fn cut(text: &str, width: Option<usize>) -> String {
    match width {
        Some(width) if text.chars().count() > width => {
            let mut kept: String = text.chars().take(width.saturating_sub(1)).collect();
            kept.push('…');
            kept
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_keep_the_digits_that_matter() {
        let shown = [0.05, 14.55, 2.635_983, 0.0, 60.0, 123.456, 5000.4, -0.25].map(metric);
        assert_eq!(
            shown,
            ["0.05", "14.55", "2.636", "0", "60", "123.5", "5000", "-0.25"].map(str::to_owned)
        );
        assert_eq!((difference(3.0), difference(-3.0)), ("+3".to_owned(), "-3".to_owned()));
    }

    #[test]
    fn effects_carry_their_sign_and_noise_around_zero_does_not() {
        assert_eq!(effect(Some(0.0471), Ink::Plain), "+0.047");
        assert_eq!(effect(Some(-0.011), Ink::Plain), "-0.011");
        assert_eq!(effect(Some(-0.0001), Ink::Plain), " 0.000");
        assert_eq!(effect(None, Ink::Plain), "     -");
    }

    #[test]
    fn durations_are_read_at_a_glance() {
        let shown = [84, 3_840, 41_000, 185_000, 7_620_000].map(duration);
        assert_eq!(
            shown,
            ["84 ms", "3.8 s", "41 s", "3 min 05 s", "2 h 07 min"].map(str::to_owned)
        );
    }

    #[test]
    fn a_cut_shows_that_something_is_missing() {
        assert_eq!(cut("längeres Wort", Some(8)), "längere…");
        assert_eq!(cut("kurz", Some(8)), "kurz");
    }
}
