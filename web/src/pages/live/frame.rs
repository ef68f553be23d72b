//! One state of the board as messages.

use super::super::board::Panel;
use super::super::view::{Board, Version};
use super::super::wall;
use crate::i18n::Lang;
use bytes::Bytes;
use maud::{Markup, html};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Which page looks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in super::super) enum Shape {
    /// The board.
    Board,
    /// The wall screen.
    Wall,
}

/// Positions remembered for `Last-Event-ID`.
const REMEMBERED: usize = 512;

/// Shortest time between two sentences for screen readers.
const SPEAK: Duration = Duration::from_secs(60);

/// A state of the board, rendered.
pub(super) struct Frame {
    /// Counts up from 1.
    pub(super) number: u64,
    version: Version,
    panels: Vec<Rendered>,
    /// The message for whoever has the frame before.
    delta: Bytes,
    spoke: Instant,
    /// For each position, oldest first: the first frame that showed it. The position of the very
    /// first frame is left out: an earlier process may have shown it with other figures.
    first_of: VecDeque<(i64, u64)>,
}

#[derive(Clone)]
struct Rendered {
    panel: Panel,
    partial: String,
    /// The frame that changed it last.
    changed: u64,
}

impl Shape {
    fn panels(self) -> &'static [Panel] {
        match self {
            Self::Board => &Panel::ALL,
            Self::Wall => &wall::PANELS,
        }
    }

    fn partial(self, panel: Panel, board: &Board, lang: Lang) -> String {
        let content: Markup = match self {
            Self::Board => panel.content(board, lang),
            Self::Wall => wall::content(panel, board, lang),
        };
        html! { hx-partial hx-target={ "#" (panel.id()) } hx-swap="innerMorph" { (content) } }.into_string()
    }
}

impl Frame {
    pub(super) fn first(board: &Board, lang: Lang, shape: Shape) -> Self {
        let render =
            |panel: &Panel| Rendered { panel: *panel, partial: shape.partial(*panel, board, lang), changed: 1 };
        let panels = shape.panels().iter().map(render).collect();
        Self {
            number: 1,
            version: board.version,
            panels,
            delta: Bytes::new(),
            spoke: Instant::now(),
            first_of: VecDeque::new(),
        }
    }

    pub(super) fn next(&self, board: &Board, lang: Lang, shape: Shape) -> Self {
        let number = self.number + 1;
        let speaks = self.spoke.elapsed() >= SPEAK;
        let render = |last: &Rendered| {
            if last.panel == Panel::Spoken && !speaks {
                return last.clone();
            }
            let partial = shape.partial(last.panel, board, lang);
            let changed = if partial == last.partial { last.changed } else { number };
            Rendered { panel: last.panel, partial, changed }
        };
        let panels: Vec<Rendered> = self.panels.iter().map(render).collect();
        let mut first_of = self.first_of.clone();
        if self.version.epoch != board.version.epoch {
            first_of.clear();
        } else if self.version.position < board.version.position {
            first_of.push_back((board.version.position, number));
            if first_of.len() > REMEMBERED {
                first_of.pop_front();
            }
        }
        let mut next = Self {
            number,
            version: board.version,
            panels,
            delta: Bytes::new(),
            spoke: if speaks { Instant::now() } else { self.spoke },
            first_of,
        };
        next.delta = next.changed_from(number);
        next
    }

    /// For a client that has frame `seen`.
    pub(super) fn after(&self, seen: u64) -> Bytes {
        if seen + 1 == self.number { self.delta.clone() } else { self.changed_from(seen + 1) }
    }

    /// For a client that just came, with the id of the last message that it has, if it has one.
    pub(super) fn resume(&self, known: Option<&str>) -> Bytes {
        self.changed_from(known.and_then(|id| self.first_frame_of(id)).unwrap_or(0))
    }

    fn first_frame_of(&self, id: &str) -> Option<u64> {
        let (epoch, position) = id.split_once('.')?;
        let position: i64 = position.parse().ok()?;
        if epoch != self.version.epoch.to_string() {
            return None;
        }
        let at = self.first_of.binary_search_by_key(&position, |(position, _)| *position).ok()?;
        self.first_of.get(at).map(|(_, number)| *number)
    }

    /// Every panel that frame `number` or a later one changed.
    fn changed_from(&self, number: u64) -> Bytes {
        let mut data = String::new();
        for panel in self.panels.iter().filter(|panel| panel.changed >= number) {
            data.push_str(&panel.partial);
        }
        if data.is_empty() {
            // Still a message: its arrival tells the page that the server is alive. Its figures are
            // the same, and so is the time that they show.
            data.extend(self.panels.iter().filter(|p| p.panel == Panel::Fresh).map(|p| p.partial.as_str()));
        }
        message(self.version, &data)
    }
}

/// A server-sent event (WHATWG HTML, 9.2.6): every line of the data needs its own field.
fn message(version: Version, data: &str) -> Bytes {
    let mut text = format!("id: {}.{}\n", version.epoch, version.position);
    for line in data.split(['\n', '\r']) {
        text.push_str("data: ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    Bytes::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: i64, inside: u32) -> Board {
        let mut board = Board::sample();
        board.version.position = position;
        board.counts.inside = inside;
        board
    }

    fn frames() -> Vec<Frame> {
        let first = Frame::first(&at(10, 1), Lang::Es, Shape::Board);
        let second = first.next(&at(12, 2), Lang::Es, Shape::Board);
        let mut busy = at(15, 2);
        busy.quarantined = 99;
        let third = second.next(&busy, Lang::Es, Shape::Board);
        vec![first, second, third]
    }

    fn targets(message: &Bytes) -> Vec<String> {
        let text = String::from_utf8(message.to_vec()).unwrap();
        assert!(text.ends_with("\n\n") && text.starts_with("id: "));
        text.split("hx-target=\"#").skip(1).map(|t| t[..t.find('"').unwrap()].to_owned()).collect()
    }

    #[test]
    fn a_client_without_an_id_or_with_an_unknown_one_gets_every_panel() {
        let frames = frames();
        for known in [None, Some("nonsense"), Some("00000000-0000-0000-0000-000000000000.12"), Some("")] {
            assert_eq!(targets(&frames[2].resume(known)).len(), Panel::ALL.len());
        }
    }

    #[test]
    fn a_client_that_comes_back_gets_what_changed_since() {
        let frames = frames();
        let id = |position| format!("{}.{position}", Board::sample().version.epoch);
        assert_eq!(targets(&frames[2].resume(Some(&id(12)))), ["answer", "gates"]);
        assert_eq!(targets(&frames[2].resume(Some(&id(15)))), ["gates"]);
        // Position 10 may have been shown by an earlier process, and 11 was never shown.
        assert_eq!(targets(&frames[2].resume(Some(&id(10)))).len(), Panel::ALL.len());
        assert_eq!(targets(&frames[2].resume(Some(&id(11)))).len(), Panel::ALL.len());
    }

    #[test]
    fn a_slow_client_gets_everything_that_it_missed_in_one_message() {
        let frames = frames();
        assert_eq!(targets(&frames[1].after(1)), ["answer"]);
        assert_eq!(targets(&frames[2].after(2)), ["gates"]);
        assert_eq!(targets(&frames[2].after(1)), ["answer", "gates"]);
    }

    #[test]
    fn nothing_new_is_still_a_message() {
        let frames = frames();
        let same = frames[2].next(
            &{
                let mut board = at(15, 2);
                board.quarantined = 99;
                board
            },
            Lang::Es,
            Shape::Board,
        );
        assert_eq!(targets(&same.after(3)), ["fresh"]);
    }

    #[test]
    fn after_a_restore_old_positions_mean_nothing() {
        let frames = frames();
        let mut board = at(16, 3);
        let old = board.version.epoch;
        board.version.epoch = uuid::Uuid::from_u128(99);
        let restored = frames[2].next(&board, Lang::Es, Shape::Board);
        assert_eq!(targets(&restored.resume(Some(&format!("{old}.15")))).len(), Panel::ALL.len());
    }

    #[test]
    fn a_line_break_in_a_name_cannot_end_a_message() {
        let frame = Frame::first(&Board::sample_hostile(), Lang::Es, Shape::Board);
        let text = String::from_utf8(frame.resume(None).to_vec()).unwrap();
        for line in text.trim_end().lines() {
            assert!(line.starts_with("id: ") || line.starts_with("data: "), "{line}");
        }
        assert!(!text.contains("<script") && !text.contains("<img"));
    }
}
