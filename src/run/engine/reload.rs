//! Another config for an engine that runs.

use crate::run::engine::Engine;
use crate::run::reload::{Reload, Rules};

impl Engine {
    /// Judges by another policy and tells others from now on. Levels, silences and what people were told stand as they
    /// do over a restart; sums and forecasts follow from the policy and are made anew.
    pub(super) fn reload(&mut self, reload: Reload) {
        self.config_faults = reload.faults;
        if let Some(Rules { policy, router }) = reload.rules {
            self.policy = policy;
            self.judge.forget_sums();
            self.details.clear();
            if let Some(office) = &mut self.office {
                office.follow(router);
            }
        }
        self.forget();
        // Whoever asked may have gone.
        let _ = reload.done.send(());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::{SignedDuration, Timestamp};
    use tokio::sync::{Notify, oneshot};

    use super::*;
    use crate::config::{Config, Overrides, load};
    use crate::cost::PriceBook;
    use crate::domain::event::LevelChange;
    use crate::domain::health::PollRecord;
    use crate::domain::ids::ProfileKey;
    use crate::domain::letter::LetterRow;
    use crate::domain::level::Level;
    use crate::domain::meter::{Counts, Meter};
    use crate::domain::profile::Profile;
    use crate::domain::time::Step;
    use crate::domain::usage::{Batch, Point, ProfileUsage};
    use crate::domain::view::Mode;
    use crate::history::Retention;
    use crate::link::Answer;
    use crate::respond::Router;
    use crate::run::engine::Command;
    use crate::run::responses::Responding;
    use crate::run::setup;

    /// More than `tiny` is spent at once.
    const TEXT: &str = r#"
        [[budget]]
        id = "tiny"
        amount = "0.001 USD"
        per = "month"
        tenants = ["acme"]
        [[budget]]
        id = "ample"
        amount = "1000 USD"
        per = "month"
        tenants = ["acme"]
        [[receiver]]
        name = "audit"
        kind = "log"
        [[route]]
        receivers = ["audit"]
    "#;

    struct Desk {
        folder: tempfile::TempDir,
        engine: Engine,
        now: Timestamp,
    }

    impl Desk {
        /// An engine that was stepped until the tiny budget is told of.
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let store = setup::temporary_store(&folder.path().join("store"), Step::MINUTE, Retention::DEFAULT);
            let now: Timestamp = "2026-11-20T10:00:00Z".parse().expect("a valid time");
            let config = config(folder.path(), TEXT);
            let policy = setup::policy(&config, Mode::Live, PriceBook::embedded());
            let engine = Engine::new(store.expect("opens"), policy, now)
                .with_responses(&Responding::new(&config), Arc::new(Notify::new()));
            let mut desk = Self { folder, engine, now };
            desk.minutes(10);
            desk
        }

        fn minutes(&mut self, minutes: usize) {
            for _ in 0..minutes {
                let key = ProfileKey { scope: "main".into(), id: "profile00001".into() };
                let mut profile = Profile::bare(key.clone(), self.now - SignedDuration::from_hours(1));
                profile.tags.insert("TenantID".to_owned(), "acme".to_owned());
                profile.model = Some("amazon.nova-lite-v1:0".into());
                let counts = Counts::EMPTY.with(Meter::Invocations, 1).with(Meter::InputTokens, 100_000);
                let point = Point { at: self.now, counts };
                self.now += SignedDuration::from_mins(1);
                let poll = PollRecord::new("main".into(), self.now, Some(self.now));
                let points = vec![ProfileUsage { profile: key, points: vec![point] }];
                let batch = Batch { points, profiles: vec![profile], ..Batch::new(poll) };
                self.engine.handle(Command::Store(Box::new(batch)));
                self.engine.handle(Command::Step(self.now));
            }
        }

        fn reload(&mut self, text: &str) {
            let config = config(self.folder.path(), text);
            let policy = setup::policy(&config, Mode::Live, PriceBook::embedded());
            let rules = Some(Rules { policy, router: Router::new(&config.responses) });
            let (done, mut is_done) = oneshot::channel();
            self.engine.handle(Command::Reload(Box::new(Reload { rules, faults: Vec::new(), done })));
            is_done.try_recv().expect("it is said when it is in force");
        }

        fn log(&mut self) -> Vec<LevelChange> {
            self.engine.view().log
        }

        fn letters(&mut self) -> Vec<LetterRow> {
            let Answer::Letters(letters) = self.engine.letters(None, 100) else { panic!("letters") };
            letters
        }
    }

    fn config(folder: &std::path::Path, text: &str) -> Config {
        let path = folder.join("config.toml");
        std::fs::write(&path, text).expect("written");
        let flags = Overrides { config: Some(path), store: Some(folder.join("store")), ..Overrides::default() };
        load(&flags, &|_| None).expect("a good config").config
    }

    #[test]
    fn levels_stand_and_nobody_is_told_again() {
        let mut desk = Desk::new();
        let (log, letters) = (desk.log(), desk.letters());
        assert_eq!(log.last().map(|change| change.level), Some(Level::Red), "{log:?}");
        assert!(!letters.is_empty());
        desk.reload(&TEXT.replace("1000 USD", "2000 USD"));
        let view = desk.engine.view();
        assert_eq!(view.tenants[0].level, Level::Red);
        let limit = |id: &str| {
            view.tenants[0].budgets.iter().find(|row| row.id.as_str() == id).map(|row| row.amount.to_string())
        };
        assert_eq!(limit("ample").as_deref(), Some("$2,000.00"), "what is shown is new at once");
        desk.minutes(5);
        desk.reload(TEXT);
        desk.minutes(5);
        assert_eq!(desk.log(), log, "no level has changed");
        assert_eq!(desk.letters(), letters, "and nobody was told again");
    }

    #[test]
    fn it_is_judged_by_the_new_config_from_the_next_step_on() {
        let mut desk = Desk::new();
        let before = desk.log().len();
        desk.reload(&TEXT.replace("1000 USD", "0.002 USD"));
        assert_eq!(desk.log().len(), before, "not before");
        desk.minutes(5);
        let of_ample = desk.log().into_iter().skip(before).find(|change| change.alert.budget == Some("ample".into()));
        assert_eq!(of_ample.map(|change| change.level), Some(Level::Red));
    }

    #[test]
    fn a_tenant_that_is_mapped_otherwise_has_all_that_it_ever_used() {
        let mut desk = Desk::new();
        let before = desk.engine.view();
        let mapped = "[[tenant]]\nid = \"hooli\"\nprofiles = [\"profile00001\"]\n";
        desk.reload(&format!("{mapped}{TEXT}"));
        let view = desk.engine.view();
        assert_eq!(view.tenants.iter().map(|row| row.owner.name()).collect::<Vec<_>>(), ["hooli"]);
        assert_eq!(view.totals.usage, before.totals.usage);
    }
}
