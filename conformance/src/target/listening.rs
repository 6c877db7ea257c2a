//! Where processes listen, from `/proc`: nowhere else than on Linux is anything found.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The addresses on which any of these processes accepts connections.
pub(super) fn addresses(processes: impl IntoIterator<Item = u32>) -> BTreeSet<SocketAddr> {
    let sockets: BTreeSet<String> = processes.into_iter().flat_map(sockets).collect();
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    lines
        .filter_map(listener)
        .filter(|(_, socket)| sockets.contains(*socket))
        .map(|(address, _)| address)
        .collect()
}

/// The numbers of the sockets that a process holds.
fn sockets(process: u32) -> Vec<String> {
    let number = |link: fs::DirEntry| {
        let target = fs::read_link(link.path()).ok()?;
        Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
    };
    let links = fs::read_dir(format!("/proc/{process}/fd"));
    links.into_iter().flatten().flatten().filter_map(number).collect()
}

/// The address and the number of a socket that listens, from its line in the table of the system.
fn listener(line: &str) -> Option<(SocketAddr, &str)> {
    const LISTENS: &str = "0A";
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let (address, state, socket) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    let (ip, port) = address.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    (*state == LISTENS).then_some((SocketAddr::new(ip_address(ip)?, port), *socket))
}

/// Groups of eight hex digits, each a number as the machine has it in memory.
fn ip_address(digits: &str) -> Option<IpAddr> {
    let groups = digits.as_bytes().chunks(8).map(|group| {
        let group = u32::from_str_radix(std::str::from_utf8(group).ok()?, 16).ok()?;
        Some(group.to_ne_bytes())
    });
    let octets: Vec<u8> = groups.collect::<Option<Vec<_>>>()?.concat();
    match octets.len() {
        4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(octets).ok()?).into()),
        _ => Some(Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).into()),
    }
}

#[cfg(all(test, target_os = "linux", target_endian = "little"))]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_read_from_the_tables_of_the_system() {
        let rest = "00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1";
        let address = |ip: &str| listener(&format!("0: {ip}:1F90 {rest}")).map(|(at, _)| at.to_string());
        assert_eq!(address("0100007F").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(address("00000000000000000000000001000000").as_deref(), Some("[::1]:8080"));
        assert_eq!(address("nonsense"), None);
    }

    #[test]
    fn this_process_is_found_where_it_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(addresses([std::process::id()]).contains(&listener.local_addr().unwrap()));
    }
}
