//! What the server has still to read of a connection, as the system sees it.
//!
//! A message arrives in the pieces in which it was sent only if the server reads each before the next one comes. To
//! wait for a while takes long and is chance all the same on a busy machine. Linux says of any connection on the
//! machine how much of it is unread (`man 7 sock_diag`).

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::Unread;
#[cfg(target_os = "linux")]
pub(super) use linux::Unread;

#[cfg(target_os = "linux")]
mod linux {
    use std::net::{IpAddr, TcpStream};
    use std::os::fd::OwnedFd;

    use rustix::net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
    };

    /// `SOCK_DIAG_BY_FAMILY`: the type of the question and of its answer.
    const BY_FAMILY: u16 = 20;
    /// `NLM_F_REQUEST`.
    const REQUEST: u16 = 1;
    /// `TCP_ESTABLISHED`.
    const ESTABLISHED: u8 = 1;

    /// A question to the system about the server's end of a connection.
    #[derive(Debug)]
    pub(in crate::client::connection) struct Unread {
        system: OwnedFd,
        question: Vec<u8>,
    }

    impl Unread {
        /// About this connection; `None` where the system does not say.
        pub(in crate::client::connection) fn of(stream: &TcpStream) -> Option<Unread> {
            let flags = SocketFlags::CLOEXEC;
            let diagnosis = Some(netlink::SOCK_DIAG);
            let system = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, diagnosis).ok()?;
            let unread = Unread { system, question: question(stream)? };
            unread.octets().map(|_| unread)
        }

        /// How many octets have arrived and were not read; `None` where the server's end is closed or not on this
        /// machine.
        pub(in crate::client::connection) fn octets(&self) -> Option<u32> {
            let mut answer = [0; 512];
            send(&self.system, &self.question, SendFlags::empty()).ok()?;
            let (_, length) = recv(&self.system, &mut answer[..], RecvFlags::empty()).ok()?;
            // `nlmsghdr`, and `inet_diag_msg` up to `idiag_rqueue`.
            let answer = answer.get(..length)?;
            let is_open =
                answer.get(4..6)? == BY_FAMILY.to_ne_bytes() && answer.get(17) == Some(&ESTABLISHED);
            let unread = answer.get(72..76)?.try_into().ok()?;
            is_open.then(|| u32::from_ne_bytes(unread))
        }
    }

    /// `nlmsghdr` and `inet_diag_req_v2`.
    fn question(stream: &TcpStream) -> Option<Vec<u8>> {
        let (ours, server) = (stream.local_addr().ok()?, stream.peer_addr().ok()?);
        let family = if server.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let tcp = 6;
        let mut body = vec![u8::try_from(family.as_raw()).ok()?, tcp, 0, 0];
        let every_state = u32::MAX;
        body.extend(every_state.to_ne_bytes());
        body.extend([server.port(), ours.port()].map(u16::to_be_bytes).concat());
        body.extend([padded(server.ip()), padded(ours.ip())].concat());
        // No interface in particular, and no cookie.
        body.extend([0, u32::MAX, u32::MAX].map(u32::to_ne_bytes).concat());
        let length = u32::try_from(16 + body.len()).ok()?;
        let head = [&length.to_ne_bytes()[..], &BY_FAMILY.to_ne_bytes(), &REQUEST.to_ne_bytes(), &[0; 8]];
        Some([&head.concat()[..], &body].concat())
    }

    /// An address in 16 octets.
    fn padded(address: IpAddr) -> [u8; 16] {
        match address {
            IpAddr::V6(address) => address.octets(),
            IpAddr::V4(address) => {
                let mut octets = [0; 16];
                octets[..4].copy_from_slice(&address.octets());
                octets
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use std::io::{Read, Write};
        use std::net::TcpListener;

        use super::*;

        #[test]
        fn what_the_other_end_has_not_read_is_counted() {
            for address in ["127.0.0.1:0", "[::1]:0"] {
                let Ok(listener) = TcpListener::bind(address) else { continue };
                let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                // Some sandboxes do not say.
                let Some(unread) = Unread::of(&client) else { continue };
                assert_eq!(unread.octets(), Some(0));
                client.write_all(b"five!").unwrap();
                assert_eq!(unread.octets(), Some(5));
                let (mut server, _) = listener.accept().unwrap();
                server.read_exact(&mut [0; 3]).unwrap();
                assert_eq!(unread.octets(), Some(2));
                server.read_exact(&mut [0; 2]).unwrap();
                assert_eq!(unread.octets(), Some(0));
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::net::TcpStream;

    /// Nobody to ask.
    #[derive(Debug)]
    pub(in crate::client::connection) struct Unread;

    impl Unread {
        pub(in crate::client::connection) fn of(_: &TcpStream) -> Option<Unread> {
            None
        }

        pub(in crate::client::connection) fn octets(&self) -> Option<u32> {
            None
        }
    }
}
