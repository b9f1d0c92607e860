//! The aggregator: stores every record exactly once and computes scores.
//!
//! See ARCHITECTURE.md for the way of an answer through these modules.

pub mod accounts;
pub mod actions;
pub mod alerts;
pub mod app;
pub mod appraisal;
pub mod assignments;
pub mod audit;
pub mod boards;
pub mod broker;
pub mod cli;
pub mod comments;
pub mod config;
pub mod contact_log;
pub mod control;
pub mod definitions;
pub mod delivery;
pub mod demo;
pub mod demo_data;
pub mod directory;
pub mod display_tokens;
pub mod disputes;
pub mod durable_file;
pub mod export;
pub mod facts;
pub mod fleet;
#[cfg(test)]
mod garbled;
pub mod help;
pub mod ingest;
mod journal;
pub mod keys;
mod killpoint;
pub mod ledger;
pub mod line_file;
mod lines;
pub mod log;
pub mod metrics;
pub mod monitor;
pub mod national_return;
pub mod network;
#[cfg(feature = "openid")]
pub mod openid;
pub mod operations;
pub mod pins;
pub mod planning;
pub mod policy;
pub mod premises;
pub mod press;
pub mod previews;
pub mod publication;
pub mod publish;
pub mod questionnaires;
pub mod rebases;
pub mod rebuild;
pub mod registry;
pub mod releases;
pub mod scoring;
pub mod sessions;
pub mod statistics;
pub mod transfer;
pub mod translations;
pub mod tries;
pub mod verify;
mod versions;
pub mod web;
