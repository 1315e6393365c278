//! Messages on a socket: each a length and packed bytes.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use crate::link::error::LinkError;
use crate::link::picture;

/// The largest message of a pane, in bytes.
pub(super) const FROM_PANE: usize = 64 * 1024;
/// The largest message of an owner, in bytes.
pub(super) const FROM_OWNER: usize = picture::LARGEST;
/// How often an owner that has nothing to say tells that it is well.
pub(super) const PULSE: Duration = Duration::from_secs(2);
/// How long a greeting may take.
pub(super) const GREETING: Duration = Duration::from_secs(3);

/// Messages that come.
#[derive(Debug)]
pub(super) struct Incoming(FramedRead<OwnedReadHalf, LengthDelimitedCodec>);

/// Messages that go.
#[derive(Debug)]
pub(super) struct Outgoing(FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>);

/// The two ways of a connection; `most` is how large a message that comes may be.
pub(super) fn ways(stream: UnixStream, most: usize) -> (Incoming, Outgoing) {
    let codec = |most| LengthDelimitedCodec::builder().max_frame_length(most).new_codec();
    let (reader, writer) = stream.into_split();
    (Incoming(FramedRead::new(reader, codec(most))), Outgoing(FramedWrite::new(writer, codec(FROM_OWNER))))
}

impl Incoming {
    /// The next message.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> Result<T, LinkError> {
        let frame = self.0.next().await.ok_or(LinkError::Ended)?.map_err(|cause| LinkError::broken(&cause))?;
        rmp_serde::from_slice(&frame).map_err(LinkError::malformed)
    }

    /// The first message, which must come soon.
    pub(super) async fn greeting<T: DeserializeOwned>(&mut self) -> Result<T, LinkError> {
        tokio::time::timeout(GREETING, self.next()).await.map_err(|_| LinkError::Silent)?
    }
}

impl Outgoing {
    /// Sends a message; waits as long as the other side takes nothing.
    pub(super) async fn send<T: Serialize>(&mut self, message: &T) -> Result<(), LinkError> {
        let packed = rmp_serde::to_vec_named(message).map_err(LinkError::unpackable)?;
        self.0.send(packed.as_slice()).await.map_err(|cause| LinkError::broken(&cause))
    }
}
