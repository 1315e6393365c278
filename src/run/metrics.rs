//! Serves the fleet's metrics over HTTP, on loopback or a Unix socket, to whoever scrapes them.

use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr, bail};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tracing::warn;

use crate::collect::Clock;
use crate::config::MetricsListen;
use crate::domain::update::Update;
use crate::report::openmetrics;

/// How many scrapers are answered at a time; more wait to be accepted.
const AT_A_TIME: usize = 8;
/// How long a request may take to come.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long after a place was found taken it is looked at again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// An open listener.
struct Metrics {
    listener: Listener,
    _path: Option<Removed>,
}

enum Listener {
    Loopback(TcpListener),
    Socket(UnixListener),
}

/// Removes the socket's path at the end.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // Someone else may have removed it already.
        let _ = fs::remove_file(&self.0);
    }
}

/// Serves the metrics as soon as their place is free: after a take-over the owner before may hold it for a moment.
pub async fn serve(listen: MetricsListen, updates: watch::Receiver<Update>) {
    let mut is_told = false;
    loop {
        match Metrics::open(&listen).await {
            Ok(metrics) => return metrics.serve(updates).await,
            Err(error) if !is_told => warn!("{error:#}"),
            Err(_) => {}
        }
        is_told = true;
        tokio::time::sleep(TRY_AGAIN).await;
    }
}

impl Metrics {
    /// Opens what the config asks for.
    async fn open(listen: &MetricsListen) -> Result<Self> {
        Ok(match listen {
            MetricsListen::Loopback(address) => {
                Self { listener: Listener::Loopback(bind(*address).await?), _path: None }
            }
            MetricsListen::Socket(path) => {
                Self { listener: Listener::Socket(bind_socket(path)?), _path: Some(Removed(path.clone())) }
            }
        })
    }

    /// Answers until it is dropped. A scraper that is slow or talks nonsense is nobody else's trouble.
    async fn serve(self, updates: watch::Receiver<Update>) {
        let places = Arc::new(Semaphore::new(AT_A_TIME));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let updates = updates.clone();
            let accepted = match &self.listener {
                Listener::Loopback(listener) => listener.accept().await.map(|(stream, _)| Stream::Loopback(stream)),
                Listener::Socket(listener) => listener.accept().await.map(|(stream, _)| Stream::Socket(stream)),
            };
            // Out of file descriptors, say: the next may work.
            let Ok(stream) = accepted else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            tokio::spawn(async move {
                match stream {
                    Stream::Loopback(stream) => converse(stream, updates).await,
                    Stream::Socket(stream) => converse(stream, updates).await,
                }
                drop(place);
            });
        }
    }
}

enum Stream {
    Loopback(tokio::net::TcpStream),
    Socket(tokio::net::UnixStream),
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    if !address.ip().is_loopback() {
        bail!("metrics are served on loopback only, and {address} is not: use 127.0.0.1 or a path");
    }
    TcpListener::bind(address).await.wrap_err_with(|| {
        format!("could not serve metrics on {address}: another program may use it; choose another in `metrics.listen`")
    })
}

/// A socket that only this user can open. One that a killed program left behind is replaced.
fn bind_socket(path: &Path) -> Result<UnixListener> {
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        bail!("could not serve metrics on {}: another program answers there", path.display());
    }
    let _ = fs::remove_file(path);
    let bound = UnixListener::bind(path).and_then(|listener| {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    });
    bound.wrap_err_with(|| format!("could not serve metrics on {}", path.display()))
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, updates: watch::Receiver<Update>) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let answer = answer(&request, &updates);
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
    // A client that goes away is no fault.
    let _ = tokio::time::timeout(PATIENCE * 2, server.serve_connection(TokioIo::new(stream), answer)).await;
}

fn answer(request: &Request<Incoming>, updates: &watch::Receiver<Update>) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => metrics(updates),
        (&Method::GET, _) => plain(StatusCode::NOT_FOUND, "metrics are at /metrics\n"),
        _ => plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered\n"),
    }
}

fn metrics(updates: &watch::Receiver<Update>) -> Response<Full<Bytes>> {
    let newest = updates.borrow().clone();
    let Update::View(published) = newest else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "nothing has been judged yet\n");
    };
    let Ok(text) = openmetrics::text(&published.view, Clock::wall().now()) else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written\n");
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    let kind = header::HeaderValue::from_static(openmetrics::CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::app::fixtures;
    use crate::domain::update::Published;

    async fn ask(path: &Path, request: &str) -> String {
        let mut stream = tokio::net::UnixStream::connect(path).await.expect("connects");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        answer
    }

    #[tokio::test]
    async fn a_socket_of_ours_alone_answers_with_the_newest_view() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("metrics.sock");
        let (updates_in, updates) = watch::channel(Update::Opening);
        let metrics = Metrics::open(&MetricsListen::Socket(path.clone())).await.expect("opens");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        let serving = tokio::spawn(metrics.serve(updates));
        let get = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n";
        assert!(ask(&path, get).await.starts_with("HTTP/1.1 503"));
        let view = Arc::new(fixtures::view());
        updates_in.send_replace(Update::View(Published { view, sights: Vec::new() }));
        let answer = ask(&path, get).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("bedtop_fleet_spend_usd "), "{answer}");
        assert!(ask(&path, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.starts_with("HTTP/1.1 404"));
        assert!(ask(&path, "POST /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await.starts_with("HTTP/1.1 405"));
        assert!(ask(&path, "nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400"));
        let taken = Metrics::open(&MetricsListen::Socket(path.clone())).await;
        assert!(taken.is_err(), "a socket in use is not taken away");
        serving.abort();
        assert!(serving.await.is_err_and(|end| end.is_cancelled()));
        assert!(!path.exists(), "the path is removed at the end");
    }

    #[tokio::test]
    async fn nobody_else_is_served() {
        let everybody = MetricsListen::Loopback(SocketAddr::from(([0, 0, 0, 0], 0)));
        assert!(Metrics::open(&everybody).await.is_err());
    }
}
