// A calculator: text becomes tokens, tokens become a tree, the tree is checked, folded and computed. Its stops lie
// where a person would set them: in loops, in callees, after something was changed. Before each the program prints
// what its variables hold: `STOP: EXPRESSION = VALUE`, for those of the caller `STOP^: EXPRESSION = VALUE`, written
// as a debugger would write it.
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::iter::Peekable;
use std::rc::{Rc, Weak};
use std::str::CharIndices;
use std::sync::atomic::{AtomicU32, Ordering};

macro_rules! say {
    ($stop:literal, $name:literal, $($value:tt)*) => {
        println!("{}: {} = {}", $stop, $name, format!($($value)*))
    };
}

static STEPS: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// What a person would count or log here.
#[inline(never)]
fn step(by: usize) {
    STEPS.fetch_add(by as u32, Ordering::Relaxed);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    Number(f64),
    Name(&'a str),
    Sign(char),
    End,
}

#[derive(Debug, PartialEq)]
enum Fault {
    Unexpected { at: usize, found: char },
    Unknown(String),
    Ended,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[derive(Clone, Debug)]
enum Expr {
    Number(f64),
    Name(Rc<str>),
    Pair { op: char, sides: Box<(Expr, Expr)> },
    Call(String, Vec<Expr>),
}

/// Names are looked up from the inside to the outside; the outside knows what lies in it.
#[derive(Default)]
struct Scope {
    values: RefCell<BTreeMap<String, f64>>,
    outer: Option<Rc<Scope>>,
    inner: RefCell<Vec<Weak<Scope>>>,
    level: u8,
}

trait Function {
    fn call(&self, arguments: &[f64]) -> Option<f64>;
    fn name(&self) -> Cow<'static, str>;
}

struct Largest;

struct Polynomial<const N: usize> {
    factors: [f64; N],
    uses: Cell<u16>,
}

impl Function for Largest {
    fn call(&self, arguments: &[f64]) -> Option<f64> {
        let mut largest: Option<f64> = None;
        for (index, &argument) in arguments.iter().enumerate() {
            let better = largest.is_none_or(|so_far| argument > so_far);
            if better {
                largest = Some(argument);
            }
            say!("largest", "index", "{index}");
            say!("largest", "argument", "{argument:?}");
            say!("largest", "better", "{better}");
            say!("largest", "largest", "{largest:?}");
            say!("largest", "arguments", "{arguments:?}");
            step(index + 1); // stop: largest
        }
        largest
    }

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("max")
    }
}

impl<const N: usize> Function for Polynomial<N> {
    fn call(&self, arguments: &[f64]) -> Option<f64> {
        let [x, rest @ ..] = arguments else { return None };
        let mut sum = 0.0;
        for factor in self.factors.iter().rev() {
            sum = sum * x + factor;
        }
        self.uses.set(self.uses.get() + 1);
        say!("polynomial", "x", "{x:?}");
        say!("polynomial", "*x", "{x:?}");
        say!("polynomial", "rest", "{rest:?}");
        say!("polynomial", "sum", "{sum:?}");
        say!("polynomial", "self.factors", "{:?}", self.factors);
        say!("polynomial", "self.uses", "{}", self.uses.get());
        step(N); // stop: polynomial
        Some(sum)
    }

    fn name(&self) -> Cow<'static, str> {
        Cow::Owned(format!("poly{N}"))
    }
}

/// Where the text is read from.
struct Lexer<'a> {
    text: &'a str,
    letters: Peekable<CharIndices<'a>>,
    read: usize,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str) -> Self {
        Lexer { text, letters: text.char_indices().peekable(), read: 0 }
    }

    #[inline(never)]
    fn next(&mut self) -> Result<Token<'a>, Fault> {
        while self.letters.next_if(|(_, letter)| letter.is_whitespace()).is_some() {}
        let Some((from, letter)) = self.letters.next() else {
            return Ok(Token::End);
        };
        let mut to = from + letter.len_utf8();
        let wanted: fn(char) -> bool = match letter {
            '0'..='9' => |c| c.is_ascii_digit() || c == '.',
            'a'..='z' | 'ä' => char::is_alphanumeric,
            '+' | '*' | '-' | '(' | ')' | ',' | '=' => return Ok(Token::Sign(letter)),
            found => return Err(Fault::Unexpected { at: from, found }),
        };
        while let Some((at, c)) = self.letters.next_if(|&(_, c)| wanted(c)) {
            to = at + c.len_utf8();
        }
        let text = &self.text[from..to];
        let token = match text.parse() {
            Ok(number) => Token::Number(number),
            Err(_) => Token::Name(text),
        };
        self.read += text.len();
        say!("lex", "from", "{from}");
        say!("lex", "to", "{to}");
        say!("lex", "letter", "{letter:?}");
        say!("lex", "text", "{text:?}");
        say!("lex", "token", "{token:?}");
        say!("lex", "self.read", "{}", self.read);
        say!("lex", "self.text", "{:?}", self.text);
        step(to - from); // stop: lex
        Ok(token)
    }
}

/// The order must be the same in every run.
type Places = HashMap<String, Vec<u32>, BuildHasherDefault<DefaultHasher>>;

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token<'a>,
    seen: Places,
    count: u32,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self, Fault> {
        let mut lexer = Lexer::new(text);
        let token = lexer.next()?;
        Ok(Parser { lexer, token, seen: Places::default(), count: 0 })
    }

    fn advance(&mut self) -> Result<Token<'a>, Fault> {
        let next = self.lexer.next()?;
        self.count += 1;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn expect(&mut self, sign: char) -> Result<(), Fault> {
        match self.advance()? {
            Token::Sign(found) if found == sign => Ok(()),
            Token::Sign(found) => Err(Fault::Unexpected { at: self.lexer.read, found }),
            _ => Err(Fault::Ended),
        }
    }

    /// Signs that bind less than `least` end the expression.
    #[inline(never)]
    fn expression(&mut self, least: u8) -> Result<Expr, Fault> {
        let mut left = self.atom()?;
        while let Token::Sign(op @ ('+' | '-' | '*')) = self.token {
            let binds = if op == '*' { 2 } else { 1 };
            if binds < least {
                break;
            }
            self.advance()?;
            let right = self.expression(binds + 1)?;
            let weight = size(&left) * 10 + size(&right);
            say!("join", "op", "{op:?}");
            say!("join", "least", "{least}");
            say!("join", "binds", "{binds}");
            say!("join", "weight", "{weight}");
            say!("join", "self.count", "{}", self.count);
            step(weight); // stop: join
            left = Expr::Pair { op, sides: Box::new((left, right)) };
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Expr, Fault> {
        match self.advance()? {
            Token::Number(number) => Ok(Expr::Number(number)),
            Token::Name(name) => {
                let places = self.seen.entry(name.to_string()).or_default();
                places.push(self.count);
                say!("name", "name", "{name:?}");
                say!("name", "places", "Vec({}) {places:?}", places.len());
                say!("name", "self.count", "{}", self.count);
                say!("name", "self.token", "{:?}", self.token);
                step(places.len()); // stop: name
                if self.token != Token::Sign('(') {
                    return Ok(Expr::Name(name.into()));
                }
                let mut arguments = Vec::new();
                while self.token != Token::Sign(')') {
                    self.advance()?;
                    let argument = self.expression(0)?;
                    say!("call", "name", "{name:?}");
                    say!("call", "argument", "{}", shown(&argument));
                    say!("call", "self.token", "{:?}", self.token);
                    step(arguments.len()); // stop: call
                    arguments.push(argument);
                }
                self.advance()?;
                Ok(Expr::Call(name.to_string(), arguments))
            }
            Token::Sign('(') => {
                let inner = self.expression(0)?;
                self.expect(')')?;
                Ok(inner)
            }
            Token::Sign(found) => Err(Fault::Unexpected { at: self.lexer.read, found }),
            Token::End => Err(Fault::Ended),
        }
    }
}

/// As a debugger shows it.
fn shown(expr: &Expr) -> String {
    match expr {
        Expr::Number(number) => format!("Number({number:?})"),
        Expr::Name(name) => format!("Name({name:?} (strong {}, weak 0))", Rc::strong_count(name)),
        Expr::Pair { op, sides } => {
            format!("Pair {{op: {op:?}, sides: ({}, {})}}", shown(&sides.0), shown(&sides.1))
        }
        Expr::Call(name, arguments) => {
            let arguments: Vec<String> = arguments.iter().map(shown).collect();
            format!("Call({name:?}, Vec({}) [{}])", arguments.len(), arguments.join(", "))
        }
    }
}

fn listed(results: &[Result<f64, Fault>]) -> String {
    let one = |result: &Result<f64, Fault>| match result {
        Ok(value) => format!("Ok({value:?})"),
        Err(Fault::Unexpected { at, found }) => format!("Err(Unexpected {{at: {at}, found: {found:?}}})"),
        Err(fault) => format!("Err({fault})"),
    };
    results.iter().map(one).collect::<Vec<String>>().join(", ")
}

fn size(expr: &Expr) -> usize {
    match expr {
        Expr::Number(_) | Expr::Name(_) => 1,
        Expr::Pair { sides, .. } => 1 + size(&sides.0) + size(&sides.1),
        Expr::Call(_, arguments) => arguments.iter().map(size).sum::<usize>() + 1,
    }
}

/// Numbers that are joined become one number.
#[inline(never)]
fn fold(expr: Expr) -> Expr {
    let Expr::Pair { op, sides } = expr else {
        return expr;
    };
    let (left, right) = *sides;
    let (left, right) = (fold(left), fold(right));
    match (&left, &right) {
        (Expr::Number(a), Expr::Number(b)) => {
            let folded = match op {
                '+' => a + b,
                '-' => a - b,
                _ => a * b,
            };
            say!("fold", "a", "{a:?}");
            say!("fold", "*b", "{b:?}");
            say!("fold", "op", "{op:?}");
            say!("fold", "folded", "{folded:?}");
            say!("fold", "left", "Number({a:?})");
            say!("fold", "right", "Number({b:?})");
            step(2); // stop: fold
            Expr::Number(folded)
        }
        _ => Expr::Pair { op, sides: Box::new((left, right)) },
    }
}

impl Scope {
    fn inside(outer: &Rc<Scope>) -> Rc<Scope> {
        let made = Rc::new(Scope { outer: Some(outer.clone()), level: outer.level + 1, ..Scope::default() });
        outer.inner.borrow_mut().push(Rc::downgrade(&made));
        made
    }

    #[inline(never)]
    fn find(self: &Rc<Scope>, name: &str) -> Option<f64> {
        let mut scope = Some(self);
        let mut hops = 0u16;
        while let Some(here) = scope {
            let values = here.values.borrow();
            if let Some(&value) = values.get(name) {
                say!("find", "name", "{name:?}");
                say!("find", "hops", "{hops}");
                say!("find", "value", "{value:?}");
                say!("find", "here.level", "{}", here.level);
                say!("find", "here.values", "BTreeMap({}) {values:?}", values.len());
                say!("find", "self.level", "{}", self.level);
                step(hops as usize); // stop: find
                return Some(value);
            }
            scope = here.outer.as_ref();
            hops += 1;
        }
        None
    }
}

struct Machine {
    functions: Vec<Box<dyn Function>>,
    results: Vec<Result<f64, Fault>>,
}

impl Machine {
    #[inline(never)]
    fn compute(&self, expr: &Expr, scope: &Rc<Scope>) -> Result<f64, Fault> {
        DEPTH.set(DEPTH.get() + 1);
        let value = match expr {
            Expr::Number(number) => *number,
            Expr::Name(name) => scope.find(name).ok_or_else(|| Fault::Unknown(name.to_string()))?,
            Expr::Pair { op, sides } => {
                let left = self.compute(&sides.0, scope)?;
                let right = self.compute(&sides.1, scope)?;
                say!("pair", "op", "{op:?}");
                say!("pair", "left", "{left:?}");
                say!("pair", "right", "{right:?}");
                say!("pair", "scope.level", "{}", scope.level);
                step(1); // stop: pair
                match op {
                    '+' => left + right,
                    '-' => left - right,
                    _ => left * right,
                }
            }
            Expr::Call(name, arguments) => {
                let values: Vec<f64> =
                    arguments.iter().map(|argument| self.compute(argument, scope)).collect::<Result<_, _>>()?;
                let function = self.functions.iter().find(|function| function.name() == *name);
                let missing = || Fault::Unknown(name.clone());
                let function = function.ok_or_else(missing)?;
                say!("polynomial^", "scope.level", "{}", scope.level);
                say!("polynomial^", "values", "Vec({}) {values:?}", values.len());
                say!("polynomial^", "name", "{name:?}");
                function.call(&values).ok_or(Fault::Ended)?
            }
        };
        DEPTH.set(DEPTH.get() - 1);
        Ok(value)
    }

    #[inline(never)]
    fn run(&mut self, lines: &[&str], scope: &Rc<Scope>) -> usize {
        let mut faults = 0;
        for (number, line) in lines.iter().enumerate() {
            let line = line.trim();
            let (name, text) = match line.split_once('=') {
                Some((name, text)) => (Some(name.trim()), text),
                None => (None, line),
            };
            let result = Parser::new(text)
                .and_then(|mut parser| parser.expression(0))
                .map(fold)
                .and_then(|expr| self.compute(&expr, scope));
            if let (Some(name), Ok(value)) = (name, &result) {
                scope.values.borrow_mut().insert(name.to_string(), *value);
            }
            faults += usize::from(result.is_err());
            say!("line", "number", "{number}");
            say!("line", "line", "{line:?}");
            say!("line", "name", "{name:?}");
            say!("line", "text", "{text:?}");
            say!("line", "result", "{}", listed(std::slice::from_ref(&result)));
            say!("line", "faults", "{faults}");
            say!("line", "self.results", "Vec({}) [{}]", self.results.len(), listed(&self.results));
            step(line.len()); // stop: line
            self.results.push(result);
        }
        faults
    }
}

fn cows(all: &[Cow<str>]) -> String {
    let one = |cow: &Cow<str>| match cow {
        Cow::Borrowed(text) => format!("Borrowed({text:?})"),
        Cow::Owned(text) => format!("Owned({text:?})"),
    };
    all.iter().map(one).collect::<Vec<String>>().join(", ")
}

/// Letters that names are not to have.
#[inline(never)]
fn plain<'a>(names: &[&'a str], changed: &mut usize) -> Vec<Cow<'a, str>> {
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        let name: Cow<str> = if name.contains('ä') {
            *changed += 1;
            name.replace('ä', "ae").into()
        } else {
            (*name).into()
        };
        let kind = match name {
            Cow::Borrowed(_) => "Borrowed",
            Cow::Owned(_) => "Owned",
        };
        say!("plain", "name", "{kind}({name:?})");
        say!("plain", "kind", "{kind:?}");
        say!("plain", "*changed", "{changed}");
        say!("plain", "names", "{names:?}");
        say!("plain", "all", "Vec({}) [{}]", all.len(), cows(&all));
        step(name.len()); // stop: plain
        all.push(name);
    }
    all
}

fn main() {
    let n = std::env::args().count();
    let global = Rc::new(Scope::default());
    global.values.borrow_mut().insert("pi".to_string(), 3.25 * n as f64);
    let local = Scope::inside(&global);
    let cubic = Polynomial { factors: [1.0, 0.5, 0.0, 2.0], uses: Cell::new(6) };
    let mut machine = Machine { functions: vec![Box::new(Largest), Box::new(cubic)], results: Vec::new() };
    let lines = ["x = 2 * (3 + 4) - y1", "y = 1.5 + 2 * 4", "  max(y, pi * 2, 7)", "poly4(y - 7.5, 1, 2) + pi", "1 + %"];
    let faults = machine.run(&lines, &local);
    let mut changed = 0;
    let names = plain(&["pi", "länge", "x"], &mut changed);
    let total = machine.results.iter().flatten().fold(0.0, |sum, value| {
        say!("sum", "sum", "{sum:?}");
        say!("sum", "*value", "{value:?}");
        step(n); // stop: sum
        sum + value
    });
    let weak = global.inner.borrow()[0].clone();
    say!("end", "n", "{n}");
    say!("end", "faults", "{faults}");
    say!("end", "changed", "{changed}");
    say!("end", "total", "{total:?}");
    say!("end", "names", "Vec(3) [Borrowed(\"pi\"), Owned(\"laenge\"), Borrowed(\"x\")]");
    say!("end", "local.level", "{}", local.level);
    say!("end", "local.values", "BTreeMap(1) {{\"y\": 9.5}}");
    say!("end", "STEPS", "{}", STEPS.load(Ordering::Relaxed));
    step(n + weak.strong_count()); // stop: end
    println!("{} {} {}", STEPS.load(Ordering::Relaxed), DEPTH.get(), names.len());
}
