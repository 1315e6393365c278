//! The time of a run: the wall's, simulated, or set by hand.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// A clock to read and to sleep by.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Wall,
    Simulated { began: Instant, start: Timestamp, speed: f64 },
    ByHand(watch::Receiver<Timestamp>),
}

/// Sets a clock. Nothing that sleeps by the clock wakes up before its time has been set.
#[derive(Debug)]
pub struct Hand(watch::Sender<Timestamp>);

impl Hand {
    /// Sets the clock.
    pub fn set(&self, now: Timestamp) {
        self.0.send_replace(now);
    }
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn wall() -> Self {
        Self(Kind::Wall)
    }

    /// A clock that begins at `start` and runs `speed` times as fast as the wall's; at speed 0 it stands still.
    #[must_use]
    pub fn simulated(start: Timestamp, speed: f64) -> Self {
        Self(Kind::Simulated { began: Instant::now(), start, speed })
    }

    /// A clock that is set by hand: what happens does not depend on how long it takes.
    #[must_use]
    pub fn by_hand(start: Timestamp) -> (Self, Hand) {
        let (hand, clock) = watch::channel(start);
        (Self(Kind::ByHand(clock)), Hand(hand))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Wall => Timestamp::now(),
            Kind::Simulated { began, start, speed } => {
                let passed = SignedDuration::try_from_secs_f64(began.elapsed().as_secs_f64() * speed);
                start.saturating_add(passed.unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
            }
            Kind::ByHand(clock) => *clock.borrow(),
        }
    }

    /// Waits until an instant of this clock's time; for ever on a clock that stands still before it.
    pub async fn sleep_until(&self, end: Timestamp) {
        let seconds = end.duration_since(self.now()).as_secs_f64().max(0.0);
        match &self.0 {
            Kind::Wall => tokio::time::sleep(Duration::from_secs_f64(seconds)).await,
            Kind::Simulated { speed, .. } if *speed > 0.0 => {
                tokio::time::sleep(Duration::try_from_secs_f64(seconds / speed).unwrap_or(Duration::MAX)).await;
            }
            Kind::Simulated { .. } if seconds > 0.0 => std::future::pending().await,
            Kind::Simulated { .. } => {}
            Kind::ByHand(clock) => {
                if clock.clone().wait_for(|now| *now >= end).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}
