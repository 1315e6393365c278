//! The `metrics` section: where the fleet's metrics are served, and where they are pushed.

use core::net::SocketAddr;
use std::path::PathBuf;

use jiff::SignedDuration;
use toml::de::DeValue;

use crate::config::amounts::duration_text;
use crate::config::reader::Table;
use crate::config::responses::{Source, safe_url};
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

/// How often metrics are pushed if nothing else is said.
const INTERVAL: SignedDuration = SignedDuration::from_mins(1);

/// What is done with the fleet's metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricsSettings {
    /// Where they are served, if they are.
    pub listen: Option<MetricsListen>,
    /// Where they are pushed, if they are.
    pub otlp: Option<Otlp>,
}

/// Where metrics are pushed with OTLP over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otlp {
    /// The whole address.
    pub url: String,
    /// Where headers stand, which may be secrets: `name=value,name=value`.
    pub headers: Option<Source>,
    /// How often.
    pub interval: SignedDuration,
}

/// Reads the section.
pub(super) fn section(table: Table<'_>, default: MetricsSettings) -> MetricsSettings {
    let url = table.get("otlp_url", |value| safe_url(&values::text(value)?));
    let headers = table.get("otlp_headers_env", values::text).map(Source::Env);
    let interval = table.get("otlp_interval", values::duration("10s", "1h"));
    for (key, is_there) in [("otlp_headers_env", headers.is_some()), ("otlp_interval", interval.is_some())] {
        if is_there && !table.has("otlp_url") {
            table.fault_of(key, "nothing is pushed: name the receiver with `otlp_url`, or leave this out");
        }
    }
    let otlp = url.map(|url| Otlp { url, headers, interval: interval.unwrap_or(INTERVAL) });
    let settings =
        MetricsSettings { listen: table.get("listen", listen).or(default.listen), otlp: otlp.or(default.otlp) };
    table.finish();
    settings
}

/// What is in force, by key.
pub(super) fn values_of(settings: &MetricsSettings) -> [(&'static str, Option<String>); 4] {
    let otlp = settings.otlp.as_ref();
    let headers = otlp.and_then(|otlp| match &otlp.headers {
        Some(Source::Env(name)) => Some(name.clone()),
        _ => None,
    });
    [
        ("metrics.listen", settings.listen.as_ref().map(MetricsListen::text)),
        ("metrics.otlp_url", otlp.map(|otlp| otlp.url.clone())),
        ("metrics.otlp_headers_env", headers),
        ("metrics.otlp_interval", Some(duration_text(otlp.map_or(INTERVAL, |otlp| otlp.interval)))),
    ]
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
