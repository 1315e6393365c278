//! Storms of panes: many real programs at once, which are killed.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use bedtop::domain::update::Gaze;
use bedtop::link::Client;
use rustix::process::Signal;

use super::home::Home;
use super::terminal::Terminal;

const PANES: usize = 4;
const QUESTIONS: usize = 6;
const STRANGERS: usize = 30;

fn panes(home: &Home) -> Vec<Terminal> {
    let variables = home.variables();
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    (0..PANES).map(|_| Terminal::start(&["--view", "tenants"], (80, 24), &home.folder, &variables)).collect()
}

fn questions(home: &Home) -> Vec<Child> {
    let ask = |_| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bedtop"));
        command.args(["status", "--format", "json"]).env_clear().envs(home.variables());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
    };
    (0..QUESTIONS).map(ask).collect()
}

/// Panes come, ask, look and are killed; the owner does not mind.
pub(crate) fn blow(home: &Home) {
    let panes = panes(home);
    let mut questions = questions(home);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    if let Some(socket) = home.socket() {
        runtime.block_on(async {
            let mut attached = Vec::new();
            for _ in 0..STRANGERS {
                // An owner that has ended or is full attaches nobody.
                attached.extend(Client::attach(&socket, Gaze::default()).await.ok());
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        });
    }
    for question in &mut questions {
        // One that has its answer has ended.
        let _ = question.kill();
        let _ = question.wait();
    }
    end(panes);
}

/// The owner is killed while panes are attached: one takes over, until it is killed as well.
pub(crate) fn blow_and_kill(home: &mut Home) {
    let panes = panes(home);
    thread::sleep(Duration::from_millis(700));
    home.end(Signal::KILL);
    home.status_where("an owner after the owner", serde_json::Value::is_object);
    thread::sleep(Duration::from_millis(500));
    end(panes);
}

/// Every other pane is killed, the others are asked to end, and leave their terminals as they were.
fn end(panes: Vec<Terminal>) {
    for (number, pane) in panes.into_iter().enumerate() {
        let process = pane.process();
        let signal = if number % 2 == 0 { Signal::KILL } else { Signal::TERM };
        // One that has ended by itself cannot be signalled.
        let _ = rustix::process::kill_process(process, signal);
        if signal == Signal::TERM {
            pane.wait_for_end();
            continue;
        }
        // The history is free only when it is gone.
        let stat = format!("/proc/{}/stat", process.as_raw_nonzero());
        while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            thread::sleep(Duration::from_millis(5));
        }
    }
}
