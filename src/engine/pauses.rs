//! Which models wait for their provider, told in the journal: `status` reads it there, and so does whoever looks back.

use super::Stopped;
use super::session::Session;
use crate::domain::event::Event;
use crate::model::Paused;

/// Records every pause and its end, for as long as the run works. Returns only when the journal cannot be written.
pub async fn tell(session: &Session) -> Stopped {
    let mut paused = session.models.paused();
    let mut told = Paused::new();
    loop {
        let now = paused.borrow_and_update().clone();
        for event in changes(&told, &now) {
            if let Err(failed) = session.record(event).await {
                return failed;
            }
        }
        told = now;
        if paused.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// What was told before against what is now.
fn changes(told: &Paused, now: &Paused) -> Vec<Event> {
    let ended = told.keys().filter(|alias| !now.contains_key(*alias));
    let begun = now.iter().filter(|(alias, _)| !told.contains_key(*alias));
    ended
        .map(|alias| Event::ProviderBack { alias: alias.clone() })
        .chain(
            begun.map(|(alias, why)| Event::ProviderPaused {
                alias: alias.clone(),
                why: why.clone(),
            }),
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_told() {
        let paused = |names: &[&str]| -> Paused {
            names.iter().map(|name| (name.parse().expect("an alias"), "429".to_owned())).collect()
        };
        assert_eq!(changes(&paused(&["a"]), &paused(&["a"])), []);
        let alias = |name: &str| name.parse().expect("an alias");
        assert_eq!(
            changes(&paused(&["a", "b"]), &paused(&["b", "c"])),
            [
                Event::ProviderBack { alias: alias("a") },
                Event::ProviderPaused { alias: alias("c"), why: "429".into() }
            ]
        );
    }
}
