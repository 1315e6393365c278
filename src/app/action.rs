//! The table of actions: what can be done, where, and by which keys. Dispatch, footer and help read it, and
//! nothing else names a key.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::order::Column;

/// Something a user can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Select the next row, or scroll down.
    Down,
    /// Select the row before, or scroll up.
    Up,
    /// Half a page down.
    HalfPageDown,
    /// Half a page up.
    HalfPageUp,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
    /// Open the selected tenant.
    Open,
    /// Back to where one came from.
    Back,
    /// Show the tenants.
    ShowTenants,
    /// Show where the data comes from.
    ShowCollector,
    /// Edit the filter.
    Filter,
    /// Sort by a column; again: the other way round.
    SortBy(Column),
    /// Sort by the column to the left.
    SortLeft,
    /// Sort by the column to the right.
    SortRight,
    /// Stop the screen while collecting goes on.
    Pause,
    /// Poll now.
    Refresh,
    /// Show the keys.
    Help,
    /// Draw everything anew.
    Redraw,
    /// Stop the program as the shell's Ctrl-Z does.
    Suspend,
    /// End.
    Quit,
    /// End as the shell's Ctrl-C does.
    Interrupt,
}

/// A key that can be pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    control: bool,
}

/// Where an action applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On every screen.
    Everywhere,
    /// On the table of tenants.
    Tenants,
    /// On screens above the table.
    Above,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What is done.
    pub action: Action,
    /// By which keys; the first is the one that is shown in short.
    pub keys: &'static [Key],
    /// Where.
    pub place: Place,
    /// What it does, for the help.
    pub help: &'static str,
    /// What it does, for the footer; the most useful ones have one.
    pub footer: Option<&'static str>,
}

const fn plain(letter: char) -> Key {
    Key { code: KeyCode::Char(letter), control: false }
}

const fn control(letter: char) -> Key {
    Key { code: KeyCode::Char(letter), control: true }
}

const fn named(code: KeyCode) -> Key {
    Key { code, control: false }
}

const fn everywhere(action: Action, keys: &'static [Key], help: &'static str) -> Binding {
    Binding { action, keys, place: Place::Everywhere, help, footer: None }
}

const fn on_tenants(action: Action, keys: &'static [Key], help: &'static str) -> Binding {
    Binding { action, keys, place: Place::Tenants, help, footer: None }
}

impl Binding {
    const fn in_footer(self, footer: &'static str) -> Self {
        Self { footer: Some(footer), ..self }
    }
}

/// Every action, in the order of the help.
pub static BINDINGS: &[Binding] = &[
    on_tenants(Action::Open, &[named(KeyCode::Enter), named(KeyCode::Right), plain('l')], "open the selected tenant")
        .in_footer("open"),
    Binding {
        action: Action::Back,
        keys: &[named(KeyCode::Esc), named(KeyCode::Left), plain('h'), named(KeyCode::Backspace)],
        place: Place::Everywhere,
        help: "back; on the table: clear the filter",
        footer: None,
    },
    Binding {
        action: Action::Back,
        keys: &[named(KeyCode::Esc)],
        place: Place::Above,
        help: "back to the tenants",
        footer: Some("back"),
    },
    on_tenants(Action::Filter, &[plain('/')], "filter: name, !name, level>=orange, spend>1000, or").in_footer("filter"),
    everywhere(Action::ShowTenants, &[plain('1')], "the tenants"),
    everywhere(Action::ShowCollector, &[plain('6')], "the collector: scopes, lag, calls, and what they cost")
        .in_footer("collector"),
    everywhere(Action::Pause, &[plain(' ')], "pause the screen, or go on; collecting goes on meanwhile")
        .in_footer("pause"),
    everywhere(Action::Refresh, &[plain('r')], "poll now").in_footer("poll now"),
    everywhere(Action::Help, &[plain('?'), named(KeyCode::F(1))], "show or hide this help").in_footer("help"),
    everywhere(Action::Quit, &[plain('q')], "quit").in_footer("quit"),
    everywhere(Action::Down, &[named(KeyCode::Down), plain('j')], "down"),
    everywhere(Action::Up, &[named(KeyCode::Up), plain('k')], "up"),
    everywhere(Action::HalfPageDown, &[control('d')], "half a page down"),
    everywhere(Action::HalfPageUp, &[control('u')], "half a page up"),
    everywhere(Action::PageDown, &[named(KeyCode::PageDown), control('f')], "a page down"),
    everywhere(Action::PageUp, &[named(KeyCode::PageUp), control('b')], "a page up"),
    everywhere(Action::Top, &[named(KeyCode::Home), plain('g')], "to the top"),
    everywhere(Action::Bottom, &[named(KeyCode::End), plain('G')], "to the bottom"),
    on_tenants(Action::SortBy(Column::Level), &[plain('L')], "sort by level, then money at risk"),
    on_tenants(Action::SortBy(Column::Name), &[plain('N')], "sort by name"),
    on_tenants(Action::SortBy(Column::Spent), &[plain('$')], "sort by money spent"),
    on_tenants(Action::SortBy(Column::Used), &[plain('U')], "sort by share of the budget used"),
    on_tenants(Action::SortBy(Column::Pace), &[plain('P')], "sort by pace against an even one"),
    on_tenants(Action::SortBy(Column::Rate), &[plain('R')], "sort by dollars an hour"),
    on_tenants(Action::SortBy(Column::Tokens), &[plain('T')], "sort by tokens a minute"),
    on_tenants(Action::SortBy(Column::Requests), &[plain('Q')], "sort by requests a minute"),
    on_tenants(Action::SortBy(Column::Errors), &[plain('E')], "sort by errors a minute"),
    on_tenants(Action::SortBy(Column::Throttles), &[plain('H')], "sort by throttles a minute"),
    on_tenants(Action::SortBy(Column::Latency), &[plain('Y')], "sort by latency"),
    on_tenants(Action::SortBy(Column::Age), &[plain('A')], "sort by age of the data"),
    on_tenants(Action::SortLeft, &[plain('<')], "sort by the column to the left"),
    on_tenants(Action::SortRight, &[plain('>')], "sort by the column to the right"),
    everywhere(Action::Redraw, &[control('l')], "draw everything anew"),
    everywhere(Action::Suspend, &[control('z')], "stop until `fg`"),
    everywhere(Action::Interrupt, &[control('c')], "quit at once, with exit code 130"),
];

/// What a key does at a place.
#[must_use]
pub fn action_of(event: &KeyEvent, place: Place) -> Option<Action> {
    let key = Key::of(event);
    let applies = |binding: &&Binding| binding.place == Place::Everywhere || binding.place == place;
    BINDINGS.iter().filter(applies).find(|binding| binding.keys.contains(&key)).map(|binding| binding.action)
}

/// The bindings of a place, in the order of the help, each action once.
pub fn bindings_of(place: Place) -> impl Iterator<Item = &'static Binding> {
    let is_shadowed =
        move |binding: &Binding| place == Place::Above && binding.action == Action::Back && binding.place != place;
    BINDINGS
        .iter()
        .filter(move |binding| (binding.place == Place::Everywhere || binding.place == place) && !is_shadowed(binding))
}

impl Key {
    /// The key of an event; a letter carries its own shift.
    fn of(event: &KeyEvent) -> Self {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let code = match event.code {
            KeyCode::Char(letter) if control => KeyCode::Char(letter.to_ascii_lowercase()),
            code => code,
        };
        Self { code, control }
    }

    /// The name of the key as the help shows it.
    #[must_use]
    pub fn name(self) -> String {
        let code = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(letter) if self.control => letter.to_ascii_uppercase().to_string(),
            KeyCode::Char(letter) => letter.to_string(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::F(number) => format!("F{number}"),
            code => format!("{code:?}"),
        };
        if self.control { format!("Ctrl-{code}") } else { code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_at_one_place() {
        for place in [Place::Tenants, Place::Above] {
            let keys: Vec<(Key, Action)> =
                bindings_of(place).flat_map(|binding| binding.keys.iter().map(|key| (*key, binding.action))).collect();
            for (index, (key, action)) in keys.iter().enumerate() {
                let double = keys[..index].iter().find(|(other, _)| other == key);
                assert!(double.is_none(), "{} is {action:?} and {double:?}", key.name());
            }
        }
    }

    #[test]
    fn keys_are_found_with_their_modifiers() {
        let press = |code, modifiers| action_of(&KeyEvent::new(code, modifiers), Place::Tenants);
        assert_eq!(press(KeyCode::Char('G'), KeyModifiers::SHIFT), Some(Action::Bottom));
        assert_eq!(press(KeyCode::Char('C'), KeyModifiers::CONTROL), Some(Action::Interrupt));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::NONE), None);
        assert_eq!(action_of(&KeyEvent::from(KeyCode::Char('/')), Place::Above), None, "no filter above the table");
    }

    #[test]
    fn every_column_can_be_sorted_by_the_letter_in_its_title() {
        for column in Column::ALL {
            let binding = BINDINGS.iter().find(|binding| binding.action == Action::SortBy(column)).expect("bound");
            assert_eq!(binding.keys[0].name(), column.letter().to_string());
            assert!(column.title().contains(column.letter()), "{}", column.title());
        }
    }
}
