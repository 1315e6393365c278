//! What comes over the socket, from panes and from owners.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use crate::domain::fuzz;
use crate::domain::view::FleetView;
use crate::link::packed::Reader;
use crate::link::patch::Patch;
use crate::link::picture::Picture;
use crate::link::protocol::{FromOwner, FromPane, Greeting};
use crate::link::{Hello, wire};

/// A first view of three tenants.
const VIEW: &[u8] = include_bytes!("../../tests/corpus/link_from_owner/view.bin");

/// What is understood and said again means the same.
fn said_again<T: Serialize + DeserializeOwned + Debug>(bytes: &[u8]) -> Option<T> {
    let said: T = rmp_serde::from_slice(bytes).ok()?;
    let packed = rmp_serde::to_vec_named(&said).expect("it was packed before");
    let again: T = rmp_serde::from_slice(&packed).expect("what is said is understood");
    assert_eq!(format!("{again:?}"), format!("{said:?}"));
    Some(said)
}

#[test]
fn what_panes_say_is_understood_or_refused() {
    fuzz::target("link_from_pane", |bytes| {
        let _ = (said_again::<Hello>(bytes), said_again::<FromPane>(bytes));
    });
}

#[test]
fn what_owners_say_is_understood_or_refused() {
    let Some(FromOwner::View { patch, .. }) = said_again(VIEW) else { panic!("the sample is a view") };
    let shown = patch.apply(&Picture::default()).expect("all of a view");
    assert!(shown.value::<FleetView>().is_ok_and(|view| view.tenants.len() == 3));
    fuzz::target("link_from_owner", |bytes| {
        let _ = said_again::<Greeting>(bytes);
        if let Some(FromOwner::View { patch, .. }) = said_again(bytes) {
            for before in [&shown, &Picture::default()] {
                let _ = patch.apply(before).and_then(|picture| picture.value::<FleetView>());
            }
        }
        if let Ok(patch) = rmp_serde::from_slice::<Patch>(bytes) {
            let _ = patch.apply(&shown);
        }
        let mut reader = Reader::new(bytes);
        if reader.skip().is_ok() {
            assert!(reader.position() <= bytes.len());
        }
    });
}

#[test]
fn frames_of_any_bytes_end_the_connection_at_worst() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let runtime = std::panic::AssertUnwindSafe(runtime);
    fuzz::target("link_frame", |bytes| {
        runtime.block_on(async {
            let (mut stranger, ours) = UnixStream::pair().expect("a pair of sockets");
            let (mut incoming, _outgoing) = wire::ways(ours, wire::FROM_PANE);
            stranger.write_all(bytes).await.expect("it fits into the socket's buffer");
            drop(stranger);
            // Each message takes bytes, so that this ends.
            for _ in 0..=bytes.len() {
                if incoming.next::<FromPane>().await.is_err() {
                    return;
                }
            }
            panic!("more messages than bytes");
        });
    });
}
