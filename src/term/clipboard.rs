//! The clipboard, as far as it can be reached from here.
//!
//! Inside tmux its buffer is filled, and tmux passes it on where it may: version 3.3 in its stock settings drops an
//! OSC 52 of a program, wrapped or not. Elsewhere the terminal is asked by OSC 52; it does not answer, so it is said
//! what was asked for and not that it worked.

use std::io::Write;
use std::process::{Command, Stdio};

/// The largest text that is copied: terminals cut or drop longer ones.
const LONGEST: usize = 70_000;

/// How a text is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// With tmux's own command.
    Tmux,
    /// By these bytes to the terminal.
    Terminal(Vec<u8>),
}

/// The way to copy a text in this environment.
///
/// # Errors
/// When the text is too long for terminals.
pub fn way(text: &str, env: impl Fn(&str) -> Option<String>) -> Result<Way, String> {
    if text.len() > LONGEST {
        return Err(format!("{} characters are too many for the clipboard of a terminal", text.len()));
    }
    if env("TMUX").is_some_and(|value| !value.is_empty()) {
        return Ok(Way::Tmux);
    }
    Ok(Way::Terminal(format!("\x1b]52;c;{}\x07", base64(text.as_bytes())).into_bytes()))
}

/// Fills tmux's buffer and asks it to pass the text on to the terminal's clipboard.
///
/// # Errors
/// When tmux cannot be run or refuses.
pub fn to_tmux(text: &str) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("tmux load-buffer failed: {error}");
    let mut command = Command::new("tmux");
    command.args(["load-buffer", "-w", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(failed)?;
    }
    let status = child.wait().map_err(failed)?;
    if status.success() { Ok(()) } else { Err(format!("tmux load-buffer failed: {status}")) }
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", "")]
    #[case("f", "Zg==")]
    #[case("fo", "Zm8=")]
    #[case("foo", "Zm9v")]
    #[case("foobar", "Zm9vYmFy")]
    fn the_vectors_of_rfc_4648(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(base64(text.as_bytes()), expected);
    }

    #[test]
    fn inside_tmux_its_buffer_is_the_way_and_elsewhere_the_terminal() {
        assert_eq!(way("x", |name| (name == "TMUX").then(|| "/tmp/x".to_owned())), Ok(Way::Tmux));
        assert_eq!(way("foo", |_| None), Ok(Way::Terminal(b"\x1b]52;c;Zm9v\x07".to_vec())));
        assert!(way(&"x".repeat(LONGEST + 1), |_| None).is_err());
    }
}
