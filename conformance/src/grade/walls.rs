//! The box: what a submission's processes may use. A small process puts itself inside and becomes the submission.
//!
//! Linux only. What a machine can't enforce is named by [`layers`](super::layers()).

use std::path::{Path, PathBuf};

/// What a process may use once it is inside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walls {
    /// Folders and files that it may read and run, besides those of the system.
    pub reads: Vec<PathBuf>,
    /// Folders that it may change.
    pub writes: Vec<PathBuf>,
    /// The one TCP port on which it may listen.
    pub port: Option<u16>,
    /// Memory of a process, in MB.
    pub memory_mb: u64,
    /// The size of a file, in MB.
    pub file_mb: u64,
    /// Processor time of a process, in seconds.
    pub cpu_s: u64,
}

/// Whether the kernel has rules for files, for the network, and for signals.
pub(super) fn landlock() -> [bool; 3] {
    system::landlock()
}

/// Whether this process is in a box. A submission can't get out of it, and the system is asked past its libraries.
pub fn is_inside() -> bool {
    system::is_inside()
}

/// Whether the kernel filters calls by their arguments, on this kind of processor.
pub(super) fn seccomp() -> bool {
    system::seccomp()
}

/// Puts this process, and all that it will start, into the box.
///
/// # Errors
/// Says which layer failed.
pub fn enter(walls: &Walls) -> Result<(), String> {
    system::limit(walls).map_err(|why| format!("no limits can be set: {why}"))?;
    system::enclose(walls).map_err(|why| format!("Landlock failed: {why}"))?;
    system::abdicate().map_err(|why| format!("root's powers can't be given up: {why}"))?;
    system::forbid().map_err(|why| format!("seccomp failed: {why}"))
}

/// Nothing of this process can be read by those it starts, and what leaves its parents comes to it.
///
/// # Errors
/// Those of the system.
pub fn take_guard() -> std::io::Result<()> {
    system::take_guard()
}

/// The folder of the system, readable in every box, that this path is in.
pub fn exposes(path: &Path) -> Option<PathBuf> {
    readable().into_iter().find(|folder| path.starts_with(folder))
}

/// Programs that run a submission's source, and need more than is beside them on PATH: there may only be a link, as in a
/// virtual environment of Python.
const INTERPRETERS: [&str; 6] = ["python3", "node", "ruby", "perl", "php", "java"];

/// Folders that every program needs, and those of the programs that PATH leads to.
pub(super) fn readable() -> Vec<PathBuf> {
    let system =
        ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/nix", "/proc", "/sys"];
    let mut folders: Vec<PathBuf> = system.map(PathBuf::from).into();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path =
        Vec::from_iter(std::env::split_paths(&path).filter_map(|folder| folder.canonicalize().ok()));
    let installed = INTERPRETERS.into_iter().filter_map(|name| {
        let found = on_path.iter().find_map(|folder| folder.join(name).canonicalize().ok())?;
        Some(found.parent()?.to_owned())
    });
    for folder in Vec::from_iter(installed).into_iter().chain(on_path) {
        let Some(parent) = folder.parent().filter(|parent| parent.parent().is_some()) else { continue };
        if folder.ends_with("shims") {
            folders.push(parent.into());
        } else if folder.ends_with("bin") {
            // Not the parent: it may hold what is nobody's business.
            let beside = ["lib", "lib64", "libexec", "include", "conf", "pyvenv.cfg"];
            folders.extend(beside.map(|beside| parent.join(beside)));
        }
        folders.push(folder);
    }
    let homes = ["VIRTUAL_ENV", "RUSTUP_HOME", "JAVA_HOME"].into_iter().filter_map(std::env::var_os);
    folders.extend(homes.map(PathBuf::from));
    folders.retain(|folder| folder.exists());
    folders.sort();
    folders.dedup();
    folders
}

#[cfg(target_os = "linux")]
mod system {
    use std::io;
    use std::net::{Ipv4Addr, SocketAddrV4};
    use std::path::Path;

    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr,
        RulesetCreatedAttr, RulesetError, Scope, path_beneath_rules,
    };
    use rustix::fs::{Mode, OFlags, open};
    use rustix::io::Errno;
    use rustix::net::{AddressFamily, SocketType, bind, socket};
    use rustix::process::{
        DumpableBehavior, Resource, Rlimit, getpid, getrlimit, set_child_subreaper, set_dumpable_behavior,
        setrlimit,
    };

    use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch,
    };

    use crate::grade::walls::{Walls, readable};

    /// The newest rules that are used; an older kernel gets those that it knows.
    const RULES: ABI = ABI::V6;

    /// No terminals: whoever grades may sit before one.
    const DEVICES: [&str; 6] = [
        "/dev/null",
        "/dev/zero",
        "/dev/full",
        "/dev/random",
        "/dev/urandom",
        // Locks that several processes share are there.
        "/dev/shm",
    ];

    /// Whether the kernel knows rules for files, network and signals.
    pub(super) fn landlock() -> [bool; 3] {
        let strict = || Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        [
            strict().handle_access(AccessFs::from_all(ABI::V3)).is_ok(),
            strict().handle_access(AccessNet::from_all(ABI::V4)).is_ok(),
            strict().scope(Scope::from_all(RULES)).is_ok(),
        ]
    }

    pub(super) fn enclose(walls: &Walls) -> Result<(), RulesetError> {
        let everything = AccessFs::from_all(RULES);
        let bind = walls.port.map(|port| Ok::<_, RulesetError>(NetPort::new(port, AccessNet::BindTcp)));
        let rules = Ruleset::default()
            .handle_access(everything)?
            .handle_access(AccessNet::from_all(RULES))?
            .scope(Scope::from_all(RULES))?
            .create()?
            .add_rules(path_beneath_rules(readable(), AccessFs::from_read(RULES)))?
            .add_rules(path_beneath_rules(&walls.reads, AccessFs::from_read(RULES)))?
            .add_rules(path_beneath_rules(&walls.writes, everything))?
            .add_rules(path_beneath_rules(DEVICES, everything))?
            .add_rules(bind)?;
        rules.restrict_self().map(drop)
    }

    pub(super) fn limit(walls: &Walls) -> io::Result<()> {
        let mega = 1024 * 1024;
        let limits = [
            (Resource::Data, walls.memory_mb * mega),
            (Resource::Fsize, walls.file_mb * mega),
            (Resource::Cpu, walls.cpu_s),
            (Resource::Nofile, 4096),
            (Resource::Core, 0),
        ];
        for (resource, limit) in limits {
            let highest = getrlimit(resource).maximum;
            let limit = Some(highest.map_or(limit, |highest| highest.min(limit)));
            setrlimit(resource, Rlimit { current: limit, maximum: limit })?;
        }
        Ok(())
    }

    /// Gives up what root may do beyond its own files and processes: it may look into any process, whatever Landlock
    /// says. Landlock sees to it that nothing is gained again.
    pub(super) fn abdicate() -> io::Result<()> {
        let kept = CapabilitySet::CHOWN
            | CapabilitySet::DAC_OVERRIDE
            | CapabilitySet::FOWNER
            | CapabilitySet::KILL
            | CapabilitySet::SETGID
            | CapabilitySet::SETUID;
        let kept = capabilities(None)?.permitted & kept;
        let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
        Ok(set_capabilities(None, sets)?)
    }

    pub(super) fn is_inside() -> bool {
        let refused = |result: rustix::io::Result<()>| result == Err(Errno::ACCESS);
        let root = open("/", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        // It may have taken another folder for its root, but no other port.
        let port = socket(AddressFamily::INET, SocketType::STREAM, None);
        let port = port.and_then(|socket| bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)));
        refused(root.map(drop)) || refused(port)
    }

    pub(super) fn seccomp() -> bool {
        TargetArch::try_from(std::env::consts::ARCH).is_ok()
            && Path::new("/proc/sys/kernel/seccomp/actions_avail").exists()
    }

    /// Limits are set by a process for itself: Landlock and the dumpable flag let it set those of all others that run as
    /// the same user.
    pub(super) fn forbid() -> Result<(), seccompiler::Error> {
        if !seccomp() {
            return Ok(());
        }
        let of_another = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, 0)?;
        let rules = [(libc::SYS_prlimit64, vec![SeccompRule::new(vec![of_another])?])];
        let (otherwise, then) = (SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32));
        let filter = SeccompFilter::new(rules.into(), otherwise, then, std::env::consts::ARCH.try_into()?)?;
        seccompiler::apply_filter(&BpfProgram::try_from(filter)?)
    }

    pub(super) fn take_guard() -> io::Result<()> {
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        Ok(set_child_subreaper(Some(getpid()))?)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    use crate::grade::walls::Walls;

    pub(super) fn landlock() -> [bool; 3] {
        [false; 3]
    }

    pub(super) fn enclose(_walls: &Walls) -> Result<(), &'static str> {
        Err("only Linux has it")
    }

    pub(super) fn limit(_walls: &Walls) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn abdicate() -> io::Result<()> {
        Ok(())
    }

    pub(super) fn is_inside() -> bool {
        false
    }

    pub(super) fn seccomp() -> bool {
        false
    }

    pub(super) fn forbid() -> io::Result<()> {
        Ok(())
    }

    pub(super) fn take_guard() -> io::Result<()> {
        Ok(())
    }
}
