//! The time of a run: the wall's, simulated, or set by hand.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// Names a file that says what the wall's clock shows in a rehearsal (`tests/faults.rs`): three numbers, an instant of the
/// real clock in seconds, what is shown at it, and how many seconds are shown to pass in one. Release builds never look.
const REHEARSED: &str = "BEDTOP_REHEARSE_CLOCK";

/// A clock to read and to sleep by.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Wall,
    Rehearsed(PathBuf),
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
        let rehearsed = if cfg!(debug_assertions) { env::var_os(REHEARSED) } else { None };
        Self(rehearsed.map_or(Kind::Wall, |file| Kind::Rehearsed(file.into())))
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
            Kind::Rehearsed(file) => Rehearsal::read(file).map_or_else(Timestamp::now, |rehearsal| rehearsal.now()),
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
            Kind::Rehearsed(file) => {
                let speed = Rehearsal::read(file).map_or(1.0, |rehearsal| rehearsal.speed);
                tokio::time::sleep(Duration::try_from_secs_f64(seconds / speed).unwrap_or(Duration::MAX)).await;
            }
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

/// What the file of a rehearsal says.
struct Rehearsal {
    real: f64,
    shown: f64,
    speed: f64,
}

impl Rehearsal {
    fn read(file: &Path) -> Option<Self> {
        let text = fs::read_to_string(file).ok()?;
        let mut numbers = text.split_whitespace().map(|word| word.parse().ok());
        Some(Self { real: numbers.next()??, shown: numbers.next()??, speed: numbers.next()?? })
    }

    fn now(&self) -> Timestamp {
        let passed = Timestamp::now().as_duration().as_secs_f64() - self.real;
        let shown = SignedDuration::try_from_secs_f64(self.shown + passed * self.speed);
        shown.ok().and_then(|shown| Timestamp::from_duration(shown).ok()).unwrap_or(Timestamp::MAX)
    }
}
