use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::*;

/// What is found out about a server with this loop over its clients.
fn offer(of: Capability, serve: fn(TcpListener)) -> Offer {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || serve(listener));
    let profile = Profile::built_in("simple").unwrap();
    let (_, offered) = get_to_know(&mut Target::at_url(&url).unwrap(), &profile, 1);
    offered.iter().find(|known| known.what == of.name()).unwrap().offer
}

fn several_clients(serve: fn(TcpListener)) -> Offer {
    offer(Capability::Concurrency, serve)
}

#[test]
fn a_server_that_is_too_busy_does_not_say_that_it_offers_nothing() {
    let is_too_busy = offer(Capability::Files, |listener| {
        for client in listener.incoming().flatten() {
            let is_page = first(&client).starts_with(b"GET / ");
            end(&client, if is_page { "200 OK" } else { "503 Service Unavailable" });
        }
    });
    assert_eq!(is_too_busy, Offer::Unclear);
}

#[test]
fn what_is_asked_for_and_missing_once_is_not_known_to_be_missing() {
    let has_one_after_all = offer(Capability::Form, |listener| {
        let mut forms = 0;
        for client in listener.incoming().flatten() {
            let is_form = first(&client).starts_with(b"POST ");
            forms += usize::from(is_form);
            match is_form && forms > 1 {
                true => drop(client),
                false => end(&client, if is_form { "404 Not Found" } else { "200 OK" }),
            }
        }
    });
    assert_eq!(has_one_after_all, Offer::Unclear);
}

/// Answers with nothing but a status.
fn end(mut client: &TcpStream, status: &str) {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    let _ = client.write_all(head.as_bytes());
}

fn answer(mut client: &TcpStream) {
    let _ = client.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
}

/// What the first `read` brings.
fn first(mut client: &TcpStream) -> Vec<u8> {
    let mut octets = [0; 1024];
    let length = client.read(&mut octets).unwrap_or(0);
    octets[..length].into()
}

/// Reads on to the end of the head, or of the connection; content may follow.
fn rest_of_head(client: &TcpStream, mut head: Vec<u8>) {
    while !contains(&head, b"\r\n\r\n") {
        match first(client) {
            octets if octets.is_empty() => return,
            octets => head.extend(octets),
        }
    }
}

#[test]
fn neither_half_a_head_nor_none_keeps_others_waiting_where_several_are_served() {
    let serves_several = several_clients(|listener| {
        for client in listener.incoming().flatten() {
            thread::spawn(move || {
                rest_of_head(&client, Vec::new());
                answer(&client);
            });
        }
    });
    let takes_half_a_head_for_a_request = several_clients(|listener| {
        for client in listener.incoming().flatten() {
            first(&client);
            answer(&client);
        }
    });
    let reads_once_before_it_starts_a_thread = several_clients(|listener| {
        for client in listener.incoming().flatten() {
            let begin = first(&client);
            thread::spawn(move || {
                rest_of_head(&client, begin);
                answer(&client);
            });
        }
    });
    let waits_for_octets_of_any_client = several_clients(|listener| {
        listener.set_nonblocking(true).unwrap();
        let mut clients = Vec::new();
        loop {
            thread::sleep(Duration::from_millis(1));
            clients.extend(listener.accept().into_iter().map(|(client, _)| client));
            clients.retain(|client| {
                client.set_nonblocking(true).unwrap();
                let has_sent = client.peek(&mut [0]).is_ok();
                client.set_nonblocking(false).unwrap();
                if has_sent {
                    rest_of_head(client, Vec::new());
                    answer(client);
                }
                !has_sent
            });
        }
    });
    assert_eq!(serves_several, Offer::Offered);
    assert_eq!(takes_half_a_head_for_a_request, Offer::Absent);
    assert_eq!(reads_once_before_it_starts_a_thread, Offer::Absent);
    assert_eq!(waits_for_octets_of_any_client, Offer::Absent);
}
