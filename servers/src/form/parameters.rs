//! A value with parameters: Content-Type (RFC 9110 8.3.1) and Content-Disposition (RFC 7578 4.2).

/// More parameters than any field of a form or a request has.
const MAX_PARAMETERS: usize = 16;

/// What is before the first semicolon, and the parameters after it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// In lower case: both fields compare their value without case.
    pub(crate) value: Vec<u8>,
    list: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Parameters {
    /// Takes a field apart. `None` if it cannot be read, or can be read in two ways: a parameter that
    /// comes twice is as bad as a quote that never ends.
    pub(crate) fn parse(field: &[u8]) -> Option<Parameters> {
        let end = field.iter().position(|&byte| byte == b';').unwrap_or(field.len());
        let (value, mut rest) = field.split_at(end);
        let mut list: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        while let Some(parameter) = rest.strip_prefix(b";") {
            let parameter = parameter.trim_ascii_start();
            // RFC 9110 5.6.6 lets a parameter be empty: `a; ; b=c;`
            if parameter.is_empty() || parameter.starts_with(b";") {
                rest = parameter;
                continue;
            }
            let equals = parameter.iter().position(|&byte| byte == b'=')?;
            let name = parameter[..equals].trim_ascii().to_ascii_lowercase();
            let (value, after) = parameter_value(parameter[equals + 1..].trim_ascii_start())?;
            if name.is_empty() || name.contains(&b';') || list.iter().any(|(other, _)| *other == name) {
                return None;
            }
            if list.len() == MAX_PARAMETERS {
                return None;
            }
            list.push((name, value));
            rest = after.trim_ascii_start();
        }
        rest.is_empty().then(|| Parameters { value: value.trim_ascii().to_ascii_lowercase(), list })
    }

    /// The value of a parameter; its name is given in lower case.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.list.iter().find(|(other, _)| other == name.as_bytes()).map(|(_, value)| &value[..])
    }
}

/// A parameter's value, and what follows it.
fn parameter_value(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(quoted) = bytes.strip_prefix(b"\"") else {
        let (value, rest) = bytes.split_at(bytes.iter().position(|&b| b == b';').unwrap_or(bytes.len()));
        let value = value.trim_ascii();
        return (!value.is_empty() && !value.contains(&b'"')).then(|| (value.to_vec(), rest));
    };
    // In a form a backslash is an ordinary character: browsers write a quote as %22, and a file may
    // be called `C:\new`. Only older clients write `\"`. So a quote ends the value if the parameter
    // ends there as well, and `\"` anywhere else is a quote.
    let mut value = Vec::new();
    for (index, &byte) in quoted.iter().enumerate() {
        if byte != b'"' {
            value.push(byte);
            continue;
        }
        let rest = &quoted[index + 1..];
        if matches!(rest.trim_ascii_start().first(), None | Some(b';')) {
            return Some((value, rest));
        }
        *value.last_mut().filter(|last| **last == b'\\')? = b'"';
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_one_reading_or_none() {
        let read = |field: &str| {
            let parameters = Parameters::parse(field.as_bytes())?;
            let list = parameters.list.iter().map(|(name, value)| format!("{}={}", text(name), text(value)));
            Some([text(&parameters.value)].into_iter().chain(list).collect::<Vec<_>>().join("|"))
        };
        for (field, expected) in [
            ("Text/Plain", Some("text/plain")),
            ("a/b ; Charset = UTF-8 ;; x=y;", Some("a/b|charset=UTF-8|x=y")),
            ("a/b;x=\"0'()+_,-./:=?Z\"", Some("a/b|x=0'()+_,-./:=?Z")),
            ("a;f=\"my file; v=2.txt\";g=1", Some("a|f=my file; v=2.txt|g=1")),
            ("a;f=\"\"", Some("a|f=")),
            (r#"a;f="a\"b.txt""#, Some("a|f=a\"b.txt")),
            (r#"a;f="C:\dir\x.txt""#, Some(r"a|f=C:\dir\x.txt")),
            (r#"a;f="ends in \"; g=1"#, Some(r"a|f=ends in \|g=1")),
            ("a;f=\"100%41%22\"", Some("a|f=100%41%22")),
            ("a;f=\"x.txt", None),
            ("a;f=\"a\"b\"", None),
            ("a;f=\"a\" b", None),
            ("a;f=a\"b", None),
            ("a;f=", None),
            ("a;f", None),
            ("a;=f", None),
            ("a;f;g=1", None),
            ("a;f=1;F=2", None),
        ] {
            assert_eq!(read(field).as_deref(), expected, "{field}");
        }
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).expect("the table is text")
    }
}
