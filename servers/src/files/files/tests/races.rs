//! Files that change while they are asked for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use rustix::fs::{CWD, RenameFlags};

use super::*;

/// How often each of them is asked for at the least.
const REQUESTS: usize = 5_000;
/// How long that may take, where something may wait for ever.
const LIMIT: Duration = Duration::from_secs(60);

/// The answers to requests for a path of the site, while something else happens again and again: status and content.
/// They go on until all of these statuses have been seen, so that the two have been in each other's way.
fn answers(
    files: Files,
    path: &'static str,
    until: &'static [u16],
    happens: impl Fn() + Sync,
) -> Vec<(u16, Vec<u8>)> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                happens();
            }
        });
        // Not a thread of the scope, which would wait for one that waits for ever.
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let (begun, later) = (Instant::now(), SystemTime::now() + Duration::from_secs(60));
            let mut answers = Vec::new();
            while answers.len() < REQUESTS
                || (begun.elapsed() < LIMIT / 2 && until.iter().any(|status| !has(&answers, *status)))
            {
                // Half of them from the cache, where it has something.
                let now = if answers.len() % 2 == 0 { SystemTime::now() } else { later };
                answers.push(match files.find(path, now) {
                    Ok(Found::File(file)) => match &file.content {
                        Content::Memory(octets) => (200, octets.to_vec()),
                        Content::Disk(..) => panic!("a small file is read at once"),
                    },
                    Ok(Found::Directory) => (301, Vec::new()),
                    Err(status) => (status, Vec::new()),
                });
            }
            let _ = sender.send(answers);
        });
        let answers = receiver.recv_timeout(LIMIT);
        is_over.store(true, Ordering::Relaxed);
        answers.expect("no request waits for ever")
    })
}

fn has(answers: &[(u16, Vec<u8>)], status: u16) -> bool {
    answers.iter().any(|(its, _)| *its == status)
}

/// Two names change places, at once.
fn swap(root: &Path, one: &str, other: &str) {
    rustix::fs::renameat_with(CWD, root.join(one), CWD, root.join(other), RenameFlags::EXCHANGE)
        .expect("the same file system");
}

/// What is answered, each status once.
fn statuses(answers: &[(u16, Vec<u8>)]) -> Vec<u16> {
    let mut statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

#[test]
fn a_pipe_that_takes_the_place_of_a_file_keeps_nobody_waiting() {
    let (directory, files) = site();
    let root = directory.path().join("root");
    assert!(Command::new("mkfifo").arg(root.join("pipe")).status().expect("mkfifo runs").success());
    let answers = answers(files, "/hello.txt", &[200, 403], || swap(&root, "hello.txt", "pipe"));
    let statuses = statuses(&answers);
    assert!(statuses == [200, 403] || statuses == [200, 403, 404], "{statuses:?}");
}

#[test]
fn a_link_that_takes_the_place_of_a_file_does_not_lead_out_of_the_root() {
    let (directory, files) = site();
    let root = directory.path().join("root");
    let answers = answers(files, "/hello.txt", &[200, 404], || swap(&root, "hello.txt", "outside.txt"));
    let secrets = answers.iter().filter(|(_, content)| content == SECRET).count();
    assert_eq!((secrets, statuses(&answers)), (0, vec![200, 404]));
}

#[test]
fn a_link_that_takes_the_place_of_a_directory_does_not_lead_out_of_the_root() {
    let (directory, files) = site();
    let root = directory.path().join("root");
    fs::create_dir(directory.path().join("other")).expect("a directory");
    fs::write(directory.path().join("other/index.html"), SECRET).expect("a file");
    symlink("../other", root.join("link")).expect("a link");
    let answers = answers(files, "/dir/", &[200, 404], || swap(&root, "dir", "link"));
    let secrets = answers.iter().filter(|(_, content)| content == SECRET).count();
    assert_eq!((secrets, statuses(&answers)), (0, vec![200, 404]));
}

#[test]
fn a_link_within_the_root_may_change_and_leads_to_what_it_led_to_before_or_after() {
    let (directory, files) = site();
    let root = directory.path().join("root");
    let happens = || {
        for target in ["dir/index.html", "../root/index.html"] {
            symlink(target, root.join("new")).expect("a link");
            fs::rename(root.join("new"), root.join("current")).expect("the same file system");
        }
    };
    happens();
    let answers = answers(files, "/current", &[200], happens);
    assert_eq!(statuses(&answers), [200]);
    let is_either = |content: &[u8]| content == b"<p>root" || content == b"<p>dir";
    assert!(answers.iter().all(|(_, content)| is_either(content)));
}

#[test]
fn a_file_that_is_replaced_is_served_as_one_or_the_other() {
    let (directory, files) = site();
    let root = directory.path().join("root");
    fs::write(root.join("hello.txt"), "1".repeat(1000)).expect("a file");
    fs::write(root.join("other"), "2".repeat(20_000)).expect("a file");
    let answers = answers(files, "/hello.txt", &[200], || swap(&root, "hello.txt", "other"));
    assert_eq!(statuses(&answers), [200]);
    let is_whole = |content: &[u8]| match content.first() {
        Some(b'1') => content == [b'1'; 1000],
        _ => content == [b'2'; 20_000],
    };
    assert!(answers.iter().all(|(_, content)| is_whole(content)));
}
