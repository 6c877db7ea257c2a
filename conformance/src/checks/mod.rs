//! The table of contents: every chapter, in the order in which it is run and read.

use crate::check::{Chapter, Check};

pub mod cgi;
pub mod http;
pub mod proofs;
pub mod site;
pub mod wsgi;

/// A chapter needs only checks that stand before it, or at its own beginning.
const CHAPTERS: &[&Chapter] = &[
    &http::basics::CHAPTER,
    &http::request_line::CHAPTER,
    &http::fields::CHAPTER,
    &http::host::CHAPTER,
    &http::content_length::CHAPTER,
    &http::chunked::CHAPTER,
    &http::framing::CHAPTER,
    &http::connection::CHAPTER,
    &http::delivery::CHAPTER,
    &http::time::CHAPTER,
    &http::methods::CHAPTER,
    &site::files::CHAPTER,
    &site::conditional::CHAPTER,
    &site::range::CHAPTER,
    &site::changes::CHAPTER,
    &site::form::CHAPTER,
    &site::urlencoded::CHAPTER,
    &site::multipart::CHAPTER,
    &site::parts::CHAPTER,
    &site::delivery::CHAPTER,
    &site::log::CHAPTER,
    &http::robustness::CHAPTER,
    &http::load::CHAPTER,
    &http::held::CHAPTER,
    &http::limits::CHAPTER,
    &http::damage::CHAPTER,
    &cgi::variables::CHAPTER,
    &cgi::path::CHAPTER,
    &cgi::fields::CHAPTER,
    &cgi::body::CHAPTER,
    &cgi::command_line::CHAPTER,
    &cgi::document::CHAPTER,
    &cgi::redirect::CHAPTER,
    &cgi::nph::CHAPTER,
    &cgi::malformed::CHAPTER,
    &cgi::security::CHAPTER,
    &cgi::life::CHAPTER,
    &cgi::load::CHAPTER,
    &cgi::process::CHAPTER,
    &wsgi::environ::CHAPTER,
    &wsgi::variables::CHAPTER,
    &wsgi::fields::CHAPTER,
    &wsgi::input::CHAPTER,
    &wsgi::start_response::CHAPTER,
    &wsgi::head::CHAPTER,
    &wsgi::response::CHAPTER,
    &wsgi::length::CHAPTER,
    &wsgi::stream::CHAPTER,
    &wsgi::file_wrapper::CHAPTER,
    &wsgi::errors::CHAPTER,
    &wsgi::life::CHAPTER,
    &wsgi::load::CHAPTER,
    &wsgi::process::CHAPTER,
    &http::lint::CHAPTER,
    &http::wire::CHAPTER,
    &http::values::CHAPTER,
];

/// What an id names: ids are unique among chapters and checks alike.
#[derive(Debug, Clone, Copy)]
pub enum Found {
    /// A chapter.
    Chapter(&'static Chapter),
    /// A check, and its chapter.
    Check(&'static Chapter, &'static Check),
}

/// Every check with its chapter, in the order in which they are run and read.
pub fn all() -> impl Iterator<Item = (&'static Chapter, &'static Check)> {
    CHAPTERS.iter().flat_map(|chapter| chapter.checks.iter().map(move |check| (*chapter, check)))
}

/// The chapter or the check of this id.
pub fn find(id: &str) -> Option<Found> {
    let chapter = CHAPTERS.iter().find(|chapter| chapter.id == id).map(|chapter| Found::Chapter(chapter));
    chapter.or_else(|| {
        all().find(|(_, check)| check.id == id).map(|(chapter, check)| Found::Check(chapter, check))
    })
}

/// Whether a check has been seen to fail where this statement is broken: by its own mutant, which breaks the first of
/// its statements, or in a further proof.
pub fn is_proved(statement: &str) -> bool {
    all().any(|(_, check)| check.requirement.statements.first() == Some(&statement))
        || proofs::all().any(|proof| proof.statement == statement)
}

/// Whether a chapter needs the check of this id.
pub fn is_needed(id: &str) -> bool {
    CHAPTERS.iter().any(|chapter| needs(chapter).any(|need| need == id))
}

/// Ids of the checks that must pass before `chapter` makes sense: those of the first chapter, and its own needs.
pub fn needs(chapter: &Chapter) -> impl Iterator<Item = &'static str> {
    CHAPTERS[0].checks.iter().map(|check| check.id).chain(chapter.needs.iter().copied())
}
