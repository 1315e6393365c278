//! The words of the field as types: plain data that every room shares, without I/O.

pub mod action;
pub mod alert_log;
pub mod amount;
pub mod arn;
pub mod budget;
pub mod calendar;
pub mod chargeback;
pub mod contract;
pub mod event;
#[cfg(test)]
pub(crate) mod fuzz;
pub mod health;
pub mod history;
pub mod ids;
pub mod letter;
pub mod level;
pub mod matcher;
pub mod meter;
pub mod money;
pub mod notice;
pub mod price;
pub mod profile;
pub mod provisioned;
pub mod quota;
pub mod space;
pub mod statement;
pub mod tenancy;
pub mod text;
pub mod time;
pub mod update;
pub mod usage;
pub mod view;
