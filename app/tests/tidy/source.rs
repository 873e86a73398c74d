//! A Rust source file as the rules see it: words and paths, without comments and literals.
//!
//! Not a parser of Rust: it knows just enough to find every path (`a::b`, `use a::{b, c::d}`), to follow `crate`,
//! `self` and `super` through inline modules, and not to be misled by strings, characters and lifetimes.

use std::path::Path;

/// A word or a sign, with its line from 1.
#[derive(Clone, Debug, PartialEq)]
struct Token {
    text: String,
    line: usize,
}

/// A path found in a file, with the inline modules around it.
#[derive(Debug)]
struct Found {
    segments: Vec<String>,
    around: Vec<String>,
}

/// One file.
#[derive(Debug)]
pub struct Source {
    /// From the top of the repository, with `/`.
    pub path: String,
    /// As it is.
    pub text: String,
    tokens: Vec<Token>,
    found: Vec<Found>,
    siblings: Vec<String>,
}

impl Source {
    /// A file with this path and text.
    pub fn new(path: &str, text: &str) -> Source {
        let tokens = tokens(text);
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
            found: find_paths(&tokens),
            tokens,
            siblings: Vec::new(),
        }
    }

    /// All Rust files of these crates: sources and tests.
    pub fn all(root: &Path, crates: &[&str]) -> Vec<Source> {
        let mut all = Vec::new();
        for krate in crates {
            for (path, text) in texts(root, krate, &["rs"]) {
                all.push(Source::new(&path, &text));
            }
        }
        let paths: Vec<String> = all.iter().map(|source| source.path.clone()).collect();
        for source in &mut all {
            let folder = &source.path[..=source.path.rfind('/').unwrap_or(0)];
            source.siblings = paths
                .iter()
                .filter_map(|path| path.strip_prefix(folder))
                .filter_map(|rest| rest.split(['/', '.']).next())
                .map(str::to_owned)
                .collect();
        }
        all
    }

    /// Names the modules beside this one, for a snippet.
    pub fn set_siblings(&mut self, names: &[&str]) {
        self.siblings = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// Modules in the same folder, this one included.
    pub fn siblings(&self) -> &[String] {
        &self.siblings
    }

    /// The folder of the crate.
    pub fn krate(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// The crate's top-level module this file belongs to, if it lies below `start`.
    pub fn part(&self, start: &str) -> Option<&str> {
        self.path.strip_prefix(start)?.split(['/', '.']).next()
    }

    /// Paths as they are written.
    pub fn paths(&self) -> impl Iterator<Item = &[String]> {
        self.found.iter().map(|found| found.segments.as_slice())
    }

    /// Paths inside the crate, from its root: `crate`, `self` and `super` followed.
    pub fn own_paths(&self) -> impl Iterator<Item = Vec<String>> {
        let module = module(&self.path);
        self.found.iter().filter_map(move |found| {
            let mut base: Vec<String> = match found.segments[0].as_str() {
                "crate" => Vec::new(),
                "self" | "super" => module.iter().chain(&found.around).cloned().collect(),
                _ => return None,
            };
            let mut rest = found.segments.as_slice();
            while let [first, others @ ..] = rest {
                match first.as_str() {
                    "crate" | "self" => {}
                    "super" => {
                        base.pop();
                    }
                    _ => break,
                }
                rest = others;
            }
            base.extend_from_slice(rest);
            Some(base)
        })
    }

    /// Whether a word occurs in code.
    pub fn has_word(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| token.text == word)
    }

    /// The lines in which a word occurs in code.
    pub fn lines_of(&self, word: &str) -> impl Iterator<Item = usize> {
        self.tokens
            .iter()
            .filter(move |token| token.text == word)
            .map(|token| token.line)
    }
}

/// Files below a folder with one of these endings, and their text.
pub fn texts(root: &Path, folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let full = root.join(&path);
        if let Ok(entries) = std::fs::read_dir(&full) {
            // The fuzz targets are built in a folder of their own.
            for entry in entries.flatten().filter(|entry| entry.file_name() != "target") {
                open.push(format!("{path}/{}", entry.file_name().to_string_lossy()));
            }
        } else if let Some((_, ending)) = path.rsplit_once('.')
            && endings.contains(&ending)
            && let Ok(text) = std::fs::read_to_string(full)
        {
            found.push((path, text));
        }
    }
    found.sort();
    found
}

/// The module a file is, from its crate's root.
fn module(path: &str) -> Vec<String> {
    let inside = path
        .split_once("/src/")
        .map_or(path, |(_, inside)| inside)
        .trim_end_matches(".rs");
    let mut names: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if names
        .last()
        .is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str()))
    {
        names.pop();
    }
    names
}

/// Words, `::` and single signs; comments, strings, characters and lifetimes left out.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut i = 0;
    while i < chars.len() {
        let from = i;
        match at(i) {
            '/' if at(i + 1) == '/' => {
                while i < chars.len() && at(i) != '\n' {
                    i += 1;
                }
            }
            '/' if at(i + 1) == '*' => {
                let mut depth = 0;
                while i < chars.len() {
                    match (at(i), at(i + 1)) {
                        ('/', '*') => (depth, i) = (depth + 1, i + 2),
                        ('*', '/') => (depth, i) = (depth - 1, i + 2),
                        _ => i += 1,
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            '"' => i = string_end(&chars, i),
            '\'' => {
                // A character, or the tick of a lifetime.
                if at(i + 1) == '\\' {
                    i += 3;
                    while i < chars.len() && at(i) != '\'' {
                        i += 1;
                    }
                    i += 1;
                } else if at(i + 2) == '\'' {
                    i += 3;
                } else {
                    i += 1;
                    while is_word(at(i)) {
                        i += 1;
                    }
                }
            }
            c if is_word(c) => {
                while is_word(at(i)) {
                    i += 1;
                }
                let word: String = chars[from..i].iter().collect();
                let raw = ["r", "br", "cr"].contains(&word.as_str());
                if raw && (at(i) == '"' || (at(i) == '#' && ['#', '"'].contains(&at(i + 1)))) {
                    i = raw_string_end(&chars, i);
                } else if !["b", "c"].contains(&word.as_str()) || at(i) != '"' {
                    tokens.push(Token { text: word, line });
                }
            }
            ':' if at(i + 1) == ':' => {
                tokens.push(Token {
                    text: "::".to_owned(),
                    line,
                });
                i += 2;
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push(Token {
                        text: c.to_string(),
                        line,
                    });
                }
                i += 1;
            }
        }
        let end = i.min(chars.len());
        line += chars[from..end].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut i = from + 1;
    while let Some(c) = chars.get(i) {
        match c {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    i
}

fn raw_string_end(chars: &[char], from: usize) -> usize {
    let hashes = chars[from..].iter().take_while(|c| **c == '#').count();
    let mut i = from + hashes + 1;
    while i < chars.len() {
        let closing = chars[i + 1..].iter().take(hashes).all(|c| *c == '#');
        if chars[i] == '"' && closing {
            return i + 1 + hashes;
        }
        i += 1;
    }
    i
}

/// Every path of two segments or more, every `use` of one, groups spread out.
fn find_paths(tokens: &[Token]) -> Vec<Found> {
    let text = |index: usize| tokens.get(index).map_or("", |token| token.text.as_str());
    let mut found = Vec::new();
    let mut depth = 0usize;
    // Inline modules around the place, with the depth of their braces.
    let mut around: Vec<(String, usize)> = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        match text(i) {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if around.last().is_some_and(|(_, at)| *at == depth) {
                    around.pop();
                }
            }
            "mod" if text(i + 2) == "{" => around.push((text(i + 1).to_owned(), depth)),
            word => {
                let start = word.starts_with(|c: char| c.is_alphabetic() || c == '_')
                    && (i == 0 || text(i - 1) != "::");
                let used = i > 0 && text(i - 1) == "use";
                if start && (used || text(i + 1) == "::") {
                    let mut paths = Vec::new();
                    i = tree(tokens, i, &mut Vec::new(), &mut paths);
                    let names: Vec<String> = around.iter().map(|(name, _)| name.clone()).collect();
                    found.extend(paths.into_iter().map(|segments| Found {
                        segments,
                        around: names.clone(),
                    }));
                    continue;
                }
            }
        }
        i += 1;
    }
    found
}

/// Reads a path or a tree of paths from `i`; returns the index behind it.
fn tree(tokens: &[Token], mut i: usize, prefix: &mut Vec<String>, paths: &mut Vec<Vec<String>>) -> usize {
    let text = |index: usize| tokens.get(index).map_or("", |token| token.text.as_str());
    let before = prefix.len();
    loop {
        match text(i) {
            "{" => {
                i += 1;
                while !["}", ""].contains(&text(i)) {
                    if text(i) == "," {
                        i += 1;
                        continue;
                    }
                    i = tree(tokens, i, prefix, paths);
                    if text(i) == "as" {
                        i += 2;
                    }
                    if ![",", "}"].contains(&text(i)) {
                        // Not a tree of names after all.
                        break;
                    }
                }
                prefix.truncate(before);
                return if text(i) == "}" { i + 1 } else { i };
            }
            word if word.starts_with(|c: char| c.is_alphanumeric() || c == '_') || word == "*" => {
                prefix.push(word.to_owned());
                i += 1;
            }
            _ => {
                // `Vec::<u8>`: the type arguments are read on their own.
                paths.push(prefix.clone());
                prefix.truncate(before);
                return i.max(1);
            }
        }
        if text(i) != "::" {
            paths.push(prefix.clone());
            prefix.truncate(before);
            return i;
        }
        i += 1;
    }
}

#[test]
fn paths_are_found() {
    let text = "
        //! not::this
        use a::{b, c::{d as e, self}, f::*};
        pub use single;
        fn g<'a>(x: &'a h::I) -> Vec<j::K> { let c = '\\''; \"no::n\"; r#\"no::\"m\"#; Vec::<l::M>::new() }
        /* no::o /* no::p */ no::q */
        mod m { use super::r; } use super::s;
    ";
    let source = Source::new("app/src/gui/x.rs", text);
    let mut found: Vec<String> = source.paths().map(|path| path.join("::")).collect();
    found.sort();
    assert_eq!(
        found.join(" "),
        "Vec a::b a::c::d a::c::self a::f::* h::I j::K l::M single super::r super::s"
    );
    let own: Vec<String> = source.own_paths().map(|path| path.join("::")).collect();
    assert_eq!(own, ["gui::x::r", "gui::s"]);
    assert_eq!(source.lines_of("Vec").collect::<Vec<_>>(), [5, 5]);
}
