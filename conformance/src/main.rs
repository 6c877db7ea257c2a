//! x
use conformance::{
    fixture::Fixture,
    profile::Profile,
    runner,
    target::{Recipe, Target},
};
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|a| a == "serve") {
        return serve(&args);
    }
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
fn serve(args: &[String]) {
    let value = |name: &str| args.iter().position(|a| a == name).map(|at| args[at + 1].clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let address = format!("127.0.0.1:{}", value("--port").unwrap()).parse().unwrap();
        let server = servers::server::Server::bind(servers::server::Config::new(address)).unwrap();
        let files =
            servers::files::Files::directory(std::path::Path::new(&value("--root").unwrap())).unwrap();
        let site = servers::site::Site { form: Default::default(), files };
        server.serve(site, servers::server::stop_signal()).await;
    });
}
