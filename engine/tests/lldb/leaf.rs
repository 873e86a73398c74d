//! Whether two debuggers' ways to write one value mean the same.

/// How LLDB's value and ours compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Equal,
    Different,
    /// LLDB shows a number where we show what it stands for: a function, a member.
    Apart,
}

/// `theirs` is a leaf of `visit.py`: its kind and how it is written.
pub fn verdict(ours: &str, theirs: &[&str]) -> Verdict {
    let same = match theirs {
        ["number", number, ..] => number_of(ours).as_deref() == Some(*number),
        ["enumerator", number, name, ..] => {
            let named = ours.rsplit("::").next().unwrap_or(ours).trim_start_matches('.');
            number_of(ours).as_deref() == Some(*number) || named == *name
        }
        ["float", bits, len, ..] => float(ours, bits, len),
        ["pointer", address, ..] => address_of(ours) == address.parse().ok(),
        ["variant", name, ..] => ours
            .strip_prefix(name)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')),
        // An index in the table against a function's name.
        ["function", index, ..] if *index != "0" => return Verdict::Apart,
        ["member", ..] => return Verdict::Apart,
        ["function", ..] => address_of(ours) == Some(0),
        ["text", text, ..] if ours == *text => true,
        // A number of 128 bits that has no short decimal form.
        ["text", ..] if ours.contains("0x") => return Verdict::Apart,
        ["text", text, ..] => {
            let (ours, theirs) = (numbers(ours), numbers(text));
            if theirs.is_empty() {
                return Verdict::Apart;
            }
            ours == theirs
        }
        _ => return Verdict::Apart,
    };
    if same { Verdict::Equal } else { Verdict::Different }
}

/// The integer in our words: `-3`, `'a' (97)`, `7 (no name)`, `63 '?'`, `true`, and Rust's `'ß'`.
fn number_of(ours: &str) -> Option<String> {
    let bracket = ours.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    let number = |text: &str| text.parse::<i128>().ok().map(|number| number.to_string());
    let first = ours.split(' ').next().unwrap_or("");
    let word = match ours {
        "true" => Some("1".to_string()),
        "false" => Some("0".to_string()),
        _ => None,
    };
    let character = || {
        let inner = ours.strip_prefix('\'')?.strip_suffix('\'')?;
        let mut letters = inner.chars();
        let code = match (letters.next()?, letters.next()) {
            (only, None) => only as u32,
            ('\\', Some('n')) => 10,
            ('\\', Some('t')) => 9,
            ('\\', Some('0')) => 0,
            ('\\', Some(escaped)) => escaped as u32,
            _ => return None,
        };
        Some(code.to_string())
    };
    word.or_else(|| bracket.and_then(|(_, inner)| number(inner)))
        .or_else(|| number(first))
        .or_else(character)
}

fn float(ours: &str, bits: &str, len: &str) -> bool {
    let Ok(bits) = bits.parse::<u64>() else {
        return false;
    };
    match len {
        "4" => {
            let theirs = f32::from_bits(bits as u32);
            let ours = ours.parse::<f32>();
            ours.is_ok_and(|ours| ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan())
        }
        _ => {
            let theirs = f64::from_bits(bits);
            let ours = ours.parse::<f64>();
            ours.is_ok_and(|ours| ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan())
        }
    }
}

fn address_of(ours: &str) -> Option<u64> {
    let first = ours.split(' ').next()?;
    match first.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => matches!(first, "NULL" | "nullptr" | "null").then_some(0),
    }
}

/// The numbers of a text, for complex ones and those that are wider than eight bytes.
fn numbers(text: &str) -> Vec<String> {
    text.replace(" - ", " + -")
        .split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | 'e' | 'E')))
        .filter(|part| part.contains(|c: char| c.is_ascii_digit()))
        .map(|part| match (part.parse::<i128>(), part.parse::<f64>()) {
            (Ok(number), _) => number.to_string(),
            (_, Ok(number)) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
            (_, Ok(number)) => number.to_string(),
            _ => part.to_string(),
        })
        .collect()
}

#[test]
fn values_agree_by_what_they_mean() {
    let agree = [
        ("'b' (98)", &["number", "98"][..]),
        ("63 '?'", &["number", "63"]),
        ("'ß'", &["number", "223"]),
        ("true", &["number", "1"]),
        ("READ | RUN (5)", &["enumerator", "5", "READ | RUN"]),
        ("zoo::Colour::Green", &["enumerator", "5", "Green"]),
        ("-0.0", &["float", "2147483648", "4"]),
        ("0.1", &["float", "4591870180066957722", "8"]),
        ("NULL", &["pointer", "0"]),
        ("0x7f4 \"text\"", &["pointer", "2036"]),
        ("Some(5)", &["variant", "Some"]),
        ("1.5 - 2.5i", &["text", "1.5 + -2.5i"]),
    ];
    for (ours, theirs) in agree {
        assert_eq!(verdict(ours, theirs), Verdict::Equal, "{ours}");
    }
    let differ = [
        ("'b' (98)", &["number", "97"][..]),
        ("-1", &["number", "255"]),
        ("0.0", &["float", "2147483648", "4"]),
        ("0.1", &["float", "4591870180066957723", "8"]),
        ("NULL", &["pointer", "1"]),
        ("Something", &["variant", "Some"]),
        ("1.5 + 2.5i", &["text", "1.5 + -2.5i"]),
    ];
    for (ours, theirs) in differ {
        assert_eq!(verdict(ours, theirs), Verdict::Different, "{ours}");
    }
}
