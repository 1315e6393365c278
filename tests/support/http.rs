//! Requests as a test's server reads them.
#![allow(dead_code, reason = "each of those that share it needs a part of it")]

use std::io::Read;
use std::net::TcpStream;

/// The head and the body of a request that came whole, as text.
pub(crate) fn request(client: &mut TcpStream) -> Option<(String, String)> {
    let (head, body) = raw_request(client)?;
    Some((head, String::from_utf8_lossy(&body).into_owned()))
}

/// The same with the body as it came.
pub(crate) fn raw_request(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut request = Vec::new();
    let mut bytes = vec![0; 64 * 1024];
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
