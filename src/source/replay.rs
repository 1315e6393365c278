//! A recorded trace as a usage source.
