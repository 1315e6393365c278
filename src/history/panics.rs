//! Panics of the engine, caught: it panics on some damage, and a screen must outlive that.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether a panic on this thread is caught here, so that nobody needs to hear of it by the panic hook.
#[must_use]
pub fn are_caught() -> bool {
    DEPTH.get() > 0
}

/// Runs something; a panic becomes words.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    DEPTH.set(DEPTH.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(work));
    DEPTH.set(DEPTH.get() - 1);
    result.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        format!("the engine gave up ({})", text.unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_words() {
        assert_eq!(caught(|| 7), Ok(7));
        let fault = caught(|| {
            assert!(are_caught());
            panic!("no segment {}", 3)
        });
        assert_eq!(fault, Err::<(), _>("the engine gave up (no segment 3)".to_owned()));
        assert!(!are_caught());
    }
}
