//! What a change of the file comes to.

use std::fs;

use rstest::rstest;

use super::*;
use crate::config::{Overrides, load};

const BUDGET: &str = "[[budget]]\nid = \"b\"\namount = \"10 USD\"\nper = \"month\"\ntenants = [\"acme\"]\n";

struct Desk {
    _folder: tempfile::TempDir,
    path: PathBuf,
    live: LiveConfig,
}

impl Desk {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(".config/bedtop/config.toml");
        fs::create_dir_all(folder.path().join(".config/bedtop")).expect("made");
        fs::write(&path, text).expect("written");
        let home = folder.path().display().to_string();
        let environment = move |name: &str| (name == "HOME").then(|| home.clone());
        let read: Read = Box::new(move || load(&Overrides::default(), &environment));
        let live = LiveConfig::start(read, Some(path.clone())).expect("a good config");
        Self { _folder: folder, path, live }
    }

    /// What the file comes to with this text.
    fn take(&self, text: &str) -> (Option<Rules>, Vec<String>) {
        fs::write(&self.path, text).expect("written");
        self.live.read_again()
    }
}

#[test]
fn what_is_judged_by_and_who_is_told_changes_at_once() {
    let desk = Desk::new(BUDGET);
    let receiver = "[[receiver]]\nname = \"audit\"\nkind = \"log\"\n[[route]]\nreceivers = [\"audit\"]\n";
    let (rules, faults) = desk.take(&format!("{}{receiver}", BUDGET.replace("10 USD", "20 USD")));
    let rules = rules.expect("it is new");
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(rules.policy.budgets[0].amount.to_string(), "$20.00");
    assert!(rules.router.receiver("audit").is_some());
    assert_eq!(desk.live.in_force().budgets, rules.policy.budgets);
    let (again, faults) = desk.take(&format!("# a comment\n{}{receiver}", BUDGET.replace("10 USD", "20 USD")));
    assert!(again.is_none() && faults.is_empty(), "it says the same");
}

#[rstest]
#[case::faulty(&BUDGET.replace("\"10 USD\"", "true"), "config.toml has a fault: line 3, column 10: ")]
#[case::several("a = 1\nb = 2\n", "line 1, column 1: ")]
#[case::more("a = 1\nb = 2\n", " (and 1 more: `bedtop config check` tells all)")]
#[case::not_toml("[[budget\n", "line 1, column ")]
fn a_faulty_file_changes_nothing_and_says_where(#[case] text: &str, #[case] told: &str) {
    let desk = Desk::new(BUDGET);
    let before = desk.live.in_force();
    let (rules, faults) = desk.take(text);
    assert!(rules.is_none());
    assert!(faults.len() == 1 && faults[0].contains(told) && !faults[0].contains('\n'), "{faults:?}");
    assert!(faults[0].ends_with("; what held before stays in force"), "{faults:?}");
    assert_eq!(desk.live.in_force(), before);
    let (rules, faults) = desk.take(BUDGET);
    assert!(rules.is_none() && faults.is_empty(), "mended");
}

#[test]
fn a_file_that_is_gone_takes_nothing_away() {
    let desk = Desk::new(BUDGET);
    fs::remove_file(&desk.path).expect("removed");
    let (rules, faults) = desk.live.read_again();
    assert!(rules.is_none() && faults[0].contains("the config file is gone"), "{faults:?}");
    assert_eq!(desk.live.in_force().budgets.len(), 1);
}

#[rstest]
#[case("[collect]\ninterval = \"2m\"\n", "[collect] interval")]
#[case("[collect]\nceiling_usd_month = 3\n", "[collect] ceiling_usd_month")]
#[case("[collect]\nrevise_window = \"20m\"\n", "[collect] revise_window")]
#[case("[collect]\nbackfill = \"2d\"\n", "[collect] backfill")]
#[case("[[scope]]\nname = \"other\"\nregion = \"eu-west-1\"\n", "[[scope]]")]
#[case("[store]\npath = \"/elsewhere\"\n", "[store] path")]
#[case("[store]\nkeep_points = \"5d\"\n", "[store] keep_points")]
#[case("[store]\nkeep_five_minutes = \"50d\"\n", "[store] keep_five_minutes")]
#[case("[store]\nkeep_hours = \"400d\"\n", "[store] keep_hours")]
#[case("[log]\nlevel = \"debug\"\n", "[log]")]
#[case("[metrics]\nlisten = \"127.0.0.1:9464\"\n", "[metrics]")]
fn what_only_a_start_takes_up_is_named(#[case] text: &str, #[case] name: &str) {
    let desk = Desk::new(BUDGET);
    let before = desk.live.in_force();
    let (rules, faults) = desk.take(&format!("{BUDGET}{text}"));
    assert_eq!(faults, [format!("needs a restart: {name}")]);
    assert!(rules.is_none() && desk.live.in_force() == before, "it is not half in force");
}

#[test]
fn the_screen_is_for_panes_that_start() {
    let desk = Desk::new(BUDGET);
    let (rules, faults) = desk.take(&format!("{BUDGET}[ui]\nbell = false\n"));
    assert!(rules.is_none() && faults.is_empty(), "{faults:?}");
}
