//! Which models wait for their provider, for those who watch a run.

use std::collections::BTreeMap;

use tokio::sync::watch;

use crate::base::id::Alias;

/// The models that wait, with the last failure in words.
pub type Paused = BTreeMap<Alias, String>;

/// The list, shared by all gates.
#[derive(Debug, Clone)]
pub(super) struct Pauses(watch::Sender<Paused>);

impl Default for Pauses {
    fn default() -> Self {
        Self(watch::Sender::new(Paused::new()))
    }
}

impl Pauses {
    /// Puts a model on the list.
    #[cfg(feature = "http")]
    pub fn add(&self, alias: &Alias, why: &str) {
        self.0.send_if_modified(|paused| {
            let new = !paused.contains_key(alias);
            if new {
                paused.insert(alias.clone(), why.to_owned());
            }
            new
        });
    }

    /// Takes it off again.
    #[cfg(feature = "http")]
    pub fn remove(&self, alias: &Alias) {
        self.0.send_if_modified(|paused| paused.remove(alias).is_some());
    }

    /// Tells every change from now on.
    pub fn watch(&self) -> watch::Receiver<Paused> {
        self.0.subscribe()
    }
}
