//! bedtop: `top` for the tenants of Amazon Bedrock.
//!
//! # One idea
//!
//! `judge(history, policy, now) -> FleetView` is one pure, deterministic function. Everything else
//! feeds it or shows what it said:
//!
//! ```text
//! usage source --> collector --> history --> judge --> FleetView --> screen and reports
//! (aws | replay | demo)          (sled)     (cost, alert)
//! ```
//!
//! # The house
//!
//! One room a folder; a room imports only rooms on lower floors, and `tests/floors.rs` fails on an
//! arrow that points up.
//!
//! | floor | rooms |
//! |---|---|
//! | 9 | `cli`: one file a command |
//! | 8 | `run`: joins source, history, judge and screen; shutdown |
//! | 7 | `ui`: draws the state; `report`: the same rows without a terminal |
//! | 6 | `app`: the screen's state and its actions; `term`: the terminal as a value |
//! | 5 | `link`: many panes, one owner, over a Unix socket; `respond`: who is told of a change of level and what runs on it; nothing of it is lost |
//! | 4 | `judge`: history in, FleetView out; `collect`: polls sources, data health, own cost |
//! | 3 | `alert`: signals, levels, the log of changes |
//! | 2 | [`forecast`]: expected usage with intervals, odd values; `history`: the sled store; `source`: AWS, recorded trace, demo |
//! | 1 | `cost`: prices and budgets to money; `config`: TOML to a checked `Config` |
//! | 0 | [`domain`]: plain data, no I/O |
//!
//! Walls beside the floors: `judge`, `alert`, `forecast` and `cost` see history only through
//! [`domain::history::History`]; `ui`, `app` and `report` never import `history` or `source`, nor does
//! `link` import `history`; only `source` and `respond` open network connections; `respond` sees the store only
//! through [`domain::space::Spaces`].

pub mod alert;
pub mod app;
pub mod cli;
pub mod collect;
pub mod config;
pub mod cost;
pub mod domain;
pub mod forecast;
pub mod history;
pub mod judge;
pub mod link;
pub mod report;
pub mod respond;
pub mod run;
pub mod source;
pub mod term;
pub mod ui;
