#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| servers::http::fuzzing::chunked(input));
