//! A home with a history that several programs share, and an AWS that answers them.
#![allow(dead_code, reason = "each of the tests that share it needs a part of it")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use bedtop::domain::update::Gaze;
use bedtop::link::{Client, place};
use jiff::Timestamp;

use super::scripted_aws::{Script, ScriptedAws};
use super::terminal::Terminal;

/// How long anything may take before the test fails: far above what it takes, so that a slow machine passes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
pub(crate) const SIZE: (u16, u16) = (120, 30);

/// A home with a history that several programs share, and an AWS.
pub(crate) struct Host {
    pub home: tempfile::TempDir,
    pub aws: ScriptedAws,
}

impl Host {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary home");
        fs::create_dir(home.path().join("run")).expect("made");
        let mut script = Script { page: 100, ..Script::default() };
        let minute = Timestamp::now().as_second() / 60 * 60 - 1800;
        for (number, tenant) in (1_u8..).zip(["acme", "globex", "hooli"]) {
            let id = format!("profile{number:05}");
            script.profiles.insert(id.clone(), [("TenantID".to_owned(), tenant.to_owned())].into());
            for offset in 0..20 {
                script.put(&id, "Invocations", minute + offset * 60, f64::from(number));
                script.put(&id, "InputTokenCount", minute + offset * 60, f64::from(number) * 1000.0);
            }
        }
        Self { home, aws: ScriptedAws::start(script) }
    }

    pub(crate) fn run_folder(&self) -> String {
        self.home.path().join("run").display().to_string()
    }

    pub(crate) fn arguments(&self) -> [&str; 4] {
        ["--region", "us-east-1", "--endpoint-url", self.aws.endpoint()]
    }

    pub(crate) fn pane(&self) -> Terminal {
        let run = self.run_folder();
        let variables = [
            ("XDG_RUNTIME_DIR", run.as_str()),
            ("AWS_ACCESS_KEY_ID", "x"),
            ("AWS_SECRET_ACCESS_KEY", "y"),
            ("NO_PROXY", "127.0.0.1"),
        ];
        Terminal::start(&self.arguments(), SIZE, self.home.path(), &variables)
    }

    /// A pane that shows the fleet.
    pub(crate) fn open_pane(&self) -> Terminal {
        let pane = self.pane();
        pane.wait_for("hooli");
        pane
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bedtop"));
        command
            .args(arguments)
            .args(self.arguments())
            .env_clear()
            .envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("NO_PROXY", "127.0.0.1")])
            .env("HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.run_folder())
            .current_dir(self.home.path());
        command
    }

    pub(crate) fn say(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.say(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    pub(crate) fn socket(&self) -> Option<PathBuf> {
        let store = self.home.path().join(".local/state/bedtop");
        let run = self.run_folder();
        place::socket(&store, |name| (name == "XDG_RUNTIME_DIR").then(|| run.clone()))
    }

    /// Attaches to the owner, whoever that is by now.
    pub(crate) async fn attach(&self) -> Client {
        self.attach_to_other(&[]).await
    }

    /// Attaches to an owner that is none of these processes.
    pub(crate) async fn attach_to_other(&self, gone: &[u32]) -> Client {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.socket().map(|socket| async move { Client::attach(&socket, Gaze::default()).await }) {
                Some(attaching) => match attaching.await {
                    Ok(client) if !gone.contains(&client.owner.process) => return client,
                    Ok(_) => {}
                    Err(error) => assert!(Instant::now() < end, "nobody serves: {error}"),
                },
                None => assert!(Instant::now() < end, "there is no history"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
