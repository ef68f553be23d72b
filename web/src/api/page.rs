//! Cursor pages: nothing that grows is answered whole (defect D35).

use crate::problem::{Code, Problem};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::str::FromStr;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// The longest page.
pub const MAX: i64 = 200;
/// The page of a client that names no length.
pub const DEFAULT: i64 = 100;

/// Which page of a school's list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// The school; may be left out by whoever belongs to one only.
    #[expect(dead_code, reason = "read before the handler, which gets `InSchool`; here for its description")]
    school: Option<Uuid>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// 1 to 200, 100 if left out.
    pub limit: Option<i64>,
}

/// A page of a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Ask with `cursor` = this for the next page; missing on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of the rows of a query that was asked for `limit` of them. A full page has a next one,
    /// which may turn out empty.
    pub fn of<R, K: Display>(
        list: &str,
        limit: i64,
        rows: Vec<R>,
        key: impl Fn(&R) -> K,
        item: impl FnMut(R) -> T,
    ) -> Self {
        let full = i64::try_from(rows.len()).is_ok_and(|n| n >= limit);
        let next = rows.last().filter(|_| full).map(|last| cursor(list, key(last)));
        Self { items: rows.into_iter().map(item).collect(), next }
    }
}

/// The page's length that was asked for, 1 to 200.
pub fn limit(asked: Option<i64>) -> Result<i64, Problem> {
    match asked {
        None => Ok(DEFAULT),
        Some(n) if (1..=MAX).contains(&n) => Ok(n),
        Some(_) => Err(Problem::new(Code::InvalidParameter).at("limit: 1 to 200")),
    }
}

/// An opaque cursor of a list: its name and the key to go on from.
pub fn cursor(list: &str, key: impl Display) -> String {
    URL_SAFE_NO_PAD.encode(format!("1:{list}:{key}"))
}

/// Reads a cursor of this list.
pub fn read_cursor<K: FromStr>(list: &str, cursor: Option<&str>) -> Result<Option<K>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        text.strip_prefix("1:")?.strip_prefix(list)?.strip_prefix(':')?.parse().ok()
    };
    read().map(Some).ok_or_else(|| Problem::new(Code::InvalidCursor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_its_own_list_only() {
        let text = cursor("students", 42);
        assert_eq!(read_cursor::<i64>("students", Some(&text)).unwrap(), Some(42));
        assert_eq!(read_cursor::<i64>("audit", Some(&text)).unwrap_err().code, Code::InvalidCursor);
        assert_eq!(read_cursor::<i64>("students", Some("!")).unwrap_err().code, Code::InvalidCursor);
        assert_eq!(read_cursor::<i64>("students", None).unwrap(), None);
    }

    #[test]
    fn a_page_has_one_to_two_hundred_items() {
        assert!(limit(Some(0)).is_err() && limit(Some(201)).is_err() && limit(Some(-1)).is_err());
        assert_eq!((limit(None).unwrap(), limit(Some(200)).unwrap()), (DEFAULT, 200));
    }
}
