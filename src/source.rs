//! Where usage comes from: AWS, a recorded trace, or the demo's simulator. All three answer the same
//! two questions, so that the collector cannot tell them apart.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::domain::health::Traffic;
use crate::domain::ids::{ProfileKey, ScopeName};
use crate::domain::meter::MeterSet;
use crate::domain::profile::Profile;
use crate::domain::time::Step;
use crate::domain::usage::ProfileUsage;

pub mod aws;
pub mod demo;
pub mod model_name;
pub mod replay;
pub mod series;

/// One scope's usage.
pub trait Source: Send + 'static {
    /// The scope's name.
    fn scope(&self) -> &ScopeName;

    /// The width of its finest points.
    fn step(&self) -> Step;

    /// Whether each series that is asked for costs money.
    fn is_metered(&self) -> bool {
        false
    }

    /// The profiles as they are at `now`; each version is in force from `now`.
    ///
    /// # Errors
    /// [`SourceError`], when the source cannot be asked or refuses.
    fn profiles(&mut self, now: Timestamp) -> impl Future<Output = Result<Vec<Profile>, SourceError>> + Send;

    /// The usage of these profiles over a span.
    ///
    /// # Errors
    /// [`SourceError`], when the source cannot be asked or refuses. Nothing partial is returned.
    fn usage(&mut self, request: &UsageRequest) -> impl Future<Output = Result<UsageReply, SourceError>> + Send;

    /// The profiles that were used lately, where the source can tell it without being asked for each of them; `None`
    /// where it cannot.
    ///
    /// # Errors
    /// [`SourceError`], when the source cannot be asked or refuses.
    fn recently_used(
        &mut self,
        _now: Timestamp,
    ) -> impl Future<Output = Result<Option<HashSet<ProfileKey>>, SourceError>> + Send {
        std::future::ready(Ok(None))
    }

    /// What talking to the source took since this was asked last.
    fn take_traffic(&mut self) -> Traffic {
        Traffic::default()
    }

    /// What is not right although it answers, one line each.
    fn notices(&self) -> Vec<String> {
        Vec::new()
    }
}

/// One profile of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Whose usage.
    pub profile: ProfileKey,
    /// Which meters; a source that has all of them at once may answer more.
    pub meters: MeterSet,
    /// From the start of this step on. A source may begin earlier.
    pub from: Timestamp,
}

/// What usage is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRequest {
    /// The instant of asking: steps that have not closed by then are not known.
    pub now: Timestamp,
    /// Steps from here on are not asked for.
    pub until: Timestamp,
    /// The source's own step, or [`Step::HOUR`].
    pub step: Step,
    /// Whose usage.
    pub asks: Vec<Ask>,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageReply {
    /// Points by profile; profiles without any are left out.
    pub usage: Vec<ProfileUsage>,
    /// Everything before this instant has been asked for and answered.
    pub watermark: Timestamp,
    /// Malformed rows refused so far in all (replay); 0 elsewhere.
    pub rows_refused: u64,
    /// Why meters that no money hangs on are missing, if any are.
    pub shortfall: Option<SourceError>,
}

/// Why a source did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    /// What kind of trouble it is.
    pub kind: SourceErrorKind,
    /// What was tried and what went wrong, without secrets.
    pub message: String,
    /// What to do next, an exact command where there is one.
    pub remedy: String,
}

/// The kinds of trouble that the screen tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceErrorKind {
    /// Too many requests.
    Throttled,
    /// Credentials have expired.
    Expired,
    /// No credentials were found, or they were not accepted.
    Credentials,
    /// The credentials lack a permission.
    Denied,
    /// The clock of this machine is wrong.
    Clock,
    /// No answer in time.
    Timeout,
    /// The endpoint could not be reached.
    Unreachable,
    /// The service failed (5xx) or answered what cannot be understood.
    Service,
    /// The input itself is malformed.
    Input,
    /// Asking on would cost more than the user allows.
    Ceiling,
}

impl SourceErrorKind {
    /// One word for a column.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Expired => "expired",
            Self::Credentials => "credentials",
            Self::Denied => "denied",
            Self::Clock => "clock",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Service => "service",
            Self::Input => "input",
            Self::Ceiling => "ceiling",
        }
    }
}
