//! Rows of one table in memory, while a page of events is folded into them.

use std::collections::{BTreeMap, BTreeSet};

/// A row that knows the last event that changed it.
pub(crate) trait Positioned {
    /// Position of that event.
    fn position(&self) -> i64;
    /// Takes the position of a newer one.
    fn set_position(&mut self, position: i64);
}

macro_rules! positioned {
    ($($row:ty),+ $(,)?) => {$(
        impl crate::rows::Positioned for $row {
            fn position(&self) -> i64 { self.position }
            fn set_position(&mut self, position: i64) { self.position = position; }
        }
    )+};
}
pub(crate) use positioned;

/// Loaded rows by key, and which of them changed.
#[derive(Debug, Clone)]
pub(crate) struct Rows<K, R> {
    rows: BTreeMap<K, R>,
    changed: BTreeSet<K>,
}

impl<K, R> Default for Rows<K, R> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), changed: BTreeSet::new() }
    }
}

impl<K: Ord + Clone, R: Positioned> Rows<K, R> {
    /// Puts in a row as it is stored.
    pub(crate) fn load(&mut self, key: K, row: R) {
        self.rows.insert(key, row);
    }

    /// The row, if it is there.
    pub(crate) fn get(&self, key: &K) -> Option<&R> {
        self.rows.get(key)
    }

    /// All rows, in the order of their keys.
    pub(crate) fn all(&self) -> impl Iterator<Item = &R> {
        self.rows.values()
    }

    /// The rows from one key to another, both included, as far as they are here.
    pub(crate) fn between(&self, from: K, to: K) -> impl Iterator<Item = &R> {
        self.rows.range(from..=to).map(|(_, row)| row)
    }

    /// Creates the row if it is not there, then lets an event change it. An event that is not newer
    /// than the row has been applied before.
    pub(crate) fn upsert(&mut self, key: K, position: i64, fresh: impl FnOnce() -> R, change: impl FnOnce(&mut R)) {
        match self.rows.get_mut(&key) {
            Some(row) if row.position() >= position => return,
            Some(row) => {
                change(row);
                row.set_position(position);
            }
            None => {
                let mut row = fresh();
                change(&mut row);
                row.set_position(position);
                self.rows.insert(key.clone(), row);
            }
        }
        self.changed.insert(key);
    }

    /// Lets an event change a row, if it is there and older.
    pub(crate) fn update(&mut self, key: &K, position: i64, change: impl FnOnce(&mut R)) {
        if let Some(row) = self.rows.get_mut(key)
            && row.position() < position
        {
            change(row);
            row.set_position(position);
            self.changed.insert(key.clone());
        }
    }

    /// Lets an event change every older row that it is about.
    pub(crate) fn update_where(&mut self, position: i64, about: impl Fn(&R) -> bool, change: impl Fn(&mut R)) {
        for (key, row) in &mut self.rows {
            if about(row) && row.position() < position {
                change(row);
                row.set_position(position);
                self.changed.insert(key.clone());
            }
        }
    }

    /// The changed rows in the order of their keys, so that two writers lock them alike.
    pub(crate) fn changed(&self) -> Vec<&R> {
        self.changed.iter().filter_map(|k| self.rows.get(k)).collect()
    }
}

/// One column of several rows, for `unnest`.
macro_rules! column {
    ($rows:ident, $row:ident => $value:expr) => {
        &$rows.iter().map(|$row| $value).collect::<Vec<_>>()
    };
}
pub(crate) use column;
