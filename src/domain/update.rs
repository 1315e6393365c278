//! What the owner of the history tells those who show it, in its own process and in others.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::event::AlertKey;
use crate::domain::view::{FleetView, Focus, TenantDetail};

/// What a pane looks at beside the fleet as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Gaze {
    /// Who or what in depth.
    pub focus: Option<Focus>,
    /// A moment of the past, in place of the present.
    pub moment: Option<Timestamp>,
    /// An alert about no tenant, to be explained.
    #[serde(default)]
    pub alert: Option<AlertKey>,
}

/// The newest of what there is to show.
#[derive(Clone, Debug)]
pub enum Update {
    /// The history is being opened.
    Opening,
    /// The newest view.
    View(Published),
    /// There will be no more; the result of whoever sent it says why.
    Ended,
}

/// The fleet, with what panes look at beside it.
#[derive(Clone, Debug)]
pub struct Published {
    /// The fleet as it is now.
    pub view: Arc<FleetView>,
    /// What was looked at.
    pub sights: Vec<Sight>,
}

/// What is seen by a gaze.
#[derive(Clone, Debug)]
pub struct Sight {
    /// By which.
    pub gaze: Gaze,
    /// The fleet at its moment.
    pub view: Arc<FleetView>,
    /// What it is on, in depth.
    pub detail: Option<Arc<TenantDetail>>,
}

impl Published {
    /// The fleet and the detail that a gaze sees; a gaze that is too new to be answered sees the fleet alone.
    #[must_use]
    pub fn seen_by(&self, gaze: &Gaze) -> (Arc<FleetView>, Option<Arc<TenantDetail>>) {
        match self.sights.iter().find(|sight| sight.gaze == *gaze) {
            Some(sight) => (Arc::clone(&sight.view), sight.detail.clone()),
            None => (Arc::clone(&self.view), None),
        }
    }
}
