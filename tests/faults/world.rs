//! What really happens: who uses how much in which minute, and when AWS tells it. A seed and a minute say it all.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A cycle: five hours of whatever may happen, and three in which all is well and everybody does the same all the time.
pub(crate) const CYCLE: i64 = 8 * 3600;
pub(crate) const CALM: i64 = 3 * 3600;
/// The meters that are told, as AWS names them and as the CSV does.
pub(crate) const METERS: [(&str, &str); 4] = [
    ("Invocations", "invocations"),
    ("InputTokenCount", "input_tokens"),
    ("OutputTokenCount", "output_tokens"),
    ("InvocationThrottles", "throttles"),
];
/// How long a profile is in use at a time, in seconds.
const SESSION: i64 = 2 * 3600;

/// The users of a fleet, and the clock that they live by.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) profiles: usize,
    /// How many percent of the profiles are in use at a time.
    pub(crate) active: u64,
    /// When it begins, in seconds.
    pub(crate) start: i64,
    /// Simulated seconds a second.
    pub(crate) speed: f64,
    began: f64,
    /// The file that the programs read their clock from.
    clock: PathBuf,
    /// How wrong that clock is.
    wrong: AtomicI64,
    /// When AWS told nothing new, which came ten minutes later.
    late: Mutex<Vec<(i64, i64)>>,
}

impl World {
    pub(crate) fn begin(seed: u64, profiles: usize, active: u64, start: i64, speed: f64, clock: PathBuf) -> Self {
        let began = real_seconds();
        let late = Mutex::default();
        let world = Self { seed, profiles, active, start, speed, began, clock, wrong: AtomicI64::new(0), late };
        world.set_clock_wrong(0);
        world
    }

    /// The time, whatever the clocks of programs say.
    #[expect(clippy::cast_possible_truncation, reason = "seconds")]
    pub(crate) fn now(&self) -> i64 {
        self.start + ((real_seconds() - self.began) * self.speed) as i64
    }

    pub(crate) fn wait_until(&self, time: i64) {
        while self.now() < time {
            #[expect(clippy::cast_precision_loss, reason = "seconds")]
            let left = (time - self.now()) as f64 / self.speed;
            thread::sleep(Duration::from_secs_f64(left.clamp(0.001, 0.5)));
        }
    }

    /// Makes the clock of all programs wrong by so many seconds.
    pub(crate) fn set_clock_wrong(&self, by: i64) {
        self.wrong.store(by, Ordering::SeqCst);
        let draft = self.clock.with_extension("draft");
        let text = format!("{} {} {}", self.began, self.start + by, self.speed);
        fs::write(&draft, text).and_then(|()| fs::rename(&draft, &self.clock)).expect("the clock is set");
    }

    /// What is used from now on for a while comes ten minutes late.
    pub(crate) fn be_late(&self, length: i64) {
        let now = self.now();
        self.late.lock().expect("not poisoned").push((now, now + length));
    }

    pub(crate) fn is_calm(&self, time: i64) -> bool {
        (time - self.start).rem_euclid(CYCLE) >= CYCLE - CALM
    }

    pub(crate) fn id(number: usize) -> String {
        format!("profile{number:05}")
    }

    pub(crate) fn tenant(number: usize) -> String {
        format!("tenant-{number:04}")
    }

    /// Whether a profile is in use in a minute: for a session at a time, in most of its minutes.
    fn is_used(&self, number: usize, minute: i64) -> bool {
        if self.is_calm(minute) {
            return number.is_multiple_of(2);
        }
        let session = self.dice(&[1, number as u64, (minute / SESSION).cast_unsigned()]);
        session % 100 < self.active && self.dice(&[2, number as u64, minute.cast_unsigned()]) % 10 < 8
    }

    /// What a meter says of a minute; nothing where there was no use.
    pub(crate) fn value(&self, number: usize, meter: &str, minute: i64) -> Option<u64> {
        if minute < self.start || !self.is_used(number, minute) {
            return None;
        }
        let wild = !self.is_calm(minute);
        let more = if wild { self.dice(&[3, number as u64, minute.cast_unsigned()]) % 50 } else { 20 };
        let size = 1 + number as u64 % 7;
        let is_throttled = number.is_multiple_of(6)
            && (!wild || self.dice(&[4, number as u64, (minute / 1800).cast_unsigned()]).is_multiple_of(3));
        Some(match meter {
            "Invocations" => 10 + more,
            "InputTokenCount" => size * (1000 + 10 * more),
            "OutputTokenCount" => size * (200 + more),
            "InvocationThrottles" if is_throttled => 900,
            _ => return None,
        })
    }

    /// Whether AWS tells a minute by now.
    pub(crate) fn is_told(&self, number: usize, minute: i64, now: i64) -> bool {
        let lag = if self.is_calm(minute) { 0 } else { self.dice(&[5, number as u64, minute.cast_unsigned()]) % 3 };
        let is_late = self.late.lock().expect("not poisoned").iter().any(|(from, to)| (*from..*to).contains(&minute));
        let lag = 60 * lag.cast_signed() + if is_late { 600 } else { 0 };
        minute + 60 + lag <= now
    }

    /// A number that is always the same for the same things.
    pub(crate) fn dice(&self, things: &[u64]) -> u64 {
        things.iter().fold(self.seed, |seed, thing| {
            let mixed = (seed ^ thing).wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ mixed >> 31
        })
    }

    /// Everything that happened before an instant, as a usage CSV.
    pub(crate) fn csv(&self, end: i64) -> String {
        let mut text = "timestamp,tenant,profile,model,account,region".to_owned();
        text.extend(METERS.iter().flat_map(|(_, column)| [",", column]));
        for minute in (self.start..end).step_by(60) {
            for number in 0..self.profiles {
                let values: Vec<String> = METERS
                    .iter()
                    .map(|(meter, _)| self.value(number, meter, minute).unwrap_or(0).to_string())
                    .collect();
                if values[0] != "0" {
                    let (tenant, id) = (Self::tenant(number), Self::id(number));
                    text.extend([format!("\n{minute},{tenant},{id},{MODEL},main,us-east-1,{}", values.join(","))]);
                }
            }
        }
        text
    }
}

/// The model of all profiles.
pub(crate) const MODEL: &str = "amazon.nova-lite-v1:0";

fn real_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64()
}
