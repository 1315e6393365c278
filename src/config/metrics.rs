//! The `metrics` section: where the fleet's metrics are served.

use core::net::SocketAddr;
use std::path::PathBuf;

use toml::de::DeValue;

use crate::config::reader::Table;
use crate::config::values;

/// How a path is told from an address.
const SOCKET_PREFIX: &str = "unix:";

/// Where metrics are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetricsListen {
    /// An address of this machine that only this machine reaches.
    Loopback(SocketAddr),
    /// A Unix socket.
    Socket(PathBuf),
}

impl MetricsListen {
    /// As the file has it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Loopback(address) => address.to_string(),
            Self::Socket(path) => format!("{SOCKET_PREFIX}{}", path.display()),
        }
    }
}

/// Reads the section.
pub(super) fn section(table: Table<'_>, default: Option<MetricsListen>) -> Option<MetricsListen> {
    let listen = table.get("listen", listen).or(default);
    table.finish();
    listen
}

/// `127.0.0.1:9464`, `[::1]:9464` or `unix:/path`.
fn listen(value: &DeValue<'_>) -> Result<MetricsListen, String> {
    let text = values::text(value)?;
    if let Some(path) = text.strip_prefix(SOCKET_PREFIX) {
        let path = PathBuf::from(path);
        let is_absolute = path.is_absolute();
        return if is_absolute {
            Ok(MetricsListen::Socket(path))
        } else {
            Err(format!("`{text}` is not an absolute path: write for example unix:/run/user/1000/bedtop/metrics.sock"))
        };
    }
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(MetricsListen::Loopback(address)),
        Ok(address) => {
            let port = address.port();
            Err(format!("`{address}` can be reached from outside: write 127.0.0.1:{port}, or a path as unix:/path"))
        }
        Err(_) => Err(format!("`{text}` is no address: write for example 127.0.0.1:9464 or unix:/path")),
    }
}
