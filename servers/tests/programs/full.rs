//! A disk that is full while content is stored. Files may only grow so far here, which looks the same to the server.

use std::process::Command;

use crate::running::{FORMS, Running, SIMPLE, URLENCODED, post};

/// A server that can't write more than 200 KiB to a file. The shell counts in units of 512 octets.
fn confined(program: &str) -> Running {
    Running::command(Command::new("sh").args(["-c", "ulimit -f 400; exec \"$0\" \"$@\"", program]))
}

/// The status of the answer to a form of so many octets.
fn submit(server: &Running, path: &str, octets: usize, fields: &str) -> String {
    let form = format!("a={}", "b".repeat(octets - 2));
    let answer = server.ask(&(post(path, URLENCODED, octets, fields) + &form));
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn content_that_finds_no_room_is_answered_503_and_the_server_lives_on() {
    for (program, path) in FORMS {
        let server = confined(program);
        for (octets, expected) in [(150_000, "200"), (2_000_000, "503"), (150_000, "200"), (3, "200")] {
            assert_eq!(submit(&server, path, octets, ""), expected, "{program} {octets}");
        }
    }
}

#[test]
fn an_answer_that_finds_no_room_is_503() {
    let server = confined(SIMPLE);
    for (octets, expected) in [(50_000, "200"), (150_000, "503"), (3, "200")] {
        assert_eq!(submit(&server, "/form", octets, "Accept: application/json\r\n"), expected, "{octets}");
    }
}

#[test]
fn without_a_directory_for_temporary_files_large_content_is_refused_and_small_content_is_not() {
    let server = Running::command(Command::new(SIMPLE).env("TMPDIR", "/nowhere/at/all"));
    for (octets, expected) in [(10_000, "200"), (150_000, "500"), (10_000, "200")] {
        assert_eq!(submit(&server, "/form", octets, ""), expected, "{octets}");
    }
}
