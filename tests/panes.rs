//! Several real programs on one history: they look alike, and one takes over when the owner ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use bedtop::domain::ids::Owner;
use bedtop::domain::time::TimeSpan;
use bedtop::domain::update::{Gaze, Update};
use bedtop::domain::view::{FleetView, Focus};
use bedtop::link::{Answer, Ask, Client, Grain, LinkError, SeriesQuery};
use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process};

#[path = "support/host.rs"]
mod host;
#[path = "support/scripted_aws.rs"]
#[allow(dead_code, reason = "each of the tests that share it needs a part of it")]
mod scripted_aws;
#[path = "support/terminal.rs"]
mod terminal;

use host::{Host, PATIENCE, SIZE, said};
use terminal::Terminal;

const CONTROL_Z: &str = "\x1a";

/// Waits for a view for which something holds.
async fn view_where(client: &mut Client, holds: impl Fn(&FleetView) -> bool) -> Arc<FleetView> {
    let end = Instant::now() + PATIENCE;
    loop {
        let newest = client.updates.borrow_and_update().clone();
        let view = if let Update::View(shown) = newest { Some(shown.view) } else { None };
        match &view {
            Some(view) if holds(view) => return Arc::clone(view),
            _ => {}
        }
        let left = end.saturating_duration_since(Instant::now());
        let changed = tokio::time::timeout(left, client.updates.changed()).await;
        let counts = view.as_ref().map(|view| view.totals.usage.counts);
        assert!(matches!(changed, Ok(Ok(()))), "waited in vain; the newest view has {counts:?}");
    }
}

fn tokens(view: &FleetView) -> u64 {
    view.totals.usage.counts.tokens()
}

/// The number of a pane's process.
fn number(pane: &Terminal) -> u32 {
    pane.process().as_raw_nonzero().get().cast_unsigned()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

fn kill(process: u32, signal: Signal) {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(pid, signal).expect("it can be signalled");
}

/// The screen but for its first two lines, which tell the time and the seat.
fn body(screen: &str) -> String {
    screen.lines().skip(2).map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panes_on_one_history_show_the_same_and_only_their_user_gets_in() {
    let host = Host::new();
    let mut owner = host.open_pane();
    let pane = host.open_pane();
    pane.wait_for("attached");
    let socket = host.socket().expect("the history is there");
    assert_eq!((mode(socket.parent().expect("a folder")), mode(&socket)), (0o700, 0o600));
    let (mut one, mut two) = (host.attach().await, host.attach().await);
    assert_eq!(one.owner.process, number(&owner));
    let first = view_where(&mut one, |view| tokens(view) == 120_000).await;
    assert_eq!(view_where(&mut two, |view| view.at >= first.at).await.tenants.len(), 3);
    // A poll that the attached pane asks for is seen by all, and all see the same.
    host.aws.script().put("profile00001", "InputTokenCount", Timestamp::now().as_second() / 60 * 60 - 900, 7_000.0);
    assert_eq!(two.ask(Ask::Refresh).await.expect("answered"), Answer::Done);
    let ours = view_where(&mut one, |view| tokens(view) == 126_000).await;
    let theirs = view_where(&mut two, |view| view.at >= ours.at).await;
    if ours.at == theirs.at {
        assert_eq!(ours, theirs);
    }
    let told = host.json(&["status", "--format", "json"]);
    assert_eq!(told["tenants"].as_array().map(Vec::len), Some(3));
    assert!(host.say(&["tenants"]).status.success() && host.say(&["profiles"]).status.success());
    let line = said(&host.say(&["status", "--format", "tmux"]));
    assert!(line.contains("#[") && line.ends_with("/h\n"), "{line}");
    let shown =
        pane.wait_until("the same as the owner's", |screen| body(&screen.contents()) == body(&owner.contents()));
    assert!(shown.contains("attached") && !owner.contents().contains("attached"), "{shown}");
    owner.press("q");
    assert_eq!(owner.wait_for_end().0, 0);
    pane.wait_for("took over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panes_ask_the_owner_for_series_and_changes() {
    let host = Host::new();
    let _owner = host.open_pane();
    let mut client = host.attach().await;
    let view = view_where(&mut client, |view| tokens(view) == 120_000).await;
    let query = |owner: Option<&str>, grain| {
        let owner = owner.map(|name| Owner::Tenant(name.into()));
        let span = TimeSpan::new(view.at - SignedDuration::from_hours(3), view.at);
        Ask::Series(SeriesQuery { owner, span, grain })
    };
    for (owner, grain, sum) in [
        (None, Grain::Points, 120_000),
        (Some("hooli"), Grain::Points, 60_000),
        (Some("hooli"), Grain::Hours, 60_000),
        (Some("nobody"), Grain::Hours, 0),
    ] {
        let Ok(Answer::Series(points)) = client.ask(query(owner, grain)).await else { panic!("{owner:?} {grain:?}") };
        assert_eq!(points.iter().map(|point| point.counts.tokens()).sum::<u64>(), sum, "{owner:?} {grain:?}");
    }
    let everything = TimeSpan::new(Timestamp::UNIX_EPOCH, view.at);
    let too_much = Ask::Series(SeriesQuery { owner: None, span: everything, grain: Grain::Points });
    let refused = client.ask(too_much).await.expect("answered");
    assert!(matches!(&refused, Answer::Refused(why) if why.contains("coarser grain")), "{refused:?}");
    let since = Timestamp::UNIX_EPOCH;
    let Ok(Answer::Changes(changes)) = client.ask(Ask::Changes { since, most: 1000 }).await else { panic!("answered") };
    assert_eq!(changes, view.log);
    let acme = Gaze { focus: Some(Focus::on(Owner::Tenant("acme".into()))), ..Gaze::default() };
    client.watch(acme.clone());
    let has_detail = |update: &Update| matches!(update, Update::View(shown) if shown.seen_by(&acme).1.is_some());
    let waiting = client.updates.wait_for(has_detail);
    tokio::time::timeout(PATIENCE, waiting).await.expect("it comes").expect("the owner is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_pane_looks_at_the_past_while_others_see_the_present() {
    let host = Host::new();
    let _owner = host.open_pane();
    let (mut traveller, mut other) = (host.attach().await, host.attach().await);
    let now = view_where(&mut traveller, |view| tokens(view) == 120_000).await;
    let moment = now.at - SignedDuration::from_mins(20);
    traveller.watch(Gaze { moment: Some(moment), ..Gaze::default() });
    let past = view_where(&mut traveller, |view| view.at == moment).await;
    assert!((1..120_000).contains(&tokens(&past)), "{} tokens twenty minutes ago", tokens(&past));
    other.ask(Ask::Refresh).await.expect("answered");
    view_where(&mut other, |view| view.at > now.at && tokens(view) == 120_000).await;
    traveller.watch(Gaze::default());
    view_where(&mut traveller, |view| view.at > now.at && tokens(view) == 120_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_pane_takes_over_when_the_owner_is_killed_and_nothing_is_lost() {
    let host = Host::new();
    let owner = host.open_pane();
    let panes = [host.open_pane(), host.open_pane(), host.open_pane()];
    for pane in &panes {
        pane.wait_for("attached");
    }
    let before = view_where(&mut host.attach().await, |view| tokens(view) == 120_000).await;
    owner.signal(Signal::KILL);
    let mut gone = vec![number(&owner)];
    for signal in [Signal::KILL, Signal::TERM] {
        let mut client = host.attach_to_other(&gone).await;
        let successor = client.owner.process;
        let view = view_where(&mut client, |view| view.at > before.at).await;
        assert_eq!((tokens(&view), view.tenants.len(), &view.log), (120_000, 3, &before.log));
        let of = |pane: &&Terminal| number(pane) == successor;
        panes.iter().find(of).expect("one of the panes").wait_for("took over");
        for pane in panes.iter().filter(|pane| !of(pane)).filter(|pane| !gone.contains(&number(pane))) {
            pane.wait_until("attached to the new owner", |screen| {
                screen.contents().contains("  attached ") && screen.contents().contains("hooli")
            });
        }
        kill(successor, signal);
        gone.push(successor);
    }
    let mut client = host.attach_to_other(&gone).await;
    let view = view_where(&mut client, |view| view.at > before.at).await;
    assert_eq!(tokens(&view), 120_000, "the last one owns it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_pane_holds_nobody_up_and_catches_up() {
    let host = Host::new();
    let _owner = host.open_pane();
    let pane = host.open_pane();
    pane.wait_for("attached");
    let mut client = host.attach().await;
    let first = view_where(&mut client, |view| tokens(view) == 120_000).await;
    pane.signal(Signal::STOP);
    pane.wait_for_stop();
    let minute = Timestamp::now().as_second() / 60 * 60 - 900;
    host.aws.script().put("profile00001", "InputTokenCount", minute, 3_000_000.0);
    client.ask(Ask::Refresh).await.expect("answered");
    view_where(&mut client, |view| view.at > first.at && tokens(view) == 3_119_000).await;
    pane.signal(Signal::CONT);
    let newest = host.json(&["status", "--format", "json"]);
    assert_eq!(newest["tenants"].as_array().map(Vec::len), Some(3));
    let last = host.open_pane();
    pane.wait_until("what a new pane shows", |screen| body(&screen.contents()) == body(&last.contents()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_that_stands_still_holds_nobody_up() {
    let host = Host::new();
    let owner = host.open_pane();
    let mut pane = host.open_pane();
    pane.wait_for("attached");
    let mut client = host.attach().await;
    let first = view_where(&mut client, |view| tokens(view) == 120_000).await;
    owner.hold_output(true);
    pane.hold_output(true);
    // Each poll is a frame that neither terminal takes.
    let minute = Timestamp::now().as_second() / 60 * 60 - 840;
    for (number, sum) in (1..).zip([1_120_000, 2_120_000, 3_120_000]) {
        host.aws.script().put("profile00001", "InputTokenCount", minute, f64::from(number) * 1e6 + 1000.0);
        client.ask(Ask::Refresh).await.expect("the owner answers");
        view_where(&mut client, |view| tokens(view) == sum && view.at > first.at).await;
    }
    pane.hold_output(false);
    let last = host.open_pane();
    pane.wait_until("what a new pane shows", |screen| body(&screen.contents()) == body(&last.contents()));
    // The owner still ends when it is told to, and leaves its terminal as it was.
    owner.signal(Signal::TERM);
    assert_eq!(owner.wait_for_end().0, 128 + 15);
    pane.press("q");
    assert_eq!(pane.wait_for_end().0, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_that_is_suspended_lets_another_pane_take_over() {
    let host = Host::new();
    let mut owner = host.open_pane();
    let pane = host.open_pane();
    pane.wait_for("attached");
    owner.press(CONTROL_Z);
    owner.wait_for_stop();
    pane.wait_for("took over");
    owner.signal(Signal::CONT);
    owner.wait_for("  attached ");
    owner.press("q");
    assert_eq!(owner.wait_for_end().0, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_is_attached_to_and_a_second_one_is_refused() {
    let host = Host::new();
    let mut collector =
        host.command(&["collect"]).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    assert_eq!(host.attach().await.owner.process, collector.id());
    let pane = host.open_pane();
    pane.wait_for("attached");
    let output = host.say(&["collect"]);
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(&format!("process {}", collector.id())) && told.contains("not needed"), "{told}");
    kill(collector.id(), Signal::TERM);
    assert_eq!(collector.wait().expect("it ends").code(), Some(0));
    pane.wait_for("took over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forwarded_socket_is_attached_to_by_its_path() {
    let host = Host::new();
    let mut owner = host.open_pane();
    let socket = host.socket().expect("the history is there").display().to_string();
    let far = tempfile::tempdir().expect("another home");
    let mut guest = Terminal::start(&["--attach", &socket], SIZE, far.path(), &[]);
    guest.wait_for("hooli");
    guest.wait_for("attached");
    let mut status = Command::new(env!("CARGO_BIN_EXE_bedtop"));
    let status = status.args(["status", "--attach", &socket]).env_clear().env("HOME", far.path()).output();
    assert!(status.expect("it runs").status.success());
    owner.press("q");
    assert_eq!(owner.wait_for_end().0, 0);
    guest.wait_for("owner gone");
    assert!(!far.path().join(".local/state/bedtop/store.toml").exists(), "a guest opens no history of its own");
    let _next = host.open_pane();
    guest.wait_for("  attached ");
    guest.press("q");
    assert_eq!(guest.wait_for_end().0, 0);
    assert!(matches!(Client::attach(&far.path().join("none"), Gaze::default()).await, Err(LinkError::Absent(_))));
}
