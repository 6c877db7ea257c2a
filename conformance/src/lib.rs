//! A black-box conformance suite for web servers that students write.
//!
//! A run goes like this: a [`target`] is started or found; the [`runner`] finds out what it offers and
//! runs the [`checks`] of a [`profile`]; a check acts through a [`client`] and judges each [`reply`] by
//! named expectations ([`expect`]); what came of it is a [`report`], and every format is a function of it.
//! [`explain`] tells more about one check than a report does; the [`ledger`] has the words of the standards.
//!
//! What holds everywhere:
//! - Checks and runner never print. Report formats do no I/O.
//! - No check names a server.
//! - Every Fail carries a transcript.
//! - The bytes of a peer are hostile: they are never unwrapped, and escaped wherever they are shown.
//! - Every check has been seen to fail: its [`mutant`] is a required field, and a test.

pub mod browser;
pub mod call;
pub mod capabilities;
pub mod check;
pub mod checks;
pub mod client;
pub mod connection;
pub mod content;
pub mod expect;
pub mod explain;
pub mod fixture;
pub mod ledger;
pub mod lint;
pub mod log;
pub mod mutant;
pub mod peace;
pub mod probe;
pub mod process;
pub mod profile;
pub mod proof;
pub mod property;
pub mod random;
pub mod reference;
pub mod reply;
pub mod report;
pub mod runner;
pub mod script;
pub mod target;
pub mod transcript;
pub mod wsgi;
