//! Three reference web servers that show, step by step, how a server answers a form.
//!
//! A request's way through the crate is a straight line, and so is the reading order:
//!
//! | step | module | RFC |
//! |---|---|---|
//! | accept a connection, within limits | [`server`], [`limits`] | |
//! | read a request, answer, go on or close | `connection` | 9112 9 |
//! | read from the client, within time | `inbound` | 9112 9.3, 9.6 |
//! | bytes to the head of a request, or to a refusal | [`parse`] | 9112 2, 3, 5 |
//! | where its content ends | [`framing`] | 9112 6, 7 |
//! | what a request and a response are | [`message`] | 9110 |
//! | who answers it | [`application`] | |
//! | the head of the response to bytes | [`encode`] | 9112 4, 6 |
//! | write to the client | `outbound` | |
//!
//! Beside the way: [`html`] (the pages that say what went wrong), [`log`] (lines on standard output),
//! `trace` (the bytes of a connection, shown) and `timer`.
//!
//! Who answers it:
//!
//! | what | module | RFC |
//! |---|---|---|
//! | a directory of files, or the built-in pages | [`files`] | 9110 9.3 |
//! | the news that the client has the file already | `conditional` | 9110 13 |
//! | a part of a file | `range`, `content` | 9110 14 |
//! | a form | [`form`] | WHATWG URL 5.1 |
//! | a form with files | `multipart`, `parameters` | 7578, 2046 5.1.1 |
//! | the form and the files as one site | [`site`] | |
//! | the methods that a resource lacks | `methods` | 9110 9.1 |
//! | what a program is told of a request | [`environ`] | 3875 4.1 |
//! | scripts, and the site around them | [`cgi`] | 3875 |
//! | an application in Python | [`wsgi`] | PEP 3333 |
//! | the site as a program | [`simple`], [`program`] | |

pub mod application;
pub mod cgi;
mod conditional;
mod connection;
mod content;
pub mod encode;
pub mod environ;
pub mod files;
pub mod form;
pub mod framing;
pub mod html;
mod inbound;
pub mod limits;
pub mod log;
pub mod message;
mod methods;
mod multipart;
mod outbound;
mod parameters;
pub mod parse;
pub mod program;
mod range;
pub mod server;
pub mod simple;
pub mod site;
#[cfg(test)]
mod testing;
mod timer;
mod trace;
pub mod wsgi;
