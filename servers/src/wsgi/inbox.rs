//! Where requests lie until a thread of a worker reads them. One that is there when the thread is done with the last
//! is begun at once, and neither of the two waits for the other.
//!
//! The server keeps the other end as well, so that what no thread has read can be taken back: a request waits behind
//! no slow one for long, and the end of a worker costs none that it has not begun.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, recv, sendmsg, shutdown};

use super::protocol;

/// Whether the socket keeps messages apart: elsewhere one request lies there at a time.
const KEEPS_APART: bool = cfg!(target_os = "linux");

/// The requests of one thread that it has not read.
#[derive(Debug)]
pub(super) struct Inbox {
    ours: OwnedFd,
    its: OwnedFd,
    /// The number of the last request, 0 before the first.
    last: AtomicU32,
}

impl Inbox {
    /// An empty one.
    pub(super) fn new() -> io::Result<Inbox> {
        let (ours, its) = pair()?;
        Ok(Inbox { ours, its, last: AtomicU32::new(0) })
    }

    /// The end that the thread reads from.
    pub(super) fn its(&self) -> BorrowedFd<'_> {
        self.its.as_fd()
    }

    /// Whether a request may lie there behind another one.
    pub(super) fn has_room_behind_another(&self, request: &Bytes) -> bool {
        KEEPS_APART && protocol::is_one_message(request)
    }

    /// Puts a request there; of a large one only what comes first. Its number, which its answer has too.
    ///
    /// # Errors
    /// Those of the system, which has no room.
    pub(super) fn put(&self, request: &Bytes) -> io::Result<u32> {
        let number = self.last.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let prefix = number.to_be_bytes();
        let message = [IoSlice::new(&prefix), IoSlice::new(protocol::message(request))];
        sendmsg(&self.ours, &message, &mut SendAncillaryBuffer::default(), SendFlags::DONTWAIT)?;
        Ok(number)
    }

    /// The number of the first.
    pub(super) fn first(&self) -> Option<u32> {
        self.receive(RecvFlags::PEEK)
    }

    /// Takes the first back, unless the thread has been faster; its number.
    pub(super) fn take_back(&self) -> Option<u32> {
        self.receive(RecvFlags::empty())
    }

    fn receive(&self, flags: RecvFlags) -> Option<u32> {
        let mut number = [0; 4];
        let (read, _) = recv(&self.its, &mut number, flags | RecvFlags::DONTWAIT).ok()?;
        (read == number.len()).then(|| u32::from_be_bytes(number))
    }

    /// Tells the thread that there will be no more.
    pub(super) fn close(&self) {
        let _ = shutdown(&self.ours, Shutdown::Both);
    }
}

#[cfg(target_os = "linux")]
fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

#[cfg(not(target_os = "linux"))]
fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (ours, its) = std::os::unix::net::UnixStream::pair()?;
    Ok((ours.into(), its.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_can_be_taken_back() {
        let inbox = Inbox::new().expect("sockets");
        let request = Bytes::from_static(&[0; 20]);
        assert_eq!(inbox.first(), None);
        inbox.put(&request).expect("there is room");
        assert_eq!(inbox.first(), Some(1));
        assert_eq!(inbox.take_back(), Some(1));
        assert_eq!(inbox.take_back(), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn requests_lie_there_apart_from_each_other() {
        let inbox = Inbox::new().expect("sockets");
        let request = Bytes::from_static(&[0; 20]);
        inbox.put(&request).expect("there is room");
        inbox.put(&request).expect("there is room");
        let mut read = [0; 100];
        let mut octets = || recv(inbox.its(), &mut read, RecvFlags::empty()).map(|(_, octets)| octets);
        assert_eq!(octets(), Ok(24));
        assert_eq!(inbox.take_back(), Some(2));
        inbox.close();
        assert_eq!(octets(), Ok(0));
    }
}
