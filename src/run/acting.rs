//! What a key on a row of the screen does about alerts, as of the view that is shown.

use jiff::{SignedDuration, Timestamp};

use crate::app::list::RowKey;
use crate::domain::action::{ACK_HOLDS, Action, Deed, LONGEST_SILENCE, Silence, SilenceId};
use crate::domain::level::Level;

/// Acknowledges what a row is about; none where it is about no alerts or nothing is shown yet.
pub(super) fn acknowledge(row: &RowKey, note: String, shown: Option<Timestamp>) -> Option<Action> {
    let (matchers, at) = row.matchers().zip(shown)?;
    let until = at.saturating_add(ACK_HOLDS).ok()?;
    Some(Action { at, by: author(), what: Deed::Ack { matchers, note, until } })
}

/// Silences what a row is about, up to orange: red is told of all the same.
pub(super) fn silence(
    row: &RowKey,
    length: SignedDuration,
    comment: String,
    shown: Option<Timestamp>,
) -> Option<Action> {
    let (matchers, at) = row.matchers().zip(shown)?;
    let ends = at.saturating_add(length.min(LONGEST_SILENCE)).ok()?;
    let (id, author) = (SilenceId::at(at), author());
    let by = author.clone();
    let silence = Silence { id, matchers, author, comment, starts: at, ends, cap: Level::Orange };
    Some(Action { at, by, what: Deed::Silence(silence) })
}

/// Who sits at the screen.
fn author() -> String {
    std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Owner;

    fn row() -> RowKey {
        RowKey::Owner(Owner::Tenant("acme".into()))
    }

    #[test]
    fn a_silence_from_the_screen_lasts_a_day_at_most_and_lets_red_through() {
        let now = Timestamp::UNIX_EPOCH;
        let action = silence(&row(), SignedDuration::from_hours(90), "load test".into(), Some(now)).expect("an action");
        let Deed::Silence(made) = action.what else { panic!("not a silence") };
        assert_eq!((made.ends, made.cap), (now + LONGEST_SILENCE, Level::Orange));
        assert_eq!(made.matchers.to_string(), "tenant=acme");
    }

    #[test]
    fn nothing_is_acknowledged_before_anything_is_shown_or_on_a_bill() {
        assert_eq!(acknowledge(&row(), String::new(), None), None);
        assert_eq!(acknowledge(&RowKey::Bill("acme".into()), String::new(), Some(Timestamp::UNIX_EPOCH)), None);
    }
}
