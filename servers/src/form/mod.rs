//! A form: what a browser sends when somebody presses the button.
//!
//! | what | file | standard |
//! |---|---|---|
//! | the form as an application | `form` | HTML Living Standard, "Form submission" |
//! | its answer | `answer` | |
//! | one field | `field` | |
//! | the usual form | `urlencoded` | WHATWG URL 5.1 |
//! | a form as plain text | `plain` | HTML Living Standard, "Plain text form data" |
//! | a form with files | `multipart` | RFC 7578, RFC 2046 5.1.1 |
//! | a value with parameters | `parameters` | RFC 9110 5.6.6 |

mod answer;
mod field;
#[expect(clippy::module_inception, reason = "the folder is about forms, and so is the first file to read")]
mod form;
#[cfg(fuzzing)]
#[path = "../../fuzz/properties/form.rs"]
pub mod fuzzing;
mod multipart;
mod parameters;
mod plain;
mod urlencoded;

pub use field::{Field, Malformed};
pub use form::{Form, fields};
