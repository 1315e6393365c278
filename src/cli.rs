//! The command line: one file a command, each a few lines that call the rooms below.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use color_eyre::eyre::{Result, WrapErr};

use crate::config::{self, Effective, LogFormat, Overrides};
use crate::run::reload::LiveConfig;

mod act;
mod alerts;
mod anomaly;
mod backtest;
mod budgets;
mod check;
mod collect;
mod config_command;
mod console;
mod demo;
mod doctor;
mod forecast;
mod iam_policy;
mod input;
mod output;
mod plan;
mod prices;
mod profiles;
mod replay;
mod report;
mod respond;
mod screen;
mod shell;
mod snapshot;
mod status;
mod store;
mod tenants;

/// The version, with the commit it was built from where that is known (`build.rs`).
fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| match option_env!("BEDTOP_COMMIT") {
        Some(commit) => format!("{} ({commit})", env!("CARGO_PKG_VERSION")),
        None => env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// `top` for the tenants of Amazon Bedrock: who is burning money now, why, and when the budget runs out.
#[derive(Debug, Parser)]
#[command(
    name = "bedtop",
    version = version(),
    after_help = "Example:\n  bedtop demo            the whole console on a simulated fleet, no AWS\n  bedtop --profile prod  the live console with the AWS profile `prod`"
)]
struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(flatten)]
    screen: screen::ScreenOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
struct GlobalOptions {
    /// Read this config file instead of the default one
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keep the history in this folder
    #[arg(long, global = true, value_name = "FOLDER")]
    store: Option<PathBuf>,
    /// Attach to the bedtop that listens at this socket, for example one forwarded with `ssh -L`
    #[arg(long, global = true, value_name = "SOCKET")]
    attach: Option<PathBuf>,
    /// Show times and bound months in this IANA time zone
    #[arg(long, global = true, value_name = "ZONE")]
    timezone: Option<String>,
    /// Use this AWS profile
    #[arg(long, global = true)]
    profile: Option<String>,
    /// Use this AWS region
    #[arg(long, global = true)]
    region: Option<String>,
    /// Send AWS requests to this endpoint
    #[arg(long, global = true, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Write the program's own log to this file
    #[arg(long, global = true, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// The form of the log
    #[arg(long, global = true, value_enum)]
    log_format: Option<LogForm>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogForm {
    Text,
    Json,
}

impl From<LogForm> for LogFormat {
    fn from(form: LogForm) -> Self {
        match form {
            LogForm::Text => Self::Text,
            LogForm::Json => Self::Json,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Replay(replay::Replay),
    Collect(collect::Collect),
    Status(status::Status),
    Tenants(tenants::Tenants),
    Alerts(alerts::Alerts),
    Ack(act::Ack),
    Silence(act::SilenceCommand),
    Unsilence(act::Unsilence),
    Backtest(backtest::Backtest),
    Profiles(profiles::Profiles),
    Prices(prices::Prices),
    Budgets(budgets::Budgets),
    Report(report::Report),
    Check(check::Check),
    #[command(subcommand)]
    Respond(respond::Respond),
    Forecast(forecast::Forecast),
    Anomaly(anomaly::Anomaly),
    Plan(plan::PlanCommand),
    #[command(subcommand)]
    Config(config_command::ConfigCommand),
    #[command(subcommand)]
    Store(store::StoreCommand),
    Doctor(doctor::Doctor),
    IamPolicy(iam_policy::IamPolicy),
    Snapshot(snapshot::Snapshot),
    Keys(screen::Keys),
    Completions(shell::Completions),
    Man(shell::Man),
}

/// Runs the program; gives its exit code: 0, 1 failure, 2 usage, 128 + the number of the signal that ended it.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output, faults to standard error; a closed pipe is nobody's fault.
            let _ = error.print();
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            let is_check = code != 0 && command_name(&arguments).as_deref() == Some(check::Check::NAME);
            return ExitCode::from(if is_check { check::Check::fail("its arguments are wrong") } else { code });
        }
    };
    install_reports();
    let is_check = matches!(cli.command, Some(Command::Check(_)));
    match run(cli) {
        Ok(code) => ExitCode::from(code),
        Err(report) if is_check => ExitCode::from(check::Check::fail(&chain(&report))),
        Err(report) if is_broken_pipe(&report) => ExitCode::SUCCESS,
        Err(report) => {
            let _ = writeln!(io::stderr(), "bedtop: {}", chain(&report));
            ExitCode::FAILURE
        }
    }
}

/// The command that was meant, as far as the arguments can be read.
fn command_name(arguments: &[OsString]) -> Option<String> {
    let lenient = Cli::command().ignore_errors(true).try_get_matches_from(arguments).ok()?;
    lenient.subcommand_name().map(str::to_owned)
}

fn run(cli: Cli) -> Result<u8> {
    let global = cli.global;
    match cli.command {
        None => console::run(&global, &cli.screen),
        Some(Command::Demo(demo)) => demo.run(&global),
        Some(Command::Replay(replay)) => replay.run(&global),
        Some(Command::Collect(_)) => collect::Collect::run(&global),
        Some(Command::Status(status)) => status.run(&global),
        Some(Command::Tenants(tenants)) => tenants.run(&global),
        Some(Command::Alerts(alerts)) => alerts.run(&global),
        Some(Command::Ack(ack)) => ack.run(&global),
        Some(Command::Silence(silence)) => silence.run(&global),
        Some(Command::Unsilence(unsilence)) => unsilence.run(&global),
        Some(Command::Backtest(backtest)) => backtest.run(&global),
        Some(Command::Profiles(profiles)) => profiles.run(&global),
        Some(Command::Prices(prices)) => prices.run(&global),
        Some(Command::Budgets(budgets)) => budgets.run(&global),
        Some(Command::Report(report)) => report.run(&global),
        Some(Command::Check(check)) => check.run(&global),
        Some(Command::Forecast(forecast)) => forecast.run(&global),
        Some(Command::Anomaly(anomaly)) => anomaly.run(),
        Some(Command::Respond(respond)) => respond.run(&global),
        Some(Command::Plan(plan)) => plan.run(),
        Some(Command::Config(command)) => command.run(&global),
        Some(Command::Store(command)) => command.run(&global),
        Some(Command::Doctor(doctor)) => doctor.run(&global),
        Some(Command::IamPolicy(command)) => command.run(&global),
        Some(Command::Snapshot(snapshot)) => snapshot.run(&global),
        Some(Command::Keys(keys)) => keys.run(&global),
        Some(Command::Completions(command)) => command.run(),
        Some(Command::Man(_)) => shell::Man::run(),
    }
}

/// Reads the config as flags, environment and file ask for it.
fn load_config(global: &GlobalOptions) -> Result<Effective> {
    Ok(config::load(&overrides(global), &environment)?)
}

/// The same, to be read again while the program runs.
fn live_config(global: &GlobalOptions) -> Result<Arc<LiveConfig>> {
    let flags = overrides(global);
    let path = config::path(&flags, &environment);
    Ok(Arc::new(LiveConfig::start(Box::new(move || config::load(&flags, &environment)), path)?))
}

fn overrides(global: &GlobalOptions) -> Overrides {
    Overrides {
        config: global.config.clone(),
        store: global.store.clone(),
        attach: global.attach.clone(),
        timezone: global.timezone.clone(),
        profile: global.profile.clone(),
        region: global.region.clone(),
        endpoint_url: global.endpoint_url.clone(),
        log_file: global.log_file.clone(),
        log_format: global.log_format.map(LogFormat::from),
    }
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The async runtime; two workers are enough for what waits on the network.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .wrap_err("could not start the async runtime")
}

/// Prints text to standard output.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Panics restore the terminal first, so that the report is readable.
fn install_reports() {
    let (panic_hook, eyre_hook) = color_eyre::config::HookBuilder::default().display_env_section(false).into_hooks();
    // A second installation, in a test that calls `main` twice, keeps the first.
    let _ = eyre_hook.install();
    let panic_hook = panic_hook.into_panic_hook();
    std::panic::set_hook(Box::new(move |info| {
        if crate::history::panics::are_caught() {
            return;
        }
        crate::term::guard::restore();
        panic_hook(info);
    }));
}

/// The error and its causes in one line each; the first says what was tried.
fn chain(report: &color_eyre::Report) -> String {
    report.chain().map(ToString::to_string).collect::<Vec<_>>().join("\n  because: ")
}

fn is_broken_pipe(report: &color_eyre::Report) -> bool {
    let is_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    report.chain().any(is_pipe)
}
