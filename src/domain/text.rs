//! Text that comes from outside (tags, names, models, CSV, error messages) is untrusted.

/// The text with every control character replaced by `·` and line breaks by a space: fit for the
/// terminal, a log line and a payload. Invisible formatting characters (bidirectional overrides,
/// zero-width joiners) count as control characters, because they can make one name look like another.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(printable_char).collect()
}

fn printable_char(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() || is_invisible(c) => '·',
        c => c,
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Words as a shell takes them, each as one word whatever signs are in it.
pub fn shell_words(words: impl IntoIterator<Item = String>) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    let quote = |word: String| match word {
        word if !word.is_empty() && word.chars().all(is_plain) => word,
        word => format!("'{}'", printable(&word).replace('\'', "'\\''")),
    };
    words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_never_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mred\u{7}\nb"), "a·[31mred· b");
        assert_eq!(printable("safe\u{202e}txt.exe"), "safe·txt.exe");
        assert_eq!(printable("é ä 漢"), "é ä 漢");
    }

    #[test]
    fn a_word_never_ends_its_own_quotes() {
        let words = ["tenant=acme", "tenant=a b", "x'; rm -rf ~ #", ""].map(str::to_owned);
        assert_eq!(shell_words(words), r"tenant=acme 'tenant=a b' 'x'\''; rm -rf ~ #' ''");
    }

    proptest! {
        #[test]
        fn nothing_printable_is_a_control_character(text in ".*") {
            prop_assert!(!printable(&text).chars().any(char::is_control));
        }
    }
}
