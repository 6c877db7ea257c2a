//! A form: what a browser sends when somebody presses the button.
//!
//! | what | file | standard |
//! |---|---|---|
//! | the form as an application, and its answer | `form` | HTML Living Standard, "Form submission" |
//! | a form with files | `multipart` | RFC 7578, RFC 2046 5.1.1 |
//! | a value with parameters | `parameters` | RFC 9110 5.6.6 |

#[expect(clippy::module_inception, reason = "the folder is about forms, and so is the first file to read")]
mod form;
mod multipart;
mod parameters;

pub use form::{Field, Form};
