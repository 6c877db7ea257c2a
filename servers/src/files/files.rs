//! Files as an application: those of a directory, or the pages built into the program.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use percent_encoding::percent_decode_str;

use super::beneath;
use super::cache::Cache;
use super::conditional::{self, Validators};
use super::content::{Content, Piece, Representation};
use super::range::{self, Wanted, content_range};
use crate::application::Application;
use crate::html::error_page;
use crate::message::{Request, Response, Target};
use crate::methods;

/// Methods that a file accepts.
const ALLOW: &str = "GET, HEAD, OPTIONS";

/// How often a file is looked for that changes whenever it has been found.
const TRIES: usize = 5;

/// Files built into the program: names and content.
pub type Pages = &'static [(&'static str, &'static [u8])];

/// How the built-in pages look.
pub(crate) const STYLE: &[u8] = include_bytes!("../../www/style.css");

/// Answers GET and HEAD with files, whole or in part (RFC 9110 14), or with the news that the
/// client has them already (RFC 9110 13).
#[derive(Debug)]
pub struct Files {
    root: Root,
    cache: Cache,
}

/// Where the files are.
#[derive(Debug)]
enum Root {
    /// In this directory, a path free of symbolic links.
    Directory(PathBuf),
    BuiltIn(Pages),
}

/// What a path leads to.
pub(super) enum Found {
    File(Arc<Representation>),
    Directory,
}

impl Files {
    /// The files below a directory. Nothing outside of it is ever shown, even if a symbolic link
    /// points there, or comes to do so at any moment. Fails if it is not a directory that can be entered.
    pub fn directory(root: &Path) -> io::Result<Files> {
        let root = root.canonicalize()?;
        if fs::metadata(&root)?.is_dir() {
            Ok(Files { root: Root::Directory(root), cache: Cache::default() })
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    /// The pages built into the program.
    pub fn built_in(pages: Pages) -> Files {
        Files { root: Root::BuiltIn(pages), cache: Cache::default() }
    }

    /// The directory, free of symbolic links; `None` for built-in pages.
    pub(crate) fn root(&self) -> Option<&Path> {
        match &self.root {
            Root::Directory(root) => Some(root),
            Root::BuiltIn(_) => None,
        }
    }

    /// What a path, still percent-encoded, leads to; else the status that says why not. `now` is the
    /// time before anything was looked at.
    pub(super) fn find(&self, path: &str, now: SystemTime) -> Result<Found, u16> {
        let name = file_name(path).ok_or(404u16)?;
        match &self.root {
            Root::Directory(root) => self.open(root, &name, now),
            Root::BuiltIn(pages) => built_in(pages, &name),
        }
    }

    /// A file below the root. The calls to the system are made right here, on the thread that serves
    /// the connection: they take a few microseconds, and handing them to another thread and back
    /// takes more. Only what is read of large files is left to others (see [`Content::body`]).
    fn open(&self, root: &Path, name: &Path, now: SystemTime) -> Result<Found, u16> {
        for _ in 0..TRIES {
            let (path, found) = beneath::resolve(root, name).map_err(|error| refusal(&error))?;
            if found.is_dir() {
                return Ok(Found::Directory);
            }
            if found.is_symlink() {
                // It has come since the one before it was followed.
                continue;
            }
            if !found.is_file() {
                return Err(403);
            }
            if let Some(file) = self.cache.get(name, &found, now) {
                return Ok(Found::File(file));
            }
            let opened = beneath::open(root, &path).map_err(|error| refusal(&error))?;
            let Some((file, looks)) = opened else { continue };
            // Something else may have taken its place since it was looked at.
            if !looks.is_file() {
                continue;
            }
            match read(file, &looks, name, now) {
                Ok(file) => {
                    self.cache.put(name, &looks, &file, now);
                    return Ok(Found::File(file));
                }
                // It has become shorter.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
                Err(_) => return Err(500),
            }
        }
        Err(404)
    }
}

impl Application for Files {
    async fn call(&self, request: Request) -> Response {
        match &request.method[..] {
            "GET" | "HEAD" => {}
            other => return methods::other(other, ALLOW),
        }
        let now = SystemTime::now();
        match self.find(&request.target.path, now) {
            Ok(Found::File(file)) => respond(&request, &file, now),
            Ok(Found::Directory) if !request.target.path.ends_with('/') => add_slash(&request.target),
            Ok(Found::Directory) | Err(404) => error_page(404, "There is nothing at this address."),
            Err(403) => error_page(403, "The server may not read this file."),
            Err(_) => error_page(500, "The server could not read this file."),
        }
    }
}

/// The file that a path names, relative to the root, decoded once. A directory is named with a slash
/// at its end, and means its `index.html`. `None` if no file can have that name.
fn file_name(path: &str) -> Option<PathBuf> {
    let mut name = PathBuf::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        name.push(OsStr::from_bytes(&decoded(segment)?));
    }
    if path.ends_with('/') {
        name.push("index.html");
    }
    Some(name)
}

/// A segment of a path, decoded once. `None` if it cannot be a name, or is one that leads elsewhere.
pub(crate) fn decoded(segment: &str) -> Option<Vec<u8>> {
    let segment: Vec<u8> = percent_decode_str(segment).collect();
    // Clients resolve `.` and `..` before they ask (RFC 3986 5.2.4): a client that sends them wants out. An
    // encoded slash is part of a segment, and so of a name, which on disk has none.
    let is_name = segment != b"." && segment != b".." && !segment.contains(&b'/') && !segment.contains(&0);
    is_name.then_some(segment)
}

fn built_in(pages: Pages, name: &Path) -> Result<Found, u16> {
    let (_, content) = pages.iter().find(|(page, _)| Path::new(page) == name).ok_or(404u16)?;
    let content = Bytes::from_static(content);
    // FNV-1a: the tag needs to change with the page, not to withstand an attack.
    let hash = content.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Ok(Found::File(Arc::new(Representation {
        media_type: media_type(name),
        validators: Validators::new(format!("\"{hash:x}\""), None, SystemTime::UNIX_EPOCH),
        content: Content::Memory(content),
    })))
}

/// An open file that looked like this before anything was read of it.
fn read(file: File, looks: &Metadata, name: &Path, now: SystemTime) -> io::Result<Arc<Representation>> {
    Ok(Arc::new(Representation {
        media_type: media_type(name),
        validators: Validators::new(etag(looks), looks.modified().ok(), now),
        content: Content::file(file, looks.len())?,
    }))
}

/// The status that says why a file cannot be had.
fn refusal(error: &io::Error) -> u16 {
    match error.kind() {
        io::ErrorKind::PermissionDenied => 403,
        // Among them a name that is too long.
        _ => 404,
    }
}

/// A strong entity tag: which file it is, how long, and when it was last touched. The time of the
/// last change, unlike that of the last modification, can't be set back by a program.
fn etag(metadata: &Metadata) -> String {
    let (seconds, nanoseconds) = (metadata.ctime(), metadata.ctime_nsec());
    format!("\"{:x}-{:x}-{seconds:x}.{nanoseconds:08x}\"", metadata.ino(), metadata.len())
}

/// The media type that the name of a file implies. Text is assumed to be in UTF-8.
fn media_type(name: &Path) -> String {
    match mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream") {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    }
}

/// A directory without its slash is somewhere else: the links in its page would lead astray. The
/// new address is a path only, whatever Host says, and never starts with two slashes (`//name/`
/// would be another server; browsers treat a backslash as a slash).
fn add_slash(target: &Target) -> Response {
    let path = target.path.trim_start_matches('/').replace('\\', "%5C");
    let query = target.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = error_page(301, "This is a directory: its address ends in a slash.");
    response.headers.push("Location", format!("/{path}/{query}"));
    response
}

/// The response to GET or HEAD of a file that is there.
fn respond(request: &Request, file: &Representation, now: SystemTime) -> Response {
    let length = file.content.length();
    match conditional::evaluate(&request.headers, &file.validators) {
        Some(304) => {
            let mut response = Response::new(304);
            file.validators.write(&mut response.headers);
            return response;
        }
        Some(status) => return error_page(status, "The file is not the version that the request is about."),
        None => {}
    }
    // RFC 9110 14.2: only GET has ranges.
    let same_version = conditional::if_range(&request.headers, &file.validators, now);
    let wanted = if same_version && request.method == "GET" {
        range::wanted(request.headers.get_all("Range"), length)
    } else {
        Wanted::Whole
    };
    let mut response = Response::new(if matches!(wanted, Wanted::Parts(_)) { 206 } else { 200 });
    let mut media_type = file.media_type.clone();
    let pieces = match wanted {
        Wanted::Whole => vec![Piece::Octets(0..length)],
        Wanted::Nothing => {
            let mut response = error_page(416, "The file has none of the octets asked for.");
            response.headers.push("Content-Range", format!("bytes */{length}"));
            return response;
        }
        Wanted::Parts(ranges) if ranges.len() == 1 => {
            let range = ranges[0].clone();
            response.headers.push("Content-Range", content_range(&range, length));
            vec![Piece::Octets(range)]
        }
        Wanted::Parts(ranges) => {
            let boundary = range::boundary();
            let part_type = std::mem::replace(&mut media_type, range::media_type(&boundary));
            range::pieces(ranges, length, &part_type, &boundary)
        }
    };
    response.headers.push("Content-Type", media_type);
    response.headers.push("Accept-Ranges", "bytes");
    file.validators.write(&mut response.headers);
    if response.status == 206 && request.headers.get("If-Range").is_some() {
        // RFC 9110 15.3.7: the client has the rest already, and with it what describes it.
        response.headers.remove("Last-Modified");
    }
    match file.content.body(pieces, request.method == "HEAD") {
        Ok(body) => Response { body, ..response },
        Err(_) => error_page(500, "The server could not read this file."),
    }
}

#[cfg(test)]
pub(super) mod tests;
