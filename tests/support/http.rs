//! Requests as a test's server reads them.

use std::io::Read;
use std::net::TcpStream;

/// The head and the body of a request that came whole.
pub(crate) fn request(client: &mut TcpStream) -> Option<(String, String)> {
    let mut request = Vec::new();
    let mut bytes = [0; 16 * 1024];
    loop {
        let read = client.read(&mut bytes).ok().filter(|&read| read > 0)?;
        request.extend(&bytes[..read]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some((head.to_owned(), body.to_owned()));
        }
    }
}
