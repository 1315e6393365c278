//! The `bedtop` program: arguments, error report, exit code.
fn main() {}
