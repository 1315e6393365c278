//! The engine's own threads.

/// How much later than it asks for a thread may wake that has nothing to do, in nanoseconds.
#[cfg(target_os = "linux")]
const SLACK: std::num::NonZeroU64 = std::num::NonZeroU64::MIN.saturating_add(30_000_000_000);

/// Lets threads sleep on that this thread starts. sled keeps seven, each of which wakes every second to see that there is
/// nothing to do; work wakes them at once all the same. For the thread that opens a store and writes to it, which waits for
/// no clock itself. Where the kernel knows no such thing they wake as before.
pub fn let_rest() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_current_timer_slack(Some(SLACK));
}
