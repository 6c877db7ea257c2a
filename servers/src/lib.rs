//! Three reference web servers that show, step by step, how a server answers a form.
//!
//! A request's way through the crate is a straight line, and so is the reading order:
//!
//! | step | module |
//! |---|---|
//! | accept a connection, within limits | [`server`] |
//! | read its bytes, answer, go on or close | [`connection`] |
//! | bytes to a request, or to a refusal | [`parse`] |
//! | what a request and a response are | [`message`] |
//! | who answers it | [`application`] |
//! | a directory of files | [`files`] |
//! | a part of a file, or the news that the client has it | `range`, `conditional` |
//! | a form | [`form`] |
//! | a form with files | `multipart` |
//! | both, as one site | [`site`] |

mod answers;
pub mod application;
mod conditional;
mod content;
pub mod files;
pub mod form;
pub mod message;
mod multipart;
mod parameters;
mod range;
pub mod site;
