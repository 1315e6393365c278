//! The time of a run: the wall's, or simulated.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// A clock to read and to sleep by.
#[derive(Clone, Debug)]
pub struct Clock {
    simulated: Option<Simulated>,
}

#[derive(Clone, Copy, Debug)]
struct Simulated {
    began: Instant,
    start: Timestamp,
    speed: f64,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn wall() -> Self {
        Self { simulated: None }
    }

    /// A clock that begins at `start` and runs `speed` times as fast as the wall's; at speed 0 it stands still.
    #[must_use]
    pub fn simulated(start: Timestamp, speed: f64) -> Self {
        Self { simulated: Some(Simulated { began: Instant::now(), start, speed }) }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let Some(clock) = self.simulated else { return Timestamp::now() };
        let passed = clock.began.elapsed().as_secs_f64() * clock.speed;
        let passed = SignedDuration::try_from_secs_f64(passed).unwrap_or(SignedDuration::MAX);
        clock.start.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// Waits for a length of this clock's time; for ever on a clock that stands still.
    pub async fn sleep(&self, length: SignedDuration) {
        let seconds = length.as_secs_f64().max(0.0);
        match self.simulated {
            None => tokio::time::sleep(Duration::from_secs_f64(seconds)).await,
            Some(clock) if clock.speed > 0.0 => {
                tokio::time::sleep(Duration::try_from_secs_f64(seconds / clock.speed).unwrap_or(Duration::MAX)).await;
            }
            Some(_) => std::future::pending().await,
        }
    }
}
