//! A map of few entries. A `BTreeMap` makes room for eleven at once, which is most of the memory where ten thousand of them
//! have one entry each.

/// A sorted list of entries, with no more room than they need. Finding one takes as long as in a `BTreeMap`, adding one as
/// long as there are entries.
#[derive(Debug, Clone, PartialEq)]
pub struct Few<K, V>(Vec<(K, V)>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// The entries, in order.
pub type Entries<'a, K, V> =
    std::iter::Map<std::slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> (&'a K, &'a V)>;

impl<K: Ord, V> Few<K, V> {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        let place = self.place(key).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(key).ok()?;
        self.0.get_mut(place).map(|(_, value)| value)
    }

    /// Whether a key has a value.
    pub fn contains_key(&self, key: &K) -> bool {
        self.place(key).is_ok()
    }

    /// Gives a key a value; the one it had before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.get_mut(&key) {
            Some(known) => Some(std::mem::replace(known, value)),
            None => {
                self.add(key, value);
                None
            }
        }
    }

    /// The value of a key, to be changed; a default one where it had none.
    pub fn or_default(&mut self, key: &K) -> Option<&mut V>
    where
        K: Clone,
        V: Default,
    {
        if !self.contains_key(key) {
            self.add(key.clone(), V::default());
        }
        self.get_mut(key)
    }

    /// The entries, in the order of keys.
    pub fn iter(&self) -> Entries<'_, K, V> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    fn place(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(key))
    }

    fn add(&mut self, key: K, value: V) {
        let (Ok(place) | Err(place)) = self.place(&key);
        self.0.reserve_exact(1);
        self.0.insert(place, (key, value));
    }
}

impl<'a, K: Ord, V> IntoIterator for &'a Few<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Entries<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map(changes in prop::collection::vec((0..6u8, any::<u8>(), any::<bool>()), 0..20)) {
            let (mut few, mut map) = (Few::default(), BTreeMap::new());
            for (key, value, adds) in changes {
                if adds {
                    prop_assert_eq!(few.insert(key, value), map.insert(key, value));
                } else {
                    prop_assert_eq!(few.or_default(&key).copied(), Some(*map.entry(key).or_default()));
                }
                prop_assert!(few.iter().eq(map.iter()) && few.keys().eq(map.keys()));
                prop_assert_eq!((few.len(), few.is_empty()), (map.len(), map.is_empty()));
                prop_assert_eq!((few.get(&3), few.contains_key(&3)), (map.get(&3), map.contains_key(&3)));
            }
        }
    }
}
