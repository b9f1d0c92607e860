//! The harness: real processes, real brokers, a real window, a real browser, and the faults that happen to them.
//!
//! Vocabulary: a [`Ward`](ward::Ward) is a directory of its own with an [`Aggregator`](aggregator::Aggregator) and a
//! broker, embedded or a [`Broker`](broker::Broker) of its own; a [`Tablet`](tablet::Tablet) is a kiosk made by hand
//! from the protocol; a [`Fleet`](fleet::Fleet) is `wardvoice-kiosk simulate`; a [`Proxy`](proxy::Proxy) is a wire that
//! can be cut; a [`Portal`](portal::Portal) answers in a broker's place; a [`SmallDisk`](small_disk::SmallDisk) fills up;
//! a [`Stranger`](stranger::Stranger) has a kiosk's certificate;
//! a [`WallClock`](clock::WallClock) is set by the story; a [`Webhook`](webhook::Webhook) takes messages or is broken; a
//! [`Ledger`](ledger::Ledger) is what an export says is stored, checked by this crate's own reading.
//!
//! Everything is on loopback, on free ports and in a temporary directory, so that two runs stand side by side. Nothing
//! sleeps: [`wait`] looks for a condition until a deadline. A program that is not installed is a failure that says
//! which package brings it.

pub mod aggregator;
pub mod bench;
pub mod broker;
pub mod browser;
pub mod campaign;
pub mod certificates;
pub mod clock;
pub mod debian;
pub mod demonstration;
pub mod desktop;
pub mod faults;
pub mod fleet;
pub mod hospital;
pub mod http;
pub mod ledger;
pub mod live;
pub mod load;
pub mod long_run;
pub mod loopback;
pub mod made_up;
pub mod mqtt;
pub mod portal;
pub mod power;
pub mod process;
pub mod programs;
pub mod proxy;
pub mod small_disk;
pub mod sources;
pub mod stranger;
pub mod stream;
pub mod tablet;
pub mod tree;
pub mod unit;
pub mod wait;
pub mod ward;
pub mod webhook;
pub mod window;
pub mod wire;
