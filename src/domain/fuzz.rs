//! Tries out parsers of outside bytes: with every file of their corpus, and with many inputs made from it.
//!
//! A target is a test. Its corpus is the folder of its name in `tests/corpus`, kept small and made of real samples; what
//! once broke a parser is added to it. bolero makes recipes of how samples are cut, joined and spoilt, and shrinks the one
//! that fails. `BEDTOP_FUZZ_INPUTS` says how many recipes are tried (256 where it is not set) and lets each target tell how
//! many inputs it has tried.

use std::fs;
use std::io::{self, Write};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use bolero::{ValueGenerator, produce};

/// How many recipes are tried, unless this variable says otherwise.
const INPUTS: &str = "BEDTOP_FUZZ_INPUTS";
const DEFAULT_INPUTS: usize = 256;
/// No input is longer, in bytes: longer ones find nothing more and take long.
const LONGEST: usize = 32 * 1024;

/// What parsers stumble over: the ends of number types, times that are none, brackets and quotes, controls, broken UTF-8.
const ODDITIES: [&[u8]; 40] = [
    b"0",
    b"-1",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"79228162514264337593543950336",
    b"1e28",
    b"1e-28",
    b"1e999",
    b"NaN",
    b"inf",
    b"-0.0",
    b"0.00000000000000000000000000001",
    b"9999-12-31T23:59:59Z",
    b"-009999-01-01T00:00:00Z",
    b"2026-02-30T25:61:61Z",
    b"253402300799",
    b"-377705023201",
    b"P9999999999Y",
    b"175307616h",
    b"\"",
    b"'",
    b"\"\"\"",
    b"(",
    b")",
    b"[",
    b"]",
    b"{",
    b"}",
    b"\\",
    b"\0",
    b"\n",
    b"\r\n",
    b",",
    b"=",
    b"\x1b[31m",
    b"\xe2\x80\xae",
    b"\xff\xfe",
    b"\xf0\x9f",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"\xdf\xff\xff\xff\xff",
];

/// One step of a recipe: what is done, where, how far, and with which bytes.
type Step = (u8, u16, u16, [u8; 4]);
/// Which sample is taken and what is done to it.
type Recipe = (u16, Vec<Step>);

/// Tries a parser with inputs of its corpus and of this many recipes' making, or as many as the environment says.
pub(crate) fn target(name: &str, parse: impl Fn(&[u8])) {
    try_out(name, 1, parse);
}

/// The same for a parser that takes long: with a share of the inputs.
pub(crate) fn slow_target(name: &str, parse: impl Fn(&[u8])) {
    try_out(name, 8, parse);
}

/// Tries a parser of text; bytes that are none are replaced.
pub(crate) fn text_target(name: &str, parse: impl Fn(&str)) {
    target(name, |bytes| parse(&String::from_utf8_lossy(bytes)));
}

fn try_out(name: &str, share: usize, parse: impl Fn(&[u8])) {
    let samples = corpus(name);
    let tried = AtomicUsize::new(0);
    let parse = AssertUnwindSafe(|input: &[u8]| {
        tried.fetch_add(1, Ordering::Relaxed);
        parse(input);
    });
    for sample in &samples {
        parse(sample);
    }
    let asked = std::env::var(INPUTS).ok().map(|number| number.parse().expect("a number of inputs"));
    let inputs: usize = asked.unwrap_or(DEFAULT_INPUTS) / share;
    bolero::check!(name = name)
        .with_iterations(inputs.max(1))
        .with_generator(produce::<Recipe>().map_gen(|recipe| cooked(&samples, &recipe)))
        .for_each(|input: &Vec<u8>| parse(input));
    if asked.is_some() {
        let tried = tried.load(Ordering::Relaxed);
        writeln!(io::stdout(), "fuzz {name}: {tried} inputs, 0 crashes").expect("standard output");
    }
}

/// The samples of a target.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{} holds the samples of the target {name}: {error}", folder.display()))
        .map(|file| file.expect("a file").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds a sample", folder.display());
    files.iter().map(|file| fs::read(file).expect("a readable sample")).collect()
}

/// What a recipe makes of a sample.
fn cooked(samples: &[Vec<u8>], (pick, steps): &Recipe) -> Vec<u8> {
    let mut input = samples[usize::from(*pick) % samples.len()].clone();
    input.truncate(LONGEST);
    for step in steps.iter().take(12) {
        change(&mut input, step, samples);
        input.truncate(LONGEST);
    }
    input
}

fn change(input: &mut Vec<u8>, &(what, place, length, bytes): &Step, samples: &[Vec<u8>]) {
    let from = usize::from(place) % (input.len() + 1);
    let until = (from + usize::from(length) % 64).min(input.len());
    match what % 8 {
        0 => input[from..].iter_mut().take(1).for_each(|byte| *byte = bytes[0]),
        1 => input[from..].iter_mut().take(1).for_each(|byte| *byte ^= 1 << (bytes[0] % 8)),
        2 => drop(input.drain(from..until)),
        3 => drop(input.splice(from..from, bytes)),
        4 => drop(input.splice(from..until, ODDITIES[usize::from(bytes[0]) % ODDITIES.len()].iter().copied())),
        5 => {
            let piece = input[from..until].to_vec();
            drop(input.splice(from..from, piece));
        }
        6 => {
            let other = &samples[usize::from(bytes[0]) % samples.len()];
            let cut = usize::from(length) % (other.len() + 1);
            input.truncate(from);
            input.extend(&other[cut..]);
        }
        _ => input.truncate(from),
    }
}

#[test]
fn what_is_printable_stays_as_it_is() {
    text_target("text", |text| {
        let printed = super::text::printable(text);
        assert!(!printed.chars().any(char::is_control), "{printed:?}");
        assert_eq!(super::text::printable(&printed), printed);
    });
}

#[test]
fn matchers_are_read_as_they_are_written() {
    use super::matcher::{Labels, Matcher};
    text_target("matcher", |text| {
        let Ok(matcher) = text.parse::<Matcher>() else { return };
        let mut labels = Labels::default();
        labels.set(matcher.label(), text);
        let _ = matcher.fits(&labels);
        let written = matcher.to_string();
        assert_eq!(written.parse(), Ok(matcher), "{written}");
    });
}

#[test]
fn arns_and_profile_ids_are_read() {
    use super::arn::Arn;
    use super::ids::ProfileId;
    text_target("arn", |text| {
        if let Some(arn) = Arn::parse(text) {
            let Arn { partition, service, region, account, resource } = arn;
            assert_eq!(format!("arn:{partition}:{service}:{region}:{account}:{resource}"), text);
            assert!(text.ends_with(arn.id()));
        }
        assert!(text.contains(ProfileId::from_id_or_arn(text).as_str()));
    });
}

#[test]
fn prices_are_read() {
    use super::price::ModelPrice;
    text_target("price", |text| {
        if let Ok(price) = text.parse::<ModelPrice>() {
            assert!(price.input.is_some() && price.output.is_some());
        }
    });
}
