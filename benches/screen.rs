//! What a frame costs: an event, the state, the cells and the bytes that changed, at 200x50 with 10,000 tenants.
//!
//! `cargo bench --bench screen`. The limit is 1 ms at the median. `benches/terminals.py` measures the whole program in a
//! terminal beside others of its kind.

use std::hint::black_box;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bedtop::app::{Event, State, update};
use bedtop::domain::health::PollRecord;
use bedtop::domain::ids::ProfileKey;
use bedtop::domain::meter::{Counts, Meter};
use bedtop::domain::profile::Profile;
use bedtop::domain::tenancy::TenantRules;
use bedtop::domain::time::Step;
use bedtop::domain::usage::{Batch, Point, ProfileUsage};
use bedtop::domain::view::{FleetView, Mode};
use bedtop::history::{Retention, Store, StoreOptions};
use bedtop::judge::policy::Policy;
use bedtop::run::engine::Engine;
use bedtop::term::capability::{Background, Capability, ColorDepth, GlyphSet};
use bedtop::term::screen::Screen;
use bedtop::ui;
use bedtop::ui::theme::Theme;
use criterion::{Criterion, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent};
use jiff::{SignedDuration, Timestamp};

const TENANTS: u32 = 10_000;
const SIZE: (u16, u16) = (200, 50);

/// A fleet as the judge says it; every tenth tenant is in use.
fn fleet(folder: &std::path::Path) -> FleetView {
    let options = StoreOptions { step: Step::MINUTE, retention: Retention::DEFAULT, durable: false };
    let mut store = Store::open(folder, &options).expect("an empty folder");
    let now: Timestamp = "2026-11-19T13:42:00Z".parse().expect("a time");
    let mut batch = Batch::new(PollRecord::new("prod/us-east-1".into(), now, Some(now)));
    for number in 0..TENANTS {
        let key = ProfileKey { scope: "prod/us-east-1".into(), id: format!("profile{number:05}").as_str().into() };
        let mut profile = Profile::bare(key.clone(), now - SignedDuration::from_hours(48));
        profile.tags.insert("TenantID".into(), format!("tenant-{number:05}"));
        profile.model = Some("anthropic.claude-sonnet-4-5-20250929-v1:0".into());
        batch.profiles.push(profile);
        let first = if number % 10 == 0 { 1 } else { 50 };
        let point = |minutes: i64| Point {
            at: now - SignedDuration::from_mins(minutes),
            counts: Counts::EMPTY
                .with(Meter::Invocations, 3)
                .with(Meter::InputTokens, 2_000 + u64::from(number))
                .with(Meter::OutputTokens, 500),
        };
        batch.points.push(ProfileUsage { profile: key, points: (first..60).rev().map(point).collect() });
    }
    store.apply(&batch).expect("it can be written");
    let tenancy = TenantRules { tag_keys: vec!["TenantID".into()], ..TenantRules::default() };
    let view = Engine::new(store, Policy { tenancy, ..Policy::plain(Mode::Live) }, now).view();
    assert_eq!(view.tenants.len(), TENANTS as usize, "a tenant a profile");
    view
}

/// A frame after a key: the selection moves by one row, and back.
fn frames(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let view = Arc::new(fleet(folder.path()));
    let theme = Theme::new(Capability {
        depth: ColorDepth::TrueColor,
        glyphs: GlyphSet::Braille,
        background: Background::Dark,
    });
    let mut state = State::new("LIVE", SIZE);
    update(&mut state, Event::View { view: Arc::clone(&view), detail: None }, Duration::ZERO);
    let mut screen = Screen::new(io::sink(), SIZE.0, SIZE.1);
    let mut draw = |state: &State| screen.draw(|area, buf| ui::draw(state, &theme, area, buf)).expect("it draws");
    draw(&state);
    let keys = [KeyCode::Down, KeyCode::Up].map(KeyEvent::from);
    let mut turn = 0;
    criterion.bench_function("a key, its frame and its diff: 10,000 tenants, 200x50", |bencher| {
        bencher.iter(|| {
            turn += 1;
            update(&mut state, Event::Key(keys[turn % 2]), Duration::from_millis(turn as u64));
            black_box(draw(&state))
        });
    });
    criterion.bench_function("a new view, its order, its frame and its diff: 10,000 tenants, 200x50", |bencher| {
        bencher.iter(|| {
            turn += 1;
            let event = Event::View { view: Arc::clone(&view), detail: None };
            update(&mut state, event, Duration::from_secs(60 + turn as u64));
            black_box(draw(&state))
        });
    });
}

criterion_group!(benches, frames);
criterion_main!(benches);
