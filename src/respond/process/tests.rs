//! Programs that behave badly: each ends within its time, leaves nothing behind and fills no memory.

use std::time::Instant;

use super::*;

fn shell(script: &str) -> Vec<String> {
    ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
}

async fn run_script(script: &str, timeout: Duration) -> Ended {
    let command = shell(script);
    let environment = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
    let settings = Run { command: &command, cwd: Path::new("/"), environment, input: b"{}".to_vec(), timeout };
    run(&settings).await.expect("it starts")
}

#[tokio::test]
async fn its_exit_code_and_output_are_told() {
    let ended = run_script("cat; echo out; echo err >&2; exit 3", Duration::from_secs(30)).await;
    assert_eq!(ended.how, How::Code(3));
    assert!(ended.output.contains("{}") && ended.output.contains("out") && ended.output.contains("err"), "{ended:?}");
}

#[tokio::test]
async fn its_environment_is_what_it_is_given() {
    let ended = run_script("env | sort | grep -v -e '^_=' -e '^PWD=' -e '^SHLVL='", Duration::from_secs(30)).await;
    assert_eq!(ended.output.trim(), "PATH=/usr/bin:/bin");
}

#[tokio::test]
async fn one_that_ignores_sigterm_is_killed() {
    let ended = run_script("trap '' TERM; while :; do sleep 0.05; done", Duration::from_millis(100)).await;
    assert_eq!(ended.how, How::TooLong);
}

#[tokio::test]
async fn one_that_prints_forever_fills_no_memory() {
    let ended = run_script("yes", Duration::from_millis(300)).await;
    assert_eq!(ended.how, How::TooLong);
    assert!(!ended.output.is_empty() && ended.output.len() <= LARGEST_OUTPUT, "{}", ended.output.len());
}

#[tokio::test]
async fn what_it_starts_and_leaves_behind_ends_with_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let id = folder.path().join("id");
    let began = Instant::now();
    let script = format!("sleep 1000 & echo $! > {}; echo left", id.display());
    let ended = run_script(&script, Duration::from_mins(1)).await;
    assert_eq!((ended.how, ended.output.trim()), (How::Code(0), "left"));
    assert!(began.elapsed() < Duration::from_secs(50), "it did not wait for what was left behind");
    let id: i32 = std::fs::read_to_string(id).expect("written").trim().parse().expect("a number");
    let is_alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    let end = Instant::now() + Duration::from_secs(30);
    while is_alive() {
        assert!(Instant::now() < end, "the child of the script is still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn one_that_reads_nothing_of_a_long_input_is_no_fault() {
    let command = shell("exit 0");
    let settings = Run {
        command: &command,
        cwd: Path::new("/"),
        environment: BTreeMap::new(),
        input: vec![b'x'; 1_000_000],
        timeout: Duration::from_secs(30),
    };
    assert_eq!(run(&settings).await.expect("it starts").how, How::Code(0));
}

#[tokio::test]
async fn one_that_is_missing_is_told() {
    let command = vec!["/nowhere/program".to_owned()];
    let settings = Run {
        command: &command,
        cwd: Path::new("/"),
        environment: BTreeMap::new(),
        input: Vec::new(),
        timeout: Duration::from_secs(1),
    };
    assert_eq!(run(&settings).await.expect_err("it is not there").kind(), io::ErrorKind::NotFound);
}
