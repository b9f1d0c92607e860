//! The aggregator: stores every record exactly once and computes scores.
//!
//! See ARCHITECTURE.md for the way of an answer through these modules.

pub mod accounts;
pub mod actions;
pub mod app;
pub mod assignments;
pub mod boards;
pub mod broker;
pub mod cli;
pub mod comments;
pub mod config;
pub mod control;
pub mod definitions;
pub mod demo;
pub mod demo_data;
pub mod directory;
pub mod durable_file;
pub mod facts;
pub mod fleet;
pub mod help;
pub mod ingest;
pub mod keys;
mod killpoint;
pub mod ledger;
pub mod log;
pub mod metrics;
pub mod monitor;
pub mod operations;
pub mod pins;
pub mod premises;
pub mod questionnaires;
pub mod rebuild;
pub mod registry;
pub mod scoring;
pub mod statistics;
pub mod transfer;
pub mod verify;
mod versions;
pub mod web;
