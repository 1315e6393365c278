//! The server of the test: it notes everything that it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::http;

/// Events as of this day are not of the storm: `bedtop collect` says that its own data is old.
const AFTER_THE_STORM: &str = "2026-11-03";

/// An event that was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    /// Which alert.
    pub(crate) alert: String,
    /// Whether it tells that it begins.
    pub(crate) begins: bool,
    /// Whether it tells that it has ended.
    pub(crate) ends: bool,
    /// The keys of the letters it came in.
    pub(crate) keys: BTreeSet<String>,
}

/// What was told: by receiver, the events by their id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// How many requests there were.
    pub(crate) requests: usize,
    by_receiver: BTreeMap<String, BTreeMap<String, Event>>,
}

impl Told {
    /// What one receiver was told.
    pub(crate) fn of(&self, receiver: &str) -> BTreeMap<String, Event> {
        self.by_receiver.get(receiver).cloned().unwrap_or_default()
    }

    /// The same, without a copy.
    pub(crate) fn events(&self, receiver: &str) -> &BTreeMap<String, Event> {
        static NONE: BTreeMap<String, Event> = BTreeMap::new();
        self.by_receiver.get(receiver).unwrap_or(&NONE)
    }
}

/// The server.
pub(crate) struct Ear {
    /// Where it listens.
    pub(crate) address: String,
    told: Mutex<Told>,
    heard: Condvar,
    late_is_open: AtomicBool,
}

impl Ear {
    /// Listens on a free port.
    pub(crate) fn listen() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let ear = Self { address, told: Mutex::default(), heard: Condvar::new(), late_is_open: AtomicBool::new(false) };
        let ear = Arc::new(ear);
        let hearing = Arc::clone(&ear);
        thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                let hearing = Arc::clone(&hearing);
                thread::spawn(move || hearing.hear(client));
            }
        });
        ear
    }

    /// From now on the receiver `late` is there.
    pub(crate) fn open_the_late_door(&self) {
        self.late_is_open.store(true, Ordering::SeqCst);
    }

    /// What was told so far.
    pub(crate) fn told(&self) -> Told {
        self.told.lock().expect("not poisoned").clone()
    }

    /// Waits for the next request, not for long.
    pub(crate) fn wait_a_moment(&self) {
        let told = self.told.lock().expect("not poisoned");
        drop(self.heard.wait_timeout(told, Duration::from_millis(20)));
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> usize {
        self.told.lock().expect("not poisoned").requests
    }

    /// Waits until a receiver was told of so many events, or for so long.
    pub(crate) fn wait_until(&self, patience: Duration, receiver: &str, events: usize) {
        let end = Instant::now() + patience;
        let mut told = self.told.lock().expect("not poisoned");
        while told.events(receiver).len() < events && Instant::now() < end {
            told = self.heard.wait_timeout(told, Duration::from_millis(50)).expect("not poisoned").0;
        }
    }

    fn hear(&self, mut client: TcpStream) {
        let Some((head, body)) = http::request(&mut client) else { return };
        let Some(path) = head.split(' ').nth(1) else { return };
        let receiver = path.trim_start_matches('/').to_owned();
        if receiver == "late" && !self.late_is_open.load(Ordering::SeqCst) {
            let _ = client.write_all(b"HTTP/1.1 503 Busy\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n");
            return;
        }
        self.note(&receiver, &body);
        // A victim that was killed takes no answer.
        let _ = client.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    }

    fn note(&self, receiver: &str, body: &str) {
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let mut told = self.told.lock().expect("not poisoned");
        told.requests += 1;
        let events = told.by_receiver.entry(receiver.to_owned()).or_default();
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        for event in body["events"].as_array().expect("events") {
            if event["at"].as_str().is_some_and(|at| at > AFTER_THE_STORM) {
                continue;
            }
            let noted = events.entry(text(&event["id"])).or_default();
            noted.alert = text(&event["fingerprint"]);
            noted.begins = event["kind"] == "fire";
            noted.ends = event["kind"] == "resolve";
            noted.keys.insert(text(&body["key"]));
        }
        drop(told);
        self.heard.notify_all();
    }
}
