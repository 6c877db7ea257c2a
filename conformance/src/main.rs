//! x
use conformance::{
    fixture::Fixture,
    profile::Profile,
    runner,
    target::{Recipe, Target},
};
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let dir = tempfile::tempdir().unwrap();
    let fixture = Fixture::lay_out(dir.path()).unwrap();
    let (only, command): (Vec<_>, Vec<_>) = match args.iter().position(|a| a == "--") {
        Some(at) => (args[..at].to_vec(), args[at + 1..].to_vec()),
        None => (args, vec![]),
    };
    let mut target =
        Target::start(Recipe { command, fixture, app: String::new() }).unwrap_or_else(|e| panic!("{e}"));
    let profile = Profile::built_in("simple").unwrap();
    let options = runner::Options { seed: 1, jobs: 4, only };
    let report = runner::run(&mut target, &profile, &options, &|o, _| {
        println!("{:?} {} {}ms {:?} {:?}", o.verdict, o.check, o.took_ms, o.expected, o.actual)
    });
    println!("{:?} {}ms", report.summary, report.took_ms);
}
