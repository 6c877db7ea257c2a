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
//! | a form | [`form`] |

pub mod application;
pub mod message;
