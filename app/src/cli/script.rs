//! Debugger scripts: the grammar, as one closed list of actions.
//!
//! A script is text with one command a line; `#` begins a comment. [`Script::parse`] checks the whole of it before
//! anything runs. What an [`Action`] *does* is in [`player`](super::player): the seam through which every driver (the
//! blocking `debug`, a window without a screen) runs the same script:
//!
//! 1. Wait for the session's [`Event::DebugInfo`](stepwell_engine::debugger::Event) (feed every event to
//!    `Player::event`, from the first on).
//! 2. For each line: `Player::begin(&line.action)` gives the commands to send. While `Player::awaits()` is not
//!    [`Await::Nothing`], wait for events and feed them to `Player::event`, which may give further commands to send.
//! 3. After each event, `Player::take_output()` gives the lines of the transcript so far.
//!
//! An `Err` of `begin` or `event` ends the script.
//!
//! Must not know: sessions, windows, terminals.

use crate::launch;
use anyhow::{Result, bail};
use std::path::Path;
use stepwell_debuginfo::ModuleOffset;
use stepwell_engine::debugger::{BreakpointSpec, HitRule, StepKind, StepUnit, StopRule};

/// What a driver waits for before the next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Await {
    /// Nothing: go on.
    Nothing,
    /// The module and its debug info.
    Load,
    /// That the guest stands still or has ended.
    Stop,
    /// That the guest has ended.
    End,
    /// An answer to a question.
    Reply,
    /// The state of a breakpoint.
    Breakpoint,
}

/// What to write into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A wasm local of the selected frame.
    Local,
    /// An operand of the selected frame.
    Operand,
    /// A global.
    Global,
}

/// One command.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `break PLACE [hit N] [if EXPR]`, `log PLACE "TEXT" [hit N] [if EXPR]`
    Break(BreakpointSpec, StopRule),
    /// `delete N`
    Delete(u32),
    /// `enable N`, `disable N`
    Enable(u32, bool),
    /// `run [entry] [nowait]`, `restart [entry] [nowait]`
    Run {
        /// Stop before the first instruction.
        entry: bool,
        /// Do not wait for a stop.
        nowait: bool,
    },
    /// `step`, `next`, `out`, `stepi`, `nexti`
    Step(StepKind, StepUnit),
    /// `continue [nowait]`
    Continue {
        /// Do not wait for a stop.
        nowait: bool,
    },
    /// `until PLACE`
    Until(BreakpointSpec),
    /// `pause`
    Pause,
    /// `frame N`
    Frame(u32),
    /// `backtrace`
    Backtrace,
    /// `locals`
    Locals,
    /// `statics`
    Statics,
    /// `print EXPR`
    Print(String),
    /// `stack`
    Stack,
    /// `wasm-locals`
    WasmLocals,
    /// `globals`
    Globals,
    /// `memory ADDR LEN`
    Memory(u64, u64),
    /// `text`
    Text,
    /// `input TEXT`
    Input(String),
    /// `eof`
    Eof,
    /// `set local|stack|global N VALUE`
    Set(Target, u32, String),
    /// `set memory ADDR BYTE...`
    SetMemory(u64, Vec<u8>),
    /// `stop`
    Stop,
    /// `quit`
    Quit,
}

/// One line of a script that says something.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Line number, from 1.
    pub number: usize,
    /// The command as written, trimmed.
    pub text: String,
    /// What it asks for.
    pub action: Action,
}

/// A checked script.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// Its name for messages.
    pub name: String,
    /// Its commands.
    pub lines: Vec<Line>,
}

impl Script {
    /// Reads a script from a file.
    pub fn read(path: &Path) -> Result<Script> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| anyhow::anyhow!("{name}: {}", launch::io_words(&error)))?;
        Script::parse(&name, &text)
    }

    /// Checks a script. The error names the line: `NAME:LINE: message`.
    pub fn parse(name: &str, text: &str) -> Result<Script> {
        let mut lines = Vec::new();
        for (index, text) in text.lines().enumerate() {
            let number = index + 1;
            match parse_line(text) {
                Ok(Some(action)) => lines.push(Line {
                    number,
                    text: without_comment(text).to_string(),
                    action,
                }),
                Ok(None) => {}
                Err(error) => bail!("{name}:{number}: {error}"),
            }
        }
        Ok(Script {
            name: name.to_string(),
            lines,
        })
    }
}

/// One command and what it is for. The table has two readers: the parser's message for unknown words, and `help`.
const COMMANDS: &[(&str, &str)] = &[
    (
        "break PLACE [hit N] [if EXPR]",
        "stop at FUNCTION, FILE:LINE or 0xOFFSET (in the module); N: 3, >= 3, % 3",
    ),
    (
        "log PLACE \"TEXT\" [hit N] [if EXPR]",
        "say TEXT there and run on; {EXPR} in it is a value",
    ),
    ("delete N", "remove breakpoint N"),
    ("enable N", "let breakpoint N stop"),
    ("disable N", "keep breakpoint N, but do not stop"),
    (
        "run [entry] [nowait]",
        "start, or start again; entry: stop before the first instruction",
    ),
    ("restart [entry] [nowait]", "the same"),
    ("step", "to the next line, into calls"),
    ("next", "to the next line, over calls"),
    ("out", "until the selected frame returns (also: finish)"),
    ("stepi", "one instruction, into calls"),
    ("nexti", "one instruction, over calls"),
    ("continue [nowait]", "run on"),
    ("until PLACE", "run on until PLACE is reached"),
    ("pause", "stop a running guest"),
    ("frame N", "select a frame; 0 is innermost"),
    ("backtrace", "show the call stack"),
    ("locals", "show the source variables of the selected frame"),
    ("statics", "show the static variables of its unit"),
    (
        "print EXPR",
        "show an expression: a->b[2].c + 1, (unsigned char)x, a[1..4], $local0, $global0, $stack0, mem32[0x10], func[3]",
    ),
    ("stack", "show the operand stack of the selected frame"),
    ("wasm-locals", "show its wasm locals"),
    ("globals", "show the wasm globals"),
    ("memory ADDRESS LENGTH", "show bytes of memory 0"),
    (
        "text",
        "show the wasm text around the selected frame's instruction",
    ),
    ("input TEXT", "give the guest a line of input"),
    ("eof", "end the guest's input"),
    ("set local|stack|global N VALUE", "write a value, by its type"),
    (
        "set memory ADDRESS BYTE...",
        "write bytes (hexadecimal) into memory 0",
    ),
    ("stop", "end the guest"),
    ("quit", "end the script"),
];

/// All commands with what they do, a line each.
pub fn help() -> String {
    (COMMANDS.iter())
        .map(|(usage, what)| format!("  {usage:<31} {what}\n"))
        .collect()
}

/// A line without its comment and the blanks around. A `#` inside a word is no comment, nor is one after `input` or `log`.
fn without_comment(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with('#') {
        return "";
    }
    if line.starts_with("input ") || line.starts_with("log ") {
        return line;
    }
    match line.find(" #") {
        Some(at) => line.get(..at).unwrap_or(line).trim_end(),
        None => line,
    }
}

/// The action of a line; `None` if it is blank or a comment.
pub fn parse_line(line: &str) -> Result<Option<Action>> {
    let line = without_comment(line);
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let alone = |action: Action| -> Result<Option<Action>> {
        if rest.is_empty() {
            Ok(Some(action))
        } else {
            bail!("`{word}` takes no argument, and got `{rest}`")
        }
    };
    use StepKind::{In, Out, Over};
    use StepUnit::{Instruction, Line};
    Ok(Some(match word {
        "" => return Ok(None),
        "step" | "s" => return alone(Action::Step(In, Line)),
        "next" | "n" => return alone(Action::Step(Over, Line)),
        "out" | "finish" => return alone(Action::Step(Out, Line)),
        "stepi" | "si" => return alone(Action::Step(In, Instruction)),
        "nexti" | "ni" => return alone(Action::Step(Over, Instruction)),
        "pause" => return alone(Action::Pause),
        "backtrace" | "bt" => return alone(Action::Backtrace),
        "locals" => return alone(Action::Locals),
        "statics" => return alone(Action::Statics),
        "stack" => return alone(Action::Stack),
        "wasm-locals" => return alone(Action::WasmLocals),
        "globals" => return alone(Action::Globals),
        "text" => return alone(Action::Text),
        "eof" => return alone(Action::Eof),
        "stop" => return alone(Action::Stop),
        "quit" | "q" => return alone(Action::Quit),
        "break" | "b" => {
            let (at, rule) = conditions(rest)?;
            Action::Break(place(at)?, rule)
        }
        "log" => log(rest)?,
        "until" => Action::Until(place(rest)?),
        "delete" => Action::Delete(small(word, rest)?),
        "enable" => Action::Enable(small(word, rest)?, true),
        "disable" => Action::Enable(small(word, rest)?, false),
        "frame" => Action::Frame(small(word, rest)?),
        "run" | "restart" => {
            let [entry, nowait] = flags(word, rest, ["entry", "nowait"])?;
            Action::Run { entry, nowait }
        }
        "continue" | "c" => {
            let [nowait] = flags(word, rest, ["nowait"])?;
            Action::Continue { nowait }
        }
        "print" | "p" if rest.is_empty() => bail!("`print` needs an expression"),
        "print" | "p" => Action::Print(rest.to_string()),
        "input" => Action::Input(rest.to_string()),
        "memory" => match rest.split_whitespace().collect::<Vec<_>>().as_slice() {
            [address, len] => Action::Memory(number(address)?, number(len)?),
            _ => bail!("`memory` needs an address and a length"),
        },
        "set" => set(rest)?,
        _ => {
            let known: Vec<&str> = (COMMANDS.iter())
                .filter_map(|(usage, _)| usage.split(' ').next())
                .collect();
            bail!("unknown command `{word}`; there are: {}", known.join(", "))
        }
    }))
}

/// Which of the known flags were given.
fn flags<const N: usize>(word: &str, rest: &str, known: [&str; N]) -> Result<[bool; N]> {
    for given in rest.split_whitespace() {
        if !known.contains(&given) {
            bail!("`{word}` takes only {}, and got `{given}`", known.join(" and "));
        }
    }
    Ok(known.map(|flag| rest.split_whitespace().any(|given| given == flag)))
}

fn set(rest: &str) -> Result<Action> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    Ok(match words.as_slice() {
        ["memory", address, bytes @ ..] if !bytes.is_empty() => {
            let bytes: Option<Vec<u8>> = (bytes.iter())
                .map(|byte| u8::from_str_radix(byte.strip_prefix("0x").unwrap_or(byte), 16).ok())
                .collect();
            match bytes {
                Some(bytes) => Action::SetMemory(number(address)?, bytes),
                None => bail!("bytes are written as two hexadecimal digits each"),
            }
        }
        [what, index, value] => {
            let target = match *what {
                "local" => Target::Local,
                "stack" => Target::Operand,
                "global" => Target::Global,
                _ => bail!("`set` writes a local, stack, global or memory, not `{what}`"),
            };
            Action::Set(target, small("set", index)?, (*value).to_string())
        }
        _ => bail!("write `set local|stack|global N VALUE` or `set memory ADDRESS BYTE...`"),
    })
}

/// What stands before `hit N` and `if EXPR`, and the two.
fn conditions(text: &str) -> Result<(&str, StopRule)> {
    let mut rule = StopRule::default();
    let (mut head, condition) = clause(text, "if");
    if let Some(condition) = condition {
        if condition.is_empty() {
            bail!("`if` needs an expression");
        }
        rule.condition = Some(condition.to_string());
    }
    let (before, hit) = clause(head, "hit");
    if let Some(hit) = hit {
        head = before;
        rule.hits = match HitRule::parse(hit) {
            Some(hits) => Some(hits),
            None => bail!("`hit` needs a number, as in `hit 3`, `hit >= 3`, `hit % 3`, not `{hit}`"),
        };
    }
    Ok((head, rule))
}

/// A text and what stands behind the first `word` in it.
fn clause<'a>(text: &'a str, word: &str) -> (&'a str, Option<&'a str>) {
    let text = text.trim();
    let inside = text.find(&format!(" {word} ")).map(|at| (at, word.len() + 2));
    let start = (text.starts_with(&format!("{word} "))).then_some((0, word.len()));
    let end = (text.ends_with(&format!(" {word}"))).then(|| (text.len() - word.len() - 1, word.len() + 1));
    match start.or(inside).or(end) {
        Some((at, len)) => (
            text.get(..at).unwrap_or_default().trim(),
            Some(text.get(at + len..).unwrap_or_default().trim()),
        ),
        None => (text, None),
    }
}

/// `PLACE "TEXT" [hit N] [if EXPR]`
fn log(text: &str) -> Result<Action> {
    let Some((at, quoted)) = text.split_once(" \"") else {
        bail!("`log` needs a place and a text in quotes: log list.c:40 \"n={{n}}\"");
    };
    // The text may have quotes in it: it ends where nothing more follows, or a condition does.
    let ends = quoted.match_indices('"').map(|(end, _)| end);
    for end in ends {
        let behind = quoted.get(end + 1..).unwrap_or_default().trim();
        if behind.is_empty() || behind.starts_with("if ") || behind.starts_with("hit ") {
            let (_, mut rule) = conditions(behind)?;
            rule.log = quoted.get(..end).map(str::to_string);
            return Ok(Action::Break(place(at.trim())?, rule));
        }
    }
    bail!("the text of `log` ends in a quote")
}

/// `0xOFFSET`, `FILE:LINE` or a function's name.
pub fn place(text: &str) -> Result<BreakpointSpec> {
    if text.is_empty() {
        bail!("a place is needed: FUNCTION, FILE:LINE or 0xOFFSET");
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return match u64::from_str_radix(digits, 16) {
            Ok(offset) => Ok(BreakpointSpec::Offset {
                offset: ModuleOffset(offset),
            }),
            Err(_) => bail!("`{text}` is not an offset"),
        };
    }
    // The last colon, and not one of `::` in a qualified name.
    if let Some((path, line)) = text.rsplit_once(':')
        && !path.is_empty()
        && !path.ends_with(':')
        && !line.is_empty()
        && line.bytes().all(|byte| byte.is_ascii_digit())
    {
        return match line.parse() {
            Ok(line) if line > 0 => Ok(BreakpointSpec::Line {
                path: path.to_string(),
                line,
            }),
            _ => bail!("`{line}` is not a line number"),
        };
    }
    Ok(BreakpointSpec::Function {
        name: text.to_string(),
    })
}

/// A number, decimal or hexadecimal.
fn number(text: &str) -> Result<u64> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| anyhow::anyhow!("`{text}` is not a number"))
}

/// A command's small number.
fn small(word: &str, text: &str) -> Result<u32> {
    text.parse()
        .map_err(|_| anyhow::anyhow!("`{word}` needs a number, not `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Action {
        parse_line(text).expect("parses").expect("says something")
    }

    #[test]
    fn places_are_told_apart() {
        let line = |path: &str, line| BreakpointSpec::Line {
            path: path.to_string(),
            line,
        };
        let function = |name: &str| BreakpointSpec::Function {
            name: name.to_string(),
        };
        let plain = |spec| Action::Break(spec, StopRule::default());
        assert_eq!(one("break push"), plain(function("push")));
        assert_eq!(one("b a/list.c:40"), plain(line("a/list.c", 40)));
        assert_eq!(one("until list.c:7 # here"), Action::Until(line("list.c", 7)));
        assert_eq!(one("break a::b"), plain(function("a::b")));
        assert_eq!(one("break func[3]"), plain(function("func[3]")));
        assert_eq!(
            one("break 0x1f"),
            plain(BreakpointSpec::Offset {
                offset: ModuleOffset(31)
            })
        );
        assert!(parse_line("break").is_err());
        assert!(parse_line("break 0xzz").is_err());
        assert!(parse_line("break list.c:0").is_err());
    }

    #[test]
    fn breakpoints_with_conditions_counts_and_words() {
        let rule = |text: &str| match one(text) {
            Action::Break(BreakpointSpec::Line { path, line: 40 }, rule) if path == "list.c" => rule,
            other => panic!("{text}: {other:?}"),
        };
        let when = rule("break list.c:40 if n == 3 && s == \"if\"");
        assert_eq!(when.condition.as_deref(), Some("n == 3 && s == \"if\""));
        let third = rule("b list.c:40 hit 3");
        assert_eq!((third.hits, third.condition), (Some(HitRule::Exactly(3)), None));
        let both = rule("break list.c:40 hit >= 2 if x");
        assert_eq!(both.hits, Some(HitRule::AtLeast(2)));
        assert_eq!(both.condition.as_deref(), Some("x"));
        let words = rule("log list.c:40 \"n={n} # \"{name}\"\"");
        assert_eq!(words.log.as_deref(), Some("n={n} # \"{name}\""));
        let some = rule("log list.c:40 \"n={n}\" hit % 2 if n > 1");
        assert_eq!(some.log.as_deref(), Some("n={n}"));
        assert_eq!(
            (some.hits, some.condition.as_deref()),
            (Some(HitRule::Every(2)), Some("n > 1"))
        );
        for wrong in [
            "break if x",
            "break list.c:40 if",
            "break list.c:40 hit x",
            "log list.c:40",
            "log list.c:40 \"n",
            "log \"n\"",
        ] {
            assert!(parse_line(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn flags_numbers_and_text() {
        assert_eq!(
            one("run entry"),
            Action::Run {
                entry: true,
                nowait: false
            }
        );
        assert_eq!(one("continue nowait"), Action::Continue { nowait: true });
        assert!(parse_line("run fast").is_err());
        assert_eq!(one("memory 0x10 4"), Action::Memory(16, 4));
        assert_eq!(one("input a #1"), Action::Input("a #1".to_string()));
        assert_eq!(
            one("set local 2 -1"),
            Action::Set(Target::Local, 2, "-1".to_string())
        );
        assert_eq!(one("set memory 8 0a ff"), Action::SetMemory(8, vec![10, 255]));
        assert!(parse_line("set register 1 1").is_err());
        assert!(parse_line("step 3").is_err());
    }

    #[test]
    fn every_listed_command_is_understood() {
        for (usage, _) in COMMANDS {
            let word = usage.split(' ').next().expect("a word");
            let error = parse_line(word).err().map(|error| error.to_string());
            assert!(
                !error.as_deref().is_some_and(|error| error.starts_with("unknown")),
                "{word}: {error:?}"
            );
        }
    }

    #[test]
    fn an_error_names_its_line() {
        let script = Script::parse("x.dbg", "# title\nbreak push\n\nrun\n").expect("parses");
        let numbers: Vec<usize> = script.lines.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [2, 4]);
        let error = Script::parse("x.dbg", "run\nfly away\n").expect_err("unknown");
        assert!(
            error.to_string().starts_with("x.dbg:2: unknown command `fly`"),
            "{error}"
        );
    }
}
