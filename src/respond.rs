//! Responses: what is done on a change of level, safely, and nothing of it lost.
//!
//! The alert machine says what people are to be told ([`Notice`]). The [`responder`] lives with the engine: it finds
//! out by the routes who is told ([`router`]), writes a [`letter`] for each into the [`queue`], which is stored in one
//! transaction with the change of level, and remembers who was told of what ([`told`]). The [`courier`] is a task
//! beside the engine that asks for letters that are due, hands them to their [`receiver`] and reports back. It never
//! holds the engine or the screen up, and what it has in flight at a crash is sent again under the same key. [`push`] sends
//! what is no letter: metrics, of which only the newest counts.
//!
//! [`Notice`]: crate::domain::notice::Notice

mod backoff;
mod courier;
mod desk;
mod event;
#[cfg(test)]
mod fixtures;
mod http;
mod letter;
mod process;
mod push;
mod queue;
mod receiver;
mod responder;
mod router;
mod secret;
mod told;

pub use courier::{Courier, Desk, Due};
pub use event::{Event, Place, SCHEMA, identity_of};
pub use letter::{Action, Job, Letter, Report, Verdict};
pub use push::{NotTaken, Push};
pub use queue::Room;
pub use receiver::{Receivers, check};
pub use responder::Responder;
pub use router::Router;
