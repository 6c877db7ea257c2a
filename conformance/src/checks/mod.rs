//! The table of contents: every chapter, in the order in which it is run and read.

use crate::check::Chapter;

pub mod basics;
pub mod cgi_body;
pub mod cgi_command_line;
pub mod cgi_document;
pub mod cgi_fields;
pub mod cgi_life;
pub mod cgi_load;
pub mod cgi_malformed;
pub mod cgi_nph;
pub mod cgi_path;
pub mod cgi_process;
pub mod cgi_redirect;
pub mod cgi_security;
pub mod cgi_variables;
pub mod chunked;
pub mod conditional;
pub mod connection;
pub mod content_length;
pub mod fields;
pub mod files;
pub mod form;
pub mod host;
pub mod lint;
pub mod log;
pub mod methods;
pub mod multipart;
pub mod range;
pub mod request_line;
pub mod robustness;
pub mod urlencoded;
pub mod wsgi_environ;
pub mod wsgi_errors;
pub mod wsgi_fields;
pub mod wsgi_file_wrapper;
pub mod wsgi_head;
pub mod wsgi_input;
pub mod wsgi_length;
pub mod wsgi_life;
pub mod wsgi_load;
pub mod wsgi_process;
pub mod wsgi_response;
pub mod wsgi_start_response;
pub mod wsgi_stream;
pub mod wsgi_variables;

/// All chapters. A chapter needs only checks that stand before it, or at its own beginning.
pub const CHAPTERS: &[&Chapter] = &[
    &basics::CHAPTER,
    &request_line::CHAPTER,
    &fields::CHAPTER,
    &host::CHAPTER,
    &content_length::CHAPTER,
    &chunked::CHAPTER,
    &connection::CHAPTER,
    &methods::CHAPTER,
    &files::CHAPTER,
    &conditional::CHAPTER,
    &range::CHAPTER,
    &form::CHAPTER,
    &urlencoded::CHAPTER,
    &multipart::CHAPTER,
    &log::CHAPTER,
    &robustness::CHAPTER,
    &cgi_variables::CHAPTER,
    &cgi_path::CHAPTER,
    &cgi_fields::CHAPTER,
    &cgi_body::CHAPTER,
    &cgi_command_line::CHAPTER,
    &cgi_document::CHAPTER,
    &cgi_redirect::CHAPTER,
    &cgi_nph::CHAPTER,
    &cgi_malformed::CHAPTER,
    &cgi_security::CHAPTER,
    &cgi_life::CHAPTER,
    &cgi_load::CHAPTER,
    &cgi_process::CHAPTER,
    &wsgi_environ::CHAPTER,
    &wsgi_variables::CHAPTER,
    &wsgi_fields::CHAPTER,
    &wsgi_input::CHAPTER,
    &wsgi_start_response::CHAPTER,
    &wsgi_head::CHAPTER,
    &wsgi_response::CHAPTER,
    &wsgi_length::CHAPTER,
    &wsgi_stream::CHAPTER,
    &wsgi_file_wrapper::CHAPTER,
    &wsgi_errors::CHAPTER,
    &wsgi_life::CHAPTER,
    &wsgi_load::CHAPTER,
    &wsgi_process::CHAPTER,
    &lint::CHAPTER,
];
