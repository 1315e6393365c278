//! Threads that wake when the machine is awake anyway.
//!
//! sled keeps seven threads that look for work each second though they are told of it: seven wake-ups a second of a
//! console that stands still.

#[cfg(target_os = "linux")]
use std::num::NonZeroU64;

/// How late they may wake.
#[cfg(target_os = "linux")]
const SLACK_NANOSECONDS: u64 = 30_000_000_000;

/// Runs something whose threads wake late where they only wait for a time; a notice wakes them at once as ever.
#[cfg(target_os = "linux")]
pub(super) fn at_leisure<T>(run: impl FnOnce() -> T) -> T {
    let before = rustix::thread::current_timer_slack().ok().and_then(NonZeroU64::new);
    // Where the system refuses they wake as often as they like.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(SLACK_NANOSECONDS));
    let done = run();
    let _ = rustix::thread::set_current_timer_slack(before);
    done
}

/// Elsewhere than on Linux threads wake as often as they like.
#[cfg(not(target_os = "linux"))]
pub(super) fn at_leisure<T>(run: impl FnOnce() -> T) -> T {
    run()
}
