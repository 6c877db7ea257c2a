//! What must be: expectations, each with a name, and the failures that they end in.
//!
//! | file | what it is about |
//! |---|---|
//! | `failure` | why a check ends early |
//! | `reply` | a reply: status, fields, content, framing |
//! | `refusal` | whether a request was refused |
//! | `files` | a file as a response |
//! | `form` | what a form is answered with |
//! | `lint` | what holds for the head of every reply |
//! | `framing` | what holds for the framing of every reply |
//! | `values` | what holds for the values of fields in every reply |
//! | `findings` | what the lint has found so far |
//! | `output` | what became of the output of a hosted program |
//! | `hosted` | the report of a hosted program: variables, command line |
//! | `input` | what it read of the content |
//! | `process` | its process |
//! | `application` | what only an application sees |

pub mod application;
pub mod failure;
pub mod files;
pub mod findings;
pub mod form;
pub mod framing;
pub mod hosted;
pub mod input;
pub mod lint;
pub mod output;
pub mod process;
pub mod refusal;
pub mod reply;
pub mod values;
