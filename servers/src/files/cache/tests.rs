//! What is kept, for how long, and what is never served.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};

use bytes::Bytes;

use super::*;
use crate::files::conditional::Validators;
use crate::files::files::tests::site;
use crate::files::files::{Files, Found};

/// The file that a path leads to, asked at this time.
fn file_at(files: &Files, path: &str, now: SystemTime) -> Result<Arc<Representation>, u16> {
    match files.find(path, now)? {
        Found::File(file) => Ok(file),
        Found::Directory => Err(301),
    }
}

fn octets(file: &Representation) -> &[u8] {
    match &file.content {
        Content::Memory(octets) => octets,
        Content::Disk(..) => panic!("a small file is read at once"),
    }
}

#[test]
fn a_file_is_read_once_a_second_if_its_last_change_is_past() {
    let (_directory, files) = site();
    let is_read_once = |path, first, then| {
        let file = file_at(&files, path, first).expect("it is there");
        let again = file_at(&files, path, then).expect("it is there");
        Arc::ptr_eq(&file, &again)
    };
    let (now, second) = (SystemTime::now(), Duration::from_secs(1));
    let later = now + 60 * second;
    for soon in [now, now + 2 * second] {
        assert!(!is_read_once("/hello.txt", soon, soon), "it may still change unseen");
    }
    assert!(is_read_once("/hello.txt", later, later));
    assert!(is_read_once("//h%65llo.txt", later, later + second / 2), "another way to write its name");
    assert!(!is_read_once("/hello.txt", later + 60 * second, later + 61 * second));
    assert!(!is_read_once("/hello.txt", later, later - second), "the clock was set back");
    assert!(!is_read_once("/large", later, later));
    // The media type is that of the name, of which a file may have several.
    assert!(is_read_once("/inside.html", later, later));
    for (path, media_type) in [("/hello.txt", "text/plain"), ("/inside.html", "text/html")] {
        let file = file_at(&files, path, later).expect("it is there");
        assert_eq!(file.media_type, format!("{media_type}; charset=utf-8"));
    }
}

#[test]
fn what_was_read_is_never_served_in_place_of_what_is_there() {
    let (directory, files) = site();
    let later = SystemTime::now() + Duration::from_secs(60);
    let path = directory.path().join("root/hello.txt");
    let changed = || fs::metadata(&path).map(|metadata| (metadata.ctime(), metadata.ctime_nsec())).ok();
    // Does it until the clock of the file system has ticked: sooner than that nothing is kept.
    let change = |how: &dyn Fn() -> io::Result<()>| {
        let before = changed();
        while changed() == before {
            how().expect("the file is ours");
        }
    };
    let get = || file_at(&files, "/hello.txt", later);
    let served = || get().map(|file| octets(&file).to_vec());
    let keep = || Arc::ptr_eq(&get().expect("it is there"), &get().expect("it is there"));

    assert!(keep());
    change(&|| fs::write(&path, b"9876543210"));
    assert_eq!(served(), Ok(b"9876543210".to_vec()), "changed in place, as long as before");
    assert!(keep());
    let date = fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("a date");
    change(&|| {
        fs::write(&path, b"0000000000")?;
        File::options().write(true).open(&path)?.set_modified(date)
    });
    assert_eq!(served(), Ok(b"0000000000".to_vec()), "changed, and its date set back");
    assert!(keep());
    change(&|| {
        fs::write(directory.path().join("new"), b"1111111111")?;
        fs::rename(directory.path().join("new"), &path)
    });
    assert_eq!(served(), Ok(b"1111111111".to_vec()), "replaced");
    assert!(keep());
    let before = get().expect("it is there");
    change(&|| fs::set_permissions(&path, fs::Permissions::from_mode(0o000)));
    match (get(), File::open(&path)) {
        (Err(status), Err(_)) => assert_eq!(status, 403, "forbidden"),
        // Nothing is forbidden to root, who runs tests in containers.
        (Ok(file), Ok(_)) => assert!(!Arc::ptr_eq(&file, &before), "asked for anew"),
        (_, readable) => panic!("{readable:?}"),
    }
    change(&|| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)));
    assert!(keep());
    fs::rename(&path, directory.path().join("gone.txt")).expect("the same file system");
    assert_eq!(served(), Err(404), "removed");
    symlink("../gone.txt", &path).expect("a link");
    assert_eq!(served(), Err(404), "out of the root");
    fs::remove_file(&path).expect("the link is ours");
    fs::create_dir(&path).expect("a directory");
    assert_eq!(served(), Err(301), "a directory now");
}

#[test]
fn all_files_together_stay_within_the_limit() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let looks = file.as_file().metadata().expect("it is there");
    let later = SystemTime::now() + Duration::from_secs(60);
    let cache = Cache::default();
    let put = |name: &str, octets: usize| {
        let validators = Validators::new("\"tag\"".into(), None, UNIX_EPOCH);
        let content = Content::Memory(Bytes::from(vec![0; octets]));
        let file = Arc::new(Representation { media_type: "text/plain".into(), validators, content });
        cache.put(Path::new(name), &looks, &file, later);
    };
    let is_kept = |name: &str| cache.get(Path::new(name), &looks, later).is_some();

    // The same file again and again takes its room once.
    put("quarter", LIMIT / 4);
    (0..3).for_each(|_| put("half", LIMIT / 2));
    assert!(is_kept("half") && is_kept("quarter"));
    put("another half", LIMIT / 2);
    assert!(is_kept("another half") && !is_kept("half") && !is_kept("quarter"));
    put("quarter", LIMIT / 4);
    assert!(is_kept("another half") && is_kept("quarter"));
}
