//! HTTP/1.1 itself: RFC 9110, RFC 9112.

pub mod basics;
pub mod chunked;
pub mod connection;
pub mod content_length;
pub mod damage;
pub mod delivery;
pub mod fields;
pub mod framing;
pub mod held;
pub mod host;
pub mod limits;
pub mod lint;
pub mod load;
pub mod methods;
pub mod request_line;
pub mod robustness;
pub mod time;
pub mod values;
pub mod wire;
