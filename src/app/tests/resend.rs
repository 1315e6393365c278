//! Dead letters are sent again by a key.

use super::*;
use crate::domain::event::{AlertKey, Subject};
use crate::domain::letter::{LetterRow, LetterState, Outbox};
use crate::respond::identity_of;

#[test]
fn what_was_given_up_about_the_selected_alert_is_sent_again() {
    let mut state = State::new("", (120, 30));
    let mut view = view();
    let row = view.tenants.iter().find(|row| !row.signals.is_empty()).expect("an alert stands");
    let (signal, budget) = (row.signals[0].signal, row.signals[0].budget.clone());
    let alert = AlertKey { subject: Subject::Owner(row.owner.clone()), signal, budget };
    let letter = |key: &str, state, about: &str| LetterRow {
        key: key.to_owned(),
        state,
        receiver: "pager".to_owned(),
        summary: String::new(),
        about: vec![about.to_owned()],
        attempts: 1,
        note: None,
        written: view.at,
        due: view.at,
        done_at: None,
    };
    let about = identity_of(&alert);
    let letters = vec![
        letter("waits", LetterState::Waiting, &about),
        letter("dead", LetterState::Dead, &about),
        letter("other", LetterState::Dead, "tenant/other/burn"),
    ];
    view.outbox = Outbox { waiting: 1, dead: 2, letters };
    take(&mut state, Arc::new(view), START);
    assert_eq!(press(&mut state, "2x"), [Effect::Resend("dead".to_owned())]);
    state.list_mut().selected = Some(RowKey::Bill("acme".to_owned()));
    assert_eq!(press(&mut state, "x"), []);
}
