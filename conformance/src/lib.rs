//! A black-box conformance suite for web servers that students write.
//!
//! The folders in reading order; each uses only those above it, and a test holds that:
//!
//! | folder | what it is |
//! |---|---|
//! | [`wire`] | what passed between suite and server: octets, the transcript, a reply, the server's output |
//! | [`probe`] | the programs of our own that a server hosts, a CGI script and a WSGI application, and what they saw |
//! | [`judge`] | what must be: every expectation has a name, and names the octet that breaks it |
//! | [`client`] | what a check can do: connect, send, read, call a hosted program, try all of a kind |
//! | [`target`] | the server under test: started and stopped, and the files that it serves |
//! | [`mutant`] | a server with one lie, which a check must catch |
//! | [`check`] | what a check is |
//! | [`checks`] | the table of contents, and every check: a chapter is a file |
//! | [`ledger`] | every statement of the standards that binds a server |
//! | [`report`] | what a run found out, as plain data, and its formats, each a function of it |
//! | [`run`] | a run: what does the server offer, then check by check |
//! | [`tap`] | what passes between any client and any server, shown as it passes, kept, and sent again |
//! | [`grade`] | submissions and classes: built, run and marked, each in a process and a box of its own |
//!
//! The command line (`src/cli`) is a program on top of these.
//!
//! What holds everywhere:
//! - Checks and runner never print. Report formats do no I/O.
//! - No check names a server, and no chapter, check or query of a probe is known outside its own file.
//! - Every Fail carries a transcript.
//! - The bytes of a peer are hostile: they are never unwrapped, and escaped wherever they are shown.
//! - Every check has been seen to fail: its [`mutant`] is a required field, and a test.

pub mod wire;

pub mod probe;

pub mod judge;

pub mod client;

pub mod target;

pub mod mutant;

pub mod check;

pub mod checks;

pub mod ledger;

pub mod report;

pub mod run;

pub mod tap;

pub mod grade;
