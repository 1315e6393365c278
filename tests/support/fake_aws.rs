//! A fake AWS on loopback: ministack, a third-party server from `PyPI`, behind a small proxy of ours that closes two
//! of its gaps. It renames a query key that ministack reads under another name, and it can fail on demand.
//!
//! What this cannot show: more than one page of GetMetricData, its limits, and real AWS.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

#[path = "http.rs"]
pub(crate) mod http;

/// The server and the package without which it silently stores nothing.
const PACKAGES: [&str; 2] = ["ministack==1.5.33", "cbor2==6.3.0"];
/// How long the server may take to start.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running fake AWS.
pub(crate) struct FakeAws {
    server: Child,
    proxy: Arc<Proxy>,
    direct: String,
    through_proxy: String,
}

/// How requests for metrics fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    None,
    /// 400 with the code that CloudWatch sends.
    Throttled,
    /// 429 without a body, which the SDK does not try again.
    TooManyRequests,
    /// 500.
    ServerError,
    /// 403.
    ExpiredToken,
    /// Takes the request and never answers.
    Hang,
}

struct Proxy {
    server: String,
    failure: Mutex<Failure>,
    hangs_for_all: AtomicBool,
    /// Regions whose requests for metrics fail in a way of their own.
    regions: Mutex<HashMap<String, Failure>>,
}

impl FakeAws {
    /// Installs the server if that was not done before, and starts it.
    pub(crate) fn start() -> Self {
        let program = install();
        let port = free_port();
        let address = format!("127.0.0.1:{port}");
        let server = Command::new(&program)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("could not start {}: {error}", program.display()));
        let proxy = Arc::new(Proxy {
            server: address.clone(),
            failure: Mutex::new(Failure::None),
            hangs_for_all: AtomicBool::new(false),
            regions: Mutex::new(HashMap::new()),
        });
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let own = listener.local_addr().expect("an address");
        let serving = Arc::clone(&proxy);
        thread::spawn(move || serve(&listener, &serving));
        let fake = Self { server, proxy, direct: format!("http://{address}"), through_proxy: format!("http://{own}") };
        Self::wait_until_ready(&address);
        fake
    }

    /// The server itself, for filling it.
    pub(crate) fn direct(&self) -> &str {
        &self.direct
    }

    /// The server behind the proxy, for the program.
    pub(crate) fn endpoint(&self) -> &str {
        &self.through_proxy
    }

    /// Makes requests for metrics fail, or work again.
    pub(crate) fn fail(&self, failure: Failure) {
        *self.proxy.failure.lock().expect("not poisoned") = failure;
    }

    /// Leaves every request without an answer.
    pub(crate) fn fail_everything(&self) {
        self.fail(Failure::Hang);
        self.proxy.hangs_for_all.store(true, Ordering::SeqCst);
    }

    /// Makes requests for metrics of one region fail, or work again.
    pub(crate) fn fail_in(&self, region: &str, failure: Failure) {
        self.proxy.regions.lock().expect("not poisoned").insert(region.to_owned(), failure);
    }

    fn wait_until_ready(address: &str) {
        let end = Instant::now() + PATIENCE;
        let request = "GET /_ministack/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        loop {
            if exchange(address, request.as_bytes()).is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200")) {
                return;
            }
            assert!(Instant::now() < end, "the fake AWS did not start on {address} within {PATIENCE:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for FakeAws {
    fn drop(&mut self) {
        // A server that has ended already needs no end.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Makes a Python environment with the server below the build folder, once. Several tests may want it at once: the
/// folder's lock lets one of them make it.
fn install() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fake-aws").join(PACKAGES.join("-"));
    fs::create_dir_all(&folder).expect("the build folder can be written");
    let lock = fs::File::create(folder.join("lock")).expect("the build folder can be written");
    lock.lock().expect("a lock");
    let (bin, done) = (folder.join("venv").join("bin"), folder.join("installed"));
    if !done.exists() {
        let venv = folder.join("venv");
        let venv = venv.to_str().expect("a plain path");
        must_run(
            "python3",
            &["-m", "venv", "--clear", venv],
            "install python3 with its venv module (Debian: python3-venv)",
        );
        let pip = bin.join("pip");
        let pip = pip.to_str().expect("a plain path");
        let arguments = [&["install", "--quiet", "--disable-pip-version-check"], PACKAGES.as_slice()].concat();
        must_run(pip, &arguments, "the tests need PyPI, or a mirror named in pip's configuration, once");
        fs::write(&done, "").expect("the build folder can be written");
    }
    bin.join("ministack")
}

fn must_run(program: &str, arguments: &[&str], advice: &str) {
    let output = Command::new(program).args(arguments).output();
    let output =
        output.unwrap_or_else(|error| panic!("the fake AWS needs {program}, which did not start ({error}): {advice}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?} failed: {advice}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn serve(listener: &TcpListener, proxy: &Arc<Proxy>) {
    for client in listener.incoming().filter_map(Result::ok) {
        let proxy = Arc::clone(proxy);
        thread::spawn(move || proxy.answer(client));
    }
}

impl Proxy {
    /// One request a connection. A client that goes away is no fault.
    fn answer(&self, mut client: TcpStream) {
        let Some((head, body)) = http::raw_request(&mut client) else { return };
        let request = [head.as_bytes(), b"\r\n\r\n", &body].concat();
        let is_for_metrics = first_line(&request).contains("/operation/GetMetricData");
        let fails = is_for_metrics || self.hangs_for_all.load(Ordering::SeqCst);
        let failure = if fails { self.failure_of(&request) } else { Failure::None };
        let answer = match failure {
            Failure::None => exchange(&self.server, &forwarded(&request)).unwrap_or_default(),
            Failure::Throttled => fault("400 Bad Request", "ThrottlingException", "Rate exceeded"),
            Failure::TooManyRequests => response("429 Too Many Requests", &[]),
            Failure::ServerError => fault("500 Internal Server Error", "InternalServiceFault", "something broke"),
            Failure::ExpiredToken => {
                fault("403 Forbidden", "ExpiredTokenException", "The security token included in the request is expired")
            }
            Failure::Hang => {
                // Held open until the client gives up.
                let _ = client.read(&mut [0; 1]);
                return;
            }
        };
        let _ = client.set_nodelay(true);
        let _ = client.write_all(&answer);
        let _ = client.shutdown(Shutdown::Write);
    }
}

impl Proxy {
    /// The region is in the scope of the signature: `Credential=KEY/20261124/us-east-1/monitoring/aws4_request`.
    fn failure_of(&self, request: &[u8]) -> Failure {
        let head = String::from_utf8_lossy(request);
        let scope = head.split("Credential=").nth(1).unwrap_or_default();
        let region = scope.split('/').nth(2).unwrap_or_default();
        let of_region = self.regions.lock().expect("not poisoned").get(region).copied();
        of_region.unwrap_or_else(|| *self.failure.lock().expect("not poisoned"))
    }
}

fn first_line(request: &[u8]) -> String {
    String::from_utf8_lossy(request).lines().next().unwrap_or_default().to_owned()
}

/// The request as ministack understands it, on a connection that it closes.
fn forwarded(request: &[u8]) -> Vec<u8> {
    let line = first_line(request);
    let fixed = if line.contains("/inference-profiles?") { line.replace("type=", "typeEquals=") } else { line.clone() };
    let rest = &request[line.len()..];
    [fixed.as_bytes(), b"\r\nconnection: close", rest].concat()
}

fn exchange(server: &str, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// A fault as CloudWatch sends it: a CBOR map of code and message.
fn fault(status: &str, code: &str, message: &str) -> Vec<u8> {
    let mut body = vec![0xa2];
    for text in ["__type", code, "message", message] {
        let length = u8::try_from(text.len()).expect("a short text");
        body.extend(if length < 24 { vec![0x60 | length] } else { vec![0x78, length] });
        body.extend(text.as_bytes());
    }
    response(status, &body)
}

fn response(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/cbor\r\nsmithy-protocol: rpc-v2-cbor\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
