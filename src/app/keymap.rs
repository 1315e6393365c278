//! Which key does what: the table of actions, with what the config binds otherwise.

use crossterm::event::KeyEvent;

use crate::app::action::{Action, BINDINGS, Binding, Place, Places};
use crate::app::key::{Chord, Key};

/// A binding with the keys that are in force.
#[derive(Clone, Debug)]
pub struct Bound {
    /// What is done, where, and what it is called.
    pub binding: &'static Binding,
    /// By which keys; none where the config takes them away.
    pub keys: Vec<Chord>,
}

/// Every binding in force.
#[derive(Clone, Debug)]
pub struct Keymap {
    bound: Vec<Bound>,
}

/// What a key means at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It does this.
    Does(Action),
    /// It waits for a second key.
    Begins,
    /// Nothing.
    Nothing,
}

impl Default for Keymap {
    fn default() -> Self {
        Self { bound: BINDINGS.iter().map(|binding| Bound { binding, keys: binding.keys.to_vec() }).collect() }
    }
}

impl Keymap {
    /// The default keys with these changes: the name of an action and the keys it has instead.
    ///
    /// # Errors
    /// Every name that no action has, every text that is no key, and every key that would mean two things at one place,
    /// with both their names.
    pub fn with(changes: &[(String, Vec<String>)]) -> Result<Self, Vec<String>> {
        let mut keymap = Self::default();
        let mut faults = Vec::new();
        for (name, keys) in changes {
            faults.extend(keymap.rebind(name, keys).err());
        }
        faults.extend(keymap.conflicts());
        if faults.is_empty() { Ok(keymap) } else { Err(faults) }
    }

    fn rebind(&mut self, name: &str, keys: &[String]) -> Result<(), String> {
        let bound = self.bound.iter_mut().find(|bound| bound.binding.name == name);
        let bound = bound.ok_or_else(|| format!("`{name}` is not an action: `bedtop keys` lists them"))?;
        let chords: Result<Vec<_>, _> = keys.iter().map(|text| Chord::parse(text)).collect();
        bound.keys = chords.map_err(|fault| format!("{name}: {fault}"))?;
        Ok(())
    }

    /// Keys that would mean two things at one place.
    fn conflicts(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (place, first) in self.bound.iter().enumerate() {
            for second in &self.bound[place + 1..] {
                if !first.binding.places.overlaps(second.binding.places) {
                    continue;
                }
                let pairs = first.keys.iter().flat_map(|key| second.keys.iter().map(move |other| (key, other)));
                let double =
                    pairs.filter(|(key, other)| key.clashes(**other)).map(|(key, other)| key.shorter(*other)).next();
                faults.extend(double.map(|key| {
                    format!("the key {key} would mean both `{}` and `{}`", first.binding.name, second.binding.name)
                }));
            }
        }
        faults
    }

    /// Every binding, in the order of the help.
    #[must_use]
    pub fn all(&self) -> &[Bound] {
        &self.bound
    }

    /// The bindings of a place that have a key.
    pub fn at(&self, place: Place) -> impl Iterator<Item = &Bound> {
        self.bound.iter().filter(move |bound| bound.binding.places.has(place) && !bound.keys.is_empty())
    }

    /// What a key means at a place, after an earlier key that waits for a second one.
    #[must_use]
    pub fn meaning(&self, waiting: Option<Key>, event: &KeyEvent, place: Place) -> Meaning {
        let key = Key::of(event);
        let find = |holds: &dyn Fn(&Chord) -> bool| self.at(place).find(|bound| bound.keys.iter().any(holds));
        if let Some(first) = waiting
            && let Some(bound) = find(&|chord| chord.is_pair(first, key))
        {
            return Meaning::Does(bound.binding.action);
        }
        match find(&|chord| chord.is(key)) {
            Some(bound) => Meaning::Does(bound.binding.action),
            None if find(&|chord| chord.begins_with(key)).is_some() => Meaning::Begins,
            None => Meaning::Nothing,
        }
    }

    /// The first key of an action, for hints.
    #[must_use]
    pub fn key_of(&self, action: Action) -> Option<Chord> {
        self.bound.iter().find(|bound| bound.binding.action == action)?.keys.first().copied()
    }
}

impl Bound {
    /// Its keys in one text, separated by spaces.
    #[must_use]
    pub fn keys_text(&self) -> String {
        self.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join("  ")
    }

    /// Where it applies, in a word or two.
    #[must_use]
    pub fn places_text(&self) -> &'static str {
        match self.binding.places {
            Places::EVERYWHERE => "everywhere",
            Places::LISTS => "lists",
            Places::TENANTS | Places::OF_TENANTS => "tenants",
            Places::ALERTS => "alerts",
            Places::PROFILES => "profiles",
            Places::MONEY => "money",
            Places::TABLES => "tables",
            Places::CHARTS => "charts",
            places if places == Places::CHARTS.others() => "all but charts",
            _ => "where something is selected",
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;
    use crate::app::action::View;
    use crate::app::column::Column;

    fn changes(changes: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
        let texts = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        changes.iter().map(|(name, keys)| ((*name).to_owned(), texts(keys))).collect()
    }

    #[test]
    fn no_key_means_two_things_at_one_place() {
        assert_eq!(Keymap::default().conflicts(), Vec::<String>::new());
    }

    #[test]
    fn every_action_has_a_name_of_its_own() {
        for (place, binding) in BINDINGS.iter().enumerate() {
            assert!(BINDINGS[..place].iter().all(|other| other.name != binding.name), "{}", binding.name);
        }
    }

    #[test]
    fn every_sortable_column_is_sorted_by_the_letter_in_its_title() {
        for view in [View::Tenants, View::Profiles, View::Money] {
            for column in Column::all(view).iter().filter(|column| column.letter().is_some()) {
                let bound = Keymap::default();
                let event = KeyEvent::from(KeyCode::Char(column.letter().expect("filtered")));
                let meaning = bound.meaning(None, &event, Place::On(view));
                assert_eq!(meaning, Meaning::Does(Action::SortBy(*column)));
            }
        }
    }

    #[test]
    fn keys_are_found_with_their_modifiers_and_pairs_wait() {
        let keymap = Keymap::default();
        let tenants = Place::On(View::Tenants);
        let press = |waiting, code, modifiers| keymap.meaning(waiting, &KeyEvent::new(code, modifiers), tenants);
        let g = KeyEvent::from(KeyCode::Char('g'));
        assert_eq!(press(None, KeyCode::Char('G'), KeyModifiers::SHIFT), Meaning::Does(Action::Bottom));
        assert_eq!(press(None, KeyCode::Char('C'), KeyModifiers::CONTROL), Meaning::Does(Action::Interrupt));
        assert_eq!(press(None, KeyCode::Char('c'), KeyModifiers::NONE), Meaning::Nothing);
        assert_eq!(press(None, g.code, g.modifiers), Meaning::Begins);
        assert_eq!(press(Some(Key::of(&g)), g.code, g.modifiers), Meaning::Does(Action::Top));
        assert_eq!(press(Some(Key::of(&g)), KeyCode::Char('j'), KeyModifiers::NONE), Meaning::Does(Action::Down));
    }

    #[test]
    fn a_config_binds_other_keys_and_a_double_binding_is_refused_with_both_names() {
        let keymap = Keymap::with(&changes(&[("refresh", &["F5"]), ("why", &["e", "Ctrl-W"])])).expect("no conflict");
        let press = |code| keymap.meaning(None, &KeyEvent::from(code), Place::On(View::Tenants));
        assert_eq!(press(KeyCode::F(5)), Meaning::Does(Action::Refresh));
        assert_eq!(press(KeyCode::Char('r')), Meaning::Nothing);
        let faults = Keymap::with(&changes(&[("why", &["j"])])).expect_err("j is down");
        assert_eq!(faults, ["the key j would mean both `why` and `down`"]);
        let faults = Keymap::with(&changes(&[("why", &["gx"]), ("dance", &["x"]), ("copy", &["Hyper-y"])]));
        let faults = faults.expect_err("two faults");
        assert!(faults[0].contains("`dance` is not an action") && faults[1].contains("copy: `Hyper-y` is not a key"));
        let faults = Keymap::with(&changes(&[("refresh", &["g"])])).expect_err("gg begins with g");
        assert_eq!(faults, ["the key g would mean both `top` and `refresh`"]);
    }
}
