//! Pictures and patches of any struct, and what strangers may send.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use rstest::rstest;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use crate::domain::ids::Owner;
use crate::domain::update::{Gaze, Update};
use crate::domain::view::Focus;
use crate::link::packed::Reader;
use crate::link::patch::Patch;
use crate::link::picture::Picture;
use crate::link::protocol::{FromOwner, FromPane, Greeting};
use crate::link::{Answer, Ask, Client, Hello, Host, LinkError, PROTOCOL, SCHEMA, Server};

/// Something like a view: plain fields, a list of structs, a list of plain values, a struct.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Fleet {
    at: i64,
    rows: Vec<Row>,
    log: Vec<String>,
    first: Option<Row>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    name: String,
    money: rust_decimal::Decimal,
    rate: f64,
    spark: Vec<Option<f64>>,
}

fn row() -> impl Strategy<Value = Row> {
    let spark = prop::collection::vec(prop::option::of(-1e9..1e9_f64), 0..40);
    ("[a-f]", any::<(i64, u8)>(), -1e9..1e9_f64, spark).prop_map(|(name, (units, scale), rate, spark)| {
        let money = rust_decimal::Decimal::new(units, u32::from(scale % 28));
        Row { name, money, rate, spark }
    })
}

fn fleet() -> impl Strategy<Value = Fleet> {
    let log = prop::collection::vec("[a-c]{0,3}", 0..20);
    (any::<i64>(), prop::collection::vec(row(), 0..24), log, prop::option::of(row()))
        .prop_map(|(at, rows, log, first)| Fleet { at, rows, log, first })
}

fn packed<T: Serialize>(value: &T) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("it can be packed")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changes_applied_one_after_the_other_give_the_view(fleets in prop::collection::vec(fleet(), 1..6)) {
        let mut shown = Picture::default();
        for fleet in fleets {
            let patch = Patch::between(&shown, &Picture::of(&fleet).expect("a struct"));
            let received: Patch = rmp_serde::from_slice(&packed(&patch)).expect("a patch");
            shown = received.apply(&shown).expect("it fits");
            prop_assert_eq!(shown.value::<Fleet>().expect("a fleet"), fleet);
        }
    }

    #[test]
    fn rows_that_only_move_are_not_sent_again(mut fleet in fleet(), seed in any::<u64>()) {
        fleet.rows.iter_mut().zip(0..).for_each(|(row, number)| row.name = format!("{number}"));
        fleet.rows.iter_mut().for_each(|row| row.spark = vec![Some(0.25); 60]);
        let before = Picture::of(&fleet).expect("a struct");
        let length = fleet.rows.len().max(1);
        fleet.rows.rotate_left(usize::try_from(seed % length as u64).expect("small"));
        let patch = Patch::between(&before, &Picture::of(&fleet).expect("a struct"));
        prop_assert!(packed(&patch).len() < 60, "{patch:?}");
        prop_assert_eq!(patch.apply(&before).expect("it fits").value::<Fleet>().expect("a fleet"), fleet);
    }

    #[test]
    fn bytes_of_no_meaning_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), fleet in fleet()) {
        let shown = Picture::of(&fleet).expect("a struct");
        // What can be read must hold together; what cannot is refused.
        if let Ok(picture) = Picture::read(bytes.clone()) {
            let total: usize = picture.parts().iter().map(|part| part.whole.len()).sum();
            prop_assert!(total <= bytes.len());
        }
        if let Ok(patch) = rmp_serde::from_slice::<Patch>(&bytes) {
            let _ = patch.apply(&shown);
        }
        let _ = (rmp_serde::from_slice::<FromPane>(&bytes).is_ok(), rmp_serde::from_slice::<FromOwner>(&bytes).is_ok());
    }

    #[test]
    fn patches_with_a_byte_changed_never_panic(before in fleet(), after in fleet(), place in any::<usize>(), byte: u8) {
        let (before, after) = (Picture::of(&before).expect("a struct"), Picture::of(&after).expect("a struct"));
        let mut bytes = packed(&Patch::between(&before, &after));
        let place = place % bytes.len();
        bytes[place] = byte;
        if let Ok(patch) = rmp_serde::from_slice::<Patch>(&bytes) {
            let _ = patch.apply(&before).and_then(|picture| picture.value::<Fleet>());
        }
    }
}

#[test]
fn a_changed_field_of_a_row_is_sent_without_the_rest_of_it() {
    let row = |name: &str| Row { name: name.into(), money: 5.into(), rate: 1.0, spark: vec![Some(1.0); 60] };
    let mut fleet =
        Fleet { at: 1, rows: (0..100).map(|n| row(&n.to_string())).collect(), log: Vec::new(), first: None };
    let before = Picture::of(&fleet).expect("a struct");
    fleet.rows[50].rate = 2.0;
    let after = Picture::of(&fleet).expect("a struct");
    let patch = Patch::between(&before, &after);
    assert!(packed(&patch).len() < 100, "{} bytes", packed(&patch).len());
    assert_eq!(patch.apply(&before).expect("it fits").value::<Fleet>().expect("a fleet"), fleet);
    assert!(Patch::between(&after, &after).is_empty());
    assert!(patch.apply(&Picture::default()).is_err(), "a patch fits only what it was made against");
}

#[rstest]
#[case::cut_off_text(&[0xa5, b'a'], false)]
#[case::huge_list(&[0xdd, 0xff, 0xff, 0xff, 0xff], false)]
#[case::huge_map(&[0xdf, 0xff, 0xff, 0xff, 0xff], false)]
#[case::huge_extension(&[0xc9, 0xff, 0xff, 0xff, 0xff], false)]
#[case::never_used(&[0xc1], false)]
#[case::nested(&[0x91, 0x91, 0x91, 0xc0], true)]
#[case::extension(&[0xd6, 1, 0, 0, 0, 0], true)]
fn the_end_of_a_value_is_found(#[case] bytes: &[u8], #[case] is_whole: bool) {
    let mut reader = Reader::new(bytes);
    assert_eq!(reader.skip().is_ok() && reader.is_at_end(), is_whole);
}

/// Whom which pane watched, in order.
type Watched = Vec<(u64, Gaze)>;

/// An owner that has nothing to show and does what it is asked.
#[derive(Clone, Default)]
struct Idle {
    asked: Arc<Mutex<Vec<Ask>>>,
    watched: Arc<Mutex<Watched>>,
}

impl Host for Idle {
    fn updates(&self) -> watch::Receiver<Update> {
        watch::channel(Update::Opening).1
    }

    fn watch(&self, pane: u64, gaze: Gaze) {
        self.watched.lock().expect("not poisoned").push((pane, gaze));
    }

    fn leave(&self, pane: u64) {
        self.watch(pane, Gaze::default());
    }

    async fn ask(&self, ask: Ask) -> Answer {
        self.asked.lock().expect("not poisoned").push(ask);
        Answer::Done
    }
}

/// An owner whose updates never end.
#[derive(Clone)]
struct Open(Idle, watch::Sender<Update>);

impl Host for Open {
    fn updates(&self) -> watch::Receiver<Update> {
        self.1.subscribe()
    }

    fn watch(&self, pane: u64, gaze: Gaze) {
        self.0.watch(pane, gaze);
    }

    fn leave(&self, pane: u64) {
        self.0.leave(pane);
    }

    async fn ask(&self, ask: Ask) -> Answer {
        self.0.ask(ask).await
    }
}

fn open() -> Open {
    Open(Idle::default(), watch::channel(Update::Opening).0)
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bedtop").join("x.sock");
    (folder, path)
}

/// Sends bytes in a frame of their length; gives what comes back until the other side closes.
async fn say(path: &std::path::Path, length: u32, bytes: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(path).await.expect("it listens");
    stream.write_all(&[&length.to_be_bytes(), bytes].concat()).await.expect("sent");
    stream.shutdown().await.expect("that is all");
    let mut answer = Vec::new();
    // A connection that is reset is closed too.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

#[tokio::test]
async fn garbage_ends_its_own_connection_only() {
    let (_folder, path) = folder();
    let server = Server::start(&path, open()).expect("it listens");
    let too_large = say(&path, u32::MAX, b"x").await;
    let no_greeting = say(&path, 4, b"GET ").await;
    assert!(too_large.is_empty() && no_greeting.is_empty(), "nothing is told to who is no bedtop");
    let hello = packed(&Hello::ours());
    let mut greeted_then_garbage = hello.clone();
    greeted_then_garbage.extend([0, 0, 0, 2, 0xc1, 0xc1]);
    let answer = say(&path, u32::try_from(hello.len()).expect("small"), &greeted_then_garbage).await;
    let greeting: Greeting = rmp_serde::from_slice(&answer[4..]).expect("a greeting");
    assert_eq!(greeting, Greeting::Welcome(Hello::ours()));
    let client = Client::attach(&path, Gaze::default()).await.expect("others are served as before");
    assert_eq!(client.ask(Ask::Refresh).await.expect("answered"), Answer::Done);
    server.close().await;
    assert!(!path.exists(), "the socket goes with its owner");
}

#[rstest]
#[case::protocol(PROTOCOL + 1, SCHEMA)]
#[case::schema(PROTOCOL, SCHEMA + 1)]
#[tokio::test]
async fn another_version_is_refused_politely_by_the_owner(#[case] protocol: u32, #[case] schema: u32) {
    let (_folder, path) = folder();
    let _server = Server::start(&path, open()).expect("it listens");
    let hello = Hello { protocol, schema, version: "9.9.9\x1b[2J".into(), process: 7, only_asks: false };
    let bytes = packed(&hello);
    let answer = say(&path, u32::try_from(bytes.len()).expect("small"), &bytes).await;
    let Ok(Greeting::Refused(reason)) = rmp_serde::from_slice(&answer[4..]) else { panic!("{answer:?}") };
    assert!(reason.contains("bedtop 9.9.9·[2J (process 7)") && reason.contains("restart the older one"), "{reason}");
}

#[tokio::test]
async fn another_version_is_refused_politely_by_the_pane() {
    let (folder, _) = folder();
    let path = folder.path().join("other.sock");
    let listener = UnixListener::bind(&path).expect("it listens");
    let newer = Hello { protocol: PROTOCOL + 1, ..Hello::ours() };
    let greeting = packed(&Greeting::Welcome(newer));
    let owner = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a pane");
        let length = u32::try_from(greeting.len()).expect("small");
        stream.write_all(&[&length.to_be_bytes()[..], &greeting].concat()).await.expect("sent");
        stream
    });
    let refused = Client::attach(&path, Gaze::default()).await.expect_err("refused");
    assert!(matches!(&refused, LinkError::Refused(reason) if reason.contains("restart the older one")), "{refused}");
    drop(owner);
}

#[tokio::test]
async fn a_pane_that_goes_watches_nobody_any_more() {
    let (_folder, path) = folder();
    let host = open();
    let _server = Server::start(&path, host.clone()).expect("it listens");
    let acme = Gaze { focus: Some(Focus::on(Owner::Tenant("acme".into()))), ..Gaze::default() };
    let client = Client::attach(&path, acme.clone()).await.expect("attached");
    assert_eq!(client.ask(Ask::Refresh).await.expect("answered"), Answer::Done);
    assert_eq!(*host.0.asked.lock().expect("not poisoned"), [Ask::Refresh]);
    drop(client);
    let watched = host.0.watched.clone();
    let expected = [(1, Gaze::default()), (1, acme), (1, Gaze::default())];
    let is_over = || watched.lock().expect("not poisoned").as_slice() == expected;
    while !is_over() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nobody_at_the_path_is_told_from_an_owner_that_ends() {
    let (_folder, path) = folder();
    assert!(matches!(Client::attach(&path, Gaze::default()).await, Err(LinkError::Absent(_))));
    let server = Server::start(&path, open()).expect("it listens");
    let mut client = Client::attach(&path, Gaze::default()).await.expect("attached");
    server.close().await;
    assert!(matches!(client.lost().await, LinkError::Ended));
    assert!(client.ask(Ask::Refresh).await.is_err());
    // A socket that an owner left behind when it died is replaced.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("it listens"));
    assert!(path.exists());
    assert!(matches!(Client::attach(&path, Gaze::default()).await, Err(LinkError::Absent(_))));
    let _server = Server::start(&path, open()).expect("it listens where a dead one did");
    Client::attach(&path, Gaze::default()).await.expect("attached");
}
