//! The [`FleetView`] without a terminal: JSON, CSV, a table, a few lines of text, one line for tmux.
//!
//! [`FleetView`]: crate::domain::view::FleetView

pub mod alerts;
pub mod backtest;
pub mod budgets;
pub mod chargeback;
pub mod check;
pub mod csv;
pub mod doctor;
pub mod explain;
pub mod forecast;
pub mod handover;
pub mod iam;
pub mod json;
pub mod lint;
mod metrics;
pub mod milestones;
pub mod openmetrics;
pub mod otlp;
pub mod picture;
pub mod plan;
pub mod prices;
pub mod profiles;
pub mod responses;
pub mod spend;
pub mod starter;
pub mod table;
pub mod text;
pub mod tmux;
