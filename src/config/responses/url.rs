//! Addresses that events may be sent to.

use core::net::IpAddr;

/// The longest address taken.
const LONGEST: usize = 2048;

/// An address that events may be sent to: https, or http to this machine itself; without a user or password in it.
///
/// # Errors
/// What is wrong with it and what to write instead. The address itself is not in the message: it may be a secret.
pub fn safe_url(url: &str) -> Result<String, String> {
    let (is_plain, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => return Err("this is not a URL: write for example https://hooks.example.com/bedtop".to_owned()),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host_of(authority);
    if host.is_empty() || url.len() > LONGEST || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("this is not a URL: write for example https://hooks.example.com/bedtop".to_owned());
    }
    if authority.contains('@') {
        return Err("a user or password in a URL ends up in logs: use `token_env` or `token_file`".to_owned());
    }
    if is_plain && !is_loopback(host) {
        return Err("http is for this machine only (127.0.0.1, localhost): write https://".to_owned());
    }
    Ok(url.to_owned())
}

fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
