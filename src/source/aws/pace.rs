//! How fast requests may follow each other: below the default quotas of CloudWatch (500 requests a second of
//! GetMetricData, older pages say 50; 25 of ListMetrics). Bedrock and the tagging API publish none.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The pace of one kind of request.
#[derive(Debug)]
pub struct Pace {
    gap: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// So many requests a second at the most.
    #[must_use]
    pub fn a_second(requests: u32) -> Self {
        Self { gap: Duration::from_secs(1) / requests.max(1), next: Mutex::new(None) }
    }

    /// Waits until the next request may go.
    pub async fn wait(&self) {
        let turn = self.take_turn(Instant::now());
        tokio::time::sleep_until(turn).await;
    }

    fn take_turn(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.map_or(now, |next| next.max(now));
        *next = Some(turn + self.gap);
        turn
    }
}

/// The paces of all kinds of requests.
#[derive(Debug)]
pub struct Paces {
    /// GetMetricData.
    pub metrics: Pace,
    /// ListMetrics.
    pub listings: Pace,
    /// ListInferenceProfiles and ListTagsForResource.
    pub control: Pace,
    /// GetResources.
    pub tagging: Pace,
}

impl Paces {
    /// As fast as it goes: for an AWS of one's own, on loopback.
    #[must_use]
    pub fn unhurried() -> Self {
        let fast = || Pace::a_second(1_000_000);
        Self { metrics: fast(), listings: fast(), control: fast(), tagging: fast() }
    }
}

impl Default for Paces {
    fn default() -> Self {
        Self {
            metrics: Pace::a_second(40),
            listings: Pace::a_second(10),
            control: Pace::a_second(20),
            tagging: Pace::a_second(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_keep_their_distance_and_a_pause_saves_nothing_up() {
        let pace = Pace::a_second(10);
        let start = Instant::now();
        let turns: Vec<u128> = (0..3).map(|_| (pace.take_turn(start) - start).as_millis()).collect();
        assert_eq!(turns, [0, 100, 200]);
        let later = start + Duration::from_secs(5);
        assert_eq!((pace.take_turn(later), pace.take_turn(later)), (later, later + Duration::from_millis(100)));
    }
}
