//! A stub of ours that answers HTTP requests on loopback as a test tells it to: for what the fake AWS does not have.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

/// An answer: its content type and its body.
pub(crate) type Answer = (&'static str, Vec<u8>);

/// Starts a stub that answers each request by its first line and its body; gives its URL.
pub(crate) fn start(answer: impl Fn(&str, &[u8]) -> Answer + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for mut client in listener.incoming().filter_map(Result::ok) {
            if let Some((head, body)) = read_request(&mut client) {
                let (content_type, body) = answer(head.lines().next().unwrap_or_default(), &body);
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\nsmithy-protocol: rpc-v2-cbor\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                // A client that goes away is no fault.
                let _ = client.write_all(&[head.as_bytes(), &body].concat());
                let _ = client.shutdown(Shutdown::Write);
            }
        }
    });
    format!("http://{address}")
}

fn read_request(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut request = Vec::new();
    let mut bytes = [0; 16 * 1024];
    loop {
        let read = client.read(&mut bytes).ok().filter(|&read| read > 0)?;
        request.extend(&bytes[..read]);
        let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&request[..end]).into_owned();
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        let body = &request[end + 4..];
        if body.len() >= length.unwrap_or(0) {
            return Some((head, body.to_vec()));
        }
    }
}
