//! What a reply with a file, or with a part of one, must be like.

use std::ops::Range;

use url::Url;

use crate::judge::failure::Failure;
use crate::wire::octets::{escape_some, find};
use crate::wire::reply::Reply;

impl Reply {
    /// It is not a server error: any status but 5xx. That a method or a version is not implemented is no error.
    pub fn is_no_server_error(&self) -> Result<(), Failure> {
        match self.status {
            501 | 505 => Ok(()),
            500..600 => Err(self.wrong("any status but a server error (5xx)", self.describe(), self.mark(0))),
            _ => Ok(()),
        }
    }

    /// The media type is one of these; parameters don't count.
    pub fn media_type_is(&self, allowed: &[&str]) -> Result<(), Failure> {
        match self.media_type() {
            Some(actual) if allowed.contains(&&actual[..]) => Ok(()),
            actual => Err(self.wrong(
                format!("Content-Type: {}", allowed.join(" or ")),
                actual.map_or("no Content-Type".into(), |actual| format!("Content-Type: {actual}")),
                self.mark_field("Content-Type"),
            )),
        }
    }

    /// A browser that shows the content finds no such markup: it is not there, or the content is not HTML.
    pub fn escapes(&self, markup: &str) -> Result<(), Failure> {
        // Without a media type browsers guess, and markup makes them guess HTML.
        let is_html = self.media_type().is_none_or(|name| name.contains("html"));
        match find(&self.body, markup.as_bytes()) {
            Some(at) if is_html => Err(self.wrong(
                format!("a page without the markup \"{markup}\""),
                format!("\"{}\"", escape_some(&self.body[at..], 60)),
                self.mark(self.head.len() + at),
            )),
            _ => Ok(()),
        }
    }

    /// A redirect to this path, on any host; the query does not matter.
    pub fn redirects_to(&self, path: &str) -> Result<(), Failure> {
        self.status_is(&[301, 302, 303, 307, 308])?;
        let location = String::from_utf8_lossy(self.has_field("Location")?).into_owned();
        if followed(&location).is_some_and(|url| url.path() == path) {
            Ok(())
        } else {
            Err(self.wrong(
                format!("Location: {path}"),
                format!("Location: {}", escape_some(location.as_bytes(), 100)),
                self.mark_field("Location"),
            ))
        }
    }

    /// No redirect to any of these hosts.
    pub fn does_not_redirect_to(&self, hosts: &[&str]) -> Result<(), Failure> {
        let location = String::from_utf8_lossy(self.field("Location").unwrap_or_default()).into_owned();
        match followed(&location).as_ref().and_then(Url::host_str) {
            Some(host) if hosts.contains(&host) => Err(self.wrong(
                "no redirect to another host",
                format!("Location: {}, which leads to \"{host}\"", escape_some(location.as_bytes(), 100)),
                self.mark_field("Location"),
            )),
            _ => Ok(()),
        }
    }

    /// The field is a date in the preferred format (RFC 9110 5.6.7), and no later than Date.
    pub fn is_past_date(&self, name: &str) -> Result<(), Failure> {
        let value = String::from_utf8_lossy(self.has_field(name)?).into_owned();
        let date = |text: &str| httpdate::parse_http_date(text).ok();
        let made = self.field("Date").and_then(|made| date(&String::from_utf8_lossy(made)));
        let expected = match date(&value) {
            Some(time) if httpdate::fmt_http_date(time) != value => {
                "a date like Sun, 06 Nov 1994 08:49:37 GMT"
            }
            None => "a date like Sun, 06 Nov 1994 08:49:37 GMT",
            Some(time) if made.is_some_and(|made| made < time) => "a date that is not later than Date",
            Some(_) => return Ok(()),
        };
        let actual = format!("\"{}\"", escape_some(value.as_bytes(), 60));
        Err(self.wrong(expected, actual, self.mark_field(name)))
    }

    /// The field is an entity tag (RFC 9110 8.8.3).
    pub fn is_entity_tag(&self, name: &str) -> Result<(), Failure> {
        let value = self.has_field(name)?;
        let opaque = value.strip_prefix(b"W/").unwrap_or(value);
        let inner = opaque.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        let is_tag_octet = |octet: &u8| !matches!(octet, 0..=0x20 | b'"' | 0x7f);
        if inner.is_some_and(|inner| inner.iter().all(is_tag_octet)) {
            Ok(())
        } else {
            Err(self.wrong(
                "an entity tag in double quotes, such as \"a1b2\"",
                escape_some(value, 60),
                self.mark_field(name),
            ))
        }
    }

    /// All of a file.
    pub fn is_whole(&self, file: &[u8]) -> Result<(), Failure> {
        self.status_is(&[200])?;
        self.body_is(file)
    }

    /// These octets of a file, with the Content-Range that names them.
    pub fn is_part(&self, octets: Range<usize>, file: &[u8]) -> Result<(), Failure> {
        self.status_is(&[206])?;
        let (first, last, length) = (octets.start, octets.end - 1, file.len());
        let expected = format!("bytes {first}-{last}/{length}");
        // The length may be left open (RFC 9110 14.4).
        if self.has_field("Content-Range")? != format!("bytes {first}-{last}/*").as_bytes() {
            self.field_is("Content-Range", expected)?;
        }
        self.body_is(&file[octets])
    }

    /// These octets of a file, or all of it: a server may ignore Range (RFC 9110 14.2).
    pub fn is_part_or_whole(&self, octets: Range<usize>, file: &[u8]) -> Result<(), Failure> {
        if self.status == 200 { self.body_is(file) } else { self.is_part(octets, file) }
    }

    /// One part or several, each with the octets of the file that its Content-Range names.
    pub fn is_parts(&self, file: &[u8]) -> Result<(), Failure> {
        self.status_is(&[206])?;
        if self.media_type().as_deref() != Some("multipart/byteranges") {
            let value = self.has_field("Content-Range")?;
            let octets = content_range(value, file.len()).ok_or_else(|| {
                let actual = escape_some(value, 100);
                self.wrong("a valid Content-Range", actual, self.mark_field("Content-Range"))
            })?;
            return self.body_is(&file[octets]);
        }
        self.lacks_field("Content-Range")?;
        let at = self.mark(self.head.len());
        let parts = self.parts().ok_or_else(|| {
            let expected =
                "parts between the delimiters that Content-Type names, each part with a Content-Range";
            self.wrong(expected, format!("\"{}\"", escape_some(&self.body, 300)), at)
        })?;
        for (value, content) in parts {
            let shown = escape_some(value, 100);
            match content_range(value, file.len()) {
                Some(octets) if &file[octets.clone()] == content => {}
                _ => {
                    let actual = format!("\"{}\"", escape_some(content, 60));
                    return Err(self.wrong(format!("the bytes of Content-Range: {shown}"), actual, at));
                }
            }
        }
        Ok(())
    }

    /// The content has no more octets than this.
    pub fn is_at_most(&self, octets: usize) -> Result<(), Failure> {
        if self.body.len() <= octets {
            Ok(())
        } else {
            let expected = format!("at most {octets} bytes of content");
            Err(self.wrong(expected, self.describe(), self.mark(self.head.len())))
        }
    }

    /// Content-Range and content of each part of multipart/byteranges (RFC 9110 section 14.6); `None` if the content
    /// is not that.
    fn parts(&self) -> Option<Vec<(&[u8], &[u8])>> {
        let media_type = String::from_utf8_lossy(self.field("Content-Type")?);
        let (_, boundary) = media_type.split_once("boundary=")?;
        let boundary = boundary.split(';').next()?.trim().trim_matches('"');
        let (first, next) = (format!("--{boundary}"), format!("\r\n--{boundary}"));
        let start = if self.body.starts_with(first.as_bytes()) {
            first.len()
        } else {
            find(&self.body, next.as_bytes())? + next.len()
        };
        let mut rest = &self.body[start..];
        let mut parts = Vec::new();
        while !rest.starts_with(b"--") {
            let end = find(rest, next.as_bytes())?;
            let head = find(&rest[..end], b"\r\n\r\n")?;
            let mut lines = rest[..head].split(|byte| *byte == b'\n');
            let value = lines.find_map(|line| {
                let colon = line.iter().position(|byte| *byte == b':')?;
                let is_range = line[..colon].eq_ignore_ascii_case(b"content-range");
                is_range.then(|| line[colon + 1..].trim_ascii())
            })?;
            parts.push((value, &rest[head + 4..end]));
            rest = &rest[end + next.len()..];
        }
        (!parts.is_empty()).then_some(parts)
    }

    /// The media type without its parameters, in lower case.
    fn media_type(&self) -> Option<String> {
        let value = String::from_utf8_lossy(self.field("Content-Type")?).to_ascii_lowercase();
        value.split(';').next().map(|name| name.trim().to_string())
    }
}

/// The octets that a Content-Range names, if it is valid for a file of this length (RFC 9110 section 14.4).
fn content_range(value: &[u8], file: usize) -> Option<Range<usize>> {
    let (range, length) = std::str::from_utf8(value).ok()?.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
    let valid = first <= last && last < file && (length == "*" || length.parse() == Ok(file));
    valid.then(|| first..last + 1)
}

/// Where a browser goes from a page in the root: it takes a backslash for a slash, and drops tabs and line ends.
/// `None` if it goes nowhere.
fn followed(location: &str) -> Option<Url> {
    Url::parse("http://this.invalid/").ok()?.join(location).ok()
}

#[cfg(test)]
mod tests {
    use super::followed;
    use crate::wire::read::{Progress, read};
    use crate::wire::reply::Reply;

    #[test]
    fn a_location_is_read_as_a_browser_reads_it() {
        for (location, host, path) in [
            ("/dir/", "this.invalid", "/dir/"),
            ("dir/?x#y", "this.invalid", "/dir/"),
            ("./dir/", "this.invalid", "/dir/"),
            ("/x/../dir/", "this.invalid", "/dir/"),
            ("", "this.invalid", "/"),
            ("http://Host:8000/dir/", "host", "/dir/"),
            ("https:dir/", "dir", "/"),
            ("//dir/", "dir", "/"),
            ("/\\evil.example/dir/", "evil.example", "/dir/"),
            ("HTTP:\\/evil.example", "evil.example", "/"),
            ("/\t/evil.example/dir/", "evil.example", "/dir/"),
            ("ht\ttp:/\r\n/evil.example/", "evil.example", "/"),
            ("//user@evil.example:80", "evil.example", "/"),
        ] {
            let url = followed(location).unwrap();
            assert_eq!((url.host_str(), url.path()), (Some(host), path), "{location:?}");
        }
        assert_eq!(followed("http://[::1/"), None);
        assert_eq!(followed("mailto:a@b").and_then(|url| url.host_str().map(String::from)), None);
    }

    fn multipart(content: &str) -> Reply {
        let head = "HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=\"b\"\r\n";
        let length = content.len();
        match read(format!("{head}Content-Length: {length}\r\n\r\n{content}").as_bytes(), false, 1, 0) {
            Progress::Whole(reply, _) => *reply,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn parts_are_the_octets_that_they_say() {
        let part = |range: &str, content: &str| {
            format!("\r\n--b\r\nContent-Type: text/plain\r\nContent-Range: {range}\r\n\r\n{content}")
        };
        for (content, right) in [
            (part("bytes 0-1/6", "ab") + &part("bytes 4-5/6", "ef") + "\r\n--b--\r\n", true),
            (part("bytes 0-1/6", "ab")[2..].to_string() + "\r\n--b--", true),
            (part("bytes 0-1/6", "ab") + &part("bytes 4-5/6", "de") + "\r\n--b--\r\n", false),
            (part("bytes 0-1/7", "ab") + "\r\n--b--\r\n", false),
            (part("bytes 1-0/6", "") + "\r\n--b--\r\n", false),
            (part("bytes 0-1/6", "ab"), false),
            ("\r\n--b--\r\n".to_string(), false),
            ("\r\n--b\r\nContent-Type: text/plain\r\n\r\nab\r\n--b--\r\n".to_string(), false),
        ] {
            assert_eq!(multipart(&content).is_parts(b"abcdef").is_ok(), right, "{content}");
        }
    }
}
