//! Three reference web servers that show, step by step, how a server answers a form.
//!
//! Six smaller servers lead up to them, one idea more at each step: `examples/step-1.rs` to `step-6.rs`.
//!
//! In reading order:
//!
//! | what | module | RFC |
//! |---|---|---|
//! | what a request and a response are | [`message`] | 9110 |
//! | what a server calls to get a response: the seam that the three servers share | [`application`] | |
//! | the HTML that the servers themselves write | [`html`] | |
//! | lines on standard output | [`log`] | |
//! | how much of them programs may write | `allowance` | |
//! | the answer to a method that a resource does not have | `methods` | 9110 9.1 |
//! | a connection: from bytes to a request, and from a response to bytes | [`http`] | 9112 |
//! | the files of a directory, or the built-in pages | [`files`] | 9110 13, 14 |
//! | content that is kept until all of it is there | `spool` | |
//! | a form, in each of the four ways that a browser may send it | [`form`] | 7578 |
//! | what a program is told about a request | [`environ`] | 3875 4.1 |
//! | scripts, and the site around them | [`cgi`] | 3875 |
//! | an application in Python, and the processes that run it | [`wsgi`] | PEP 3333 |
//! | the form and the files as one site | [`site`] | |
//! | the site as a program | [`simple`] | |
//! | what the three programs have in common | [`program`] | |
//!
//! Each folder has a map of its own. The programs are in `bin/`.

mod allowance;
pub mod application;
pub mod cgi;
pub mod environ;
pub mod files;
pub mod form;
pub mod html;
pub mod http;
pub mod log;
pub mod message;
mod methods;
pub mod program;
pub mod simple;
pub mod site;
mod spool;
#[cfg(test)]
mod testing;
pub mod wsgi;
