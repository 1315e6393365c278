//! Amazon Web Services as a usage source.
