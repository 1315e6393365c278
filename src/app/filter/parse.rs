//! From text to a filter: words, then terms by their precedence (`or` below `and` below `not`).

use regex_lite::Regex;

use crate::app::filter::{Comparison, FIELDS, Field, Node};
use crate::domain::level::Level;

/// How deep parentheses may stand in each other.
const DEEPEST: usize = 32;

/// The longer signs first, because the shorter ones begin them.
const SIGNS: [(&str, Comparison); 6] = [
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    ("!=", Comparison::Different),
    (">", Comparison::Above),
    ("<", Comparison::Below),
    ("=", Comparison::Equal),
];

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Expression(String),
    Quoted(String),
    Word(String),
}

pub(super) fn filter(text: &str) -> Result<Option<Node>, String> {
    let tokens = tokens(text);
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader { tokens: &tokens, depth: 0 };
    let node = reader.any()?;
    if reader.tokens.is_empty() { Ok(Some(node)) } else { Err("a ) too many".to_owned()) }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' => push(&mut tokens, Token::Open, 1),
            ')' => push(&mut tokens, Token::Close, 1),
            '!' if !rest.starts_with("!=") => push(&mut tokens, Token::Not, 1),
            '/' => delimited(&mut tokens, rest, '/', Token::Expression),
            '"' => delimited(&mut tokens, rest, '"', Token::Quoted),
            _ => word(&mut tokens, rest),
        };
        rest = rest[length..].trim_start();
    }
    tokens
}

fn push(tokens: &mut Vec<Token>, token: Token, length: usize) -> usize {
    tokens.push(token);
    length
}

/// What stands between two equal signs; up to the end of the text while it is still being typed.
fn delimited(tokens: &mut Vec<Token>, rest: &str, sign: char, token: fn(String) -> Token) -> usize {
    let inside = &rest[1..];
    let end = inside.find(sign).unwrap_or(inside.len());
    push(tokens, token(inside[..end].to_owned()), (end + 2).min(rest.len()))
}

/// A word; signs of comparison may have spaces around them.
fn word(tokens: &mut Vec<Token>, rest: &str) -> usize {
    let end = rest.find(|letter: char| letter.is_whitespace() || "()".contains(letter)).unwrap_or(rest.len());
    let (text, after) = rest.split_at(end);
    let is_open = SIGNS.iter().any(|(sign, _)| text.ends_with(sign));
    let continued = after.trim_start();
    let goes_on = is_open || SIGNS.iter().any(|(sign, _)| continued.starts_with(sign));
    if goes_on && !continued.is_empty() && FIELDS.iter().any(|(name, _)| text.starts_with(name))
        || is_level(text, goes_on)
    {
        let skipped = after.len() - continued.len();
        let mut value = continued.trim_start_matches(['<', '>', '=', '!']);
        let signs = continued.len() - value.len();
        let gap = value.len() - value.trim_start().len();
        value = value.trim_start();
        let length = value.find(|letter: char| letter.is_whitespace() || "()".contains(letter)).unwrap_or(value.len());
        tokens.push(Token::Word(format!("{text}{}{}", &continued[..signs], &value[..length])));
        return end + skipped + signs + gap + length;
    }
    let token = match text.to_lowercase().as_str() {
        "and" => Token::And,
        "or" => Token::Or,
        "not" => Token::Not,
        _ => Token::Word(text.to_owned()),
    };
    push(tokens, token, end)
}

fn is_level(text: &str, goes_on: bool) -> bool {
    goes_on && text.starts_with("level")
}

struct Reader<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Reader<'_> {
    fn take(&mut self, token: &Token) -> bool {
        let is_next = self.tokens.first() == Some(token);
        if is_next {
            self.tokens = &self.tokens[1..];
        }
        is_next
    }

    fn any(&mut self) -> Result<Node, String> {
        let mut nodes = vec![self.all()?];
        while self.take(&Token::Or) {
            nodes.push(self.all()?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Any(nodes) })
    }

    fn all(&mut self) -> Result<Node, String> {
        let mut nodes = vec![self.one()?];
        loop {
            let is_said = self.take(&Token::And);
            match self.tokens.first() {
                None | Some(Token::Or | Token::Close) if !is_said => break,
                _ => nodes.push(self.one()?),
            }
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::All(nodes) })
    }

    fn one(&mut self) -> Result<Node, String> {
        let missing = || "something is missing after or".to_owned();
        let (token, rest) = self.tokens.split_first().ok_or_else(missing)?;
        self.tokens = rest;
        match token {
            Token::Open => self.group(),
            Token::Not if self.tokens.is_empty() => Ok(Node::Has(String::new())),
            Token::Not => {
                self.deepen()?;
                let node = self.one();
                self.depth -= 1;
                Ok(Node::Not(Box::new(node?)))
            }
            Token::Expression(text) => expression(text),
            Token::Quoted(text) => Ok(Node::Has(text.to_lowercase())),
            Token::Word(text) => term(text),
            Token::Close => Err("a ) too many".to_owned()),
            Token::And => Err("something is missing before and".to_owned()),
            Token::Or => Err("something is missing before or".to_owned()),
        }
    }

    fn group(&mut self) -> Result<Node, String> {
        self.deepen()?;
        let node = self.any()?;
        self.depth -= 1;
        if self.take(&Token::Close) { Ok(node) } else { Err("a ) is missing".to_owned()) }
    }

    fn deepen(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST { Err("too many parentheses".to_owned()) } else { Ok(()) }
    }
}

fn expression(text: &str) -> Result<Node, String> {
    let pattern = Regex::new(&format!("(?i){text}"));
    pattern.map(Node::Matches).map_err(|_| format!("not a regular expression: {text}"))
}

/// A comparison, or a part of a name; a field that waits for its comparison is none yet.
fn term(word: &str) -> Result<Node, String> {
    if let Some(rest) = word.strip_prefix("level") {
        return match compared(rest) {
            Some((sign, value)) => Ok(Node::Level(sign, level(value)?)),
            None if rest.is_empty() => Err("level: compare it, for example level>=orange".to_owned()),
            None => Ok(Node::Has(word.to_lowercase())),
        };
    }
    for (name, field) in FIELDS {
        match word.strip_prefix(name).map(compared) {
            Some(Some((sign, value))) => return comparison(name, field, sign, value),
            Some(None) if word == name && !field.is_text() => {
                return Err(format!("{name}: compare it, for example {name}>1000"));
            }
            _ => {}
        }
    }
    Ok(Node::Has(word.to_lowercase()))
}

fn comparison(name: &str, field: Field, sign: Comparison, value: &str) -> Result<Node, String> {
    if field.is_text() {
        let is_equal = matches!(sign, Comparison::Equal | Comparison::Different);
        let wrong = || format!("{name}: use {name}=part or {name}!=part");
        return is_equal.then(|| Node::Text(field, sign, value.to_lowercase())).ok_or_else(wrong);
    }
    let number = number(value).ok_or_else(|| format!("{name}: a number, for example {name}>1000"))?;
    Ok(Node::Number(field, sign, number))
}

/// A sign and what follows; `None` where there is no sign, so that the word is part of a name.
fn compared(rest: &str) -> Option<(Comparison, &str)> {
    SIGNS.iter().find_map(|(text, sign)| Some((*sign, rest.strip_prefix(text)?)))
}

fn level(text: &str) -> Result<Level, String> {
    let text = text.to_lowercase();
    let is_named = |level: &Level| {
        level.name() == text || text.len() == 1 && text.starts_with(level.letter().to_ascii_lowercase())
    };
    let found = Level::ALL.into_iter().find(is_named);
    found.ok_or_else(|| "level: green, blind, yellow, orange or red".to_owned())
}

/// `1000`, `$1,000`, `1.5k`, `2M`, `80%`.
fn number(text: &str) -> Option<f64> {
    let plain = text.trim_start_matches('$').trim_end_matches('%').replace(',', "");
    let (digits, factor) = match plain.chars().last()? {
        'k' | 'K' => (&plain[..plain.len() - 1], 1e3),
        'm' | 'M' => (&plain[..plain.len() - 1], 1e6),
        'g' | 'G' => (&plain[..plain.len() - 1], 1e9),
        _ => (plain.as_str(), 1.0),
    };
    digits.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * factor)
}
