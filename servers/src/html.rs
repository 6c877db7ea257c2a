//! The little HTML that the servers themselves write.

use crate::message::{Response, reason};

/// A short page for a person, in place of what was asked for: the status, and one plain sentence.
pub fn error_page(status: u16, sentence: &str) -> Response {
    let title = format!("{status} {}", reason(status));
    let (title, sentence) = (escape(&title), escape(sentence));
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<link rel=\"stylesheet\" href=\"/style.css\">\n\
         </head>\n<body>\n<h1>{title}</h1>\n<p>{sentence}</p>\n<p><a href=\"/\">Back to the first page</a></p>\n\
         </body>\n</html>\n"
    );
    Response::content(status, "text/html; charset=utf-8", page)
}

/// Text with its markup escaped, for HTML content and quoted attribute values.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_means_itself() {
        assert_eq!(escape("<a href=\"x\">'&amp;'"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;");
    }

    #[test]
    fn an_error_page_names_its_status() {
        let response = error_page(404, "There is no <b>here</b>.");
        assert_eq!(response.status, 404);
        let crate::message::Body::Full(page) = response.body else { panic!("a page is at hand") };
        let page = String::from_utf8(page.to_vec()).unwrap();
        assert!(page.contains("<h1>404 Not Found</h1>"), "{page}");
        assert!(page.contains("<p>There is no &lt;b&gt;here&lt;/b&gt;.</p>"), "{page}");
    }
}
