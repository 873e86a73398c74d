//! The debug adapter, spoken to as an editor does: over the pipes of `stepwell dap`, with real guests.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

fn guest(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../assets/guests")
        .join(path);
    path.canonicalize().expect("a sample guest")
}

/// The line, from 1, of a source that contains a text.
fn line_of(source: &str, text: &str) -> u64 {
    let path = guest(source);
    let source = std::fs::read_to_string(&path).expect("a source");
    1 + source
        .lines()
        .position(|line| line.contains(text))
        .expect("there") as u64
}

/// An editor.
struct Editor {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    seq: u64,
    /// Events that came and were not asked for yet.
    events: Vec<Value>,
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn read_message(input: &mut impl BufRead) -> Option<Value> {
    let mut len_bytes = 0;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            len_bytes = value.trim_end().parse().ok()?;
        }
    }
    let mut body = vec![0; len_bytes];
    input.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

impl Editor {
    fn new() -> Editor {
        let mut child = Command::new(env!("CARGO_BIN_EXE_stepwell"))
            .arg("dap")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdin = child.stdin.take().expect("a pipe");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read_message(&mut stdout) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Editor {
            child,
            stdin,
            messages,
            seq: 0,
            events: Vec::new(),
        }
    }

    /// An editor that has launched a guest and waits to set breakpoints.
    fn launched(arguments: Value) -> Editor {
        let mut editor = Editor::new();
        let capabilities = editor.ask("initialize", json!({ "adapterID": "stepwell" }));
        assert_eq!(capabilities["supportsConfigurationDoneRequest"], true);
        for kind in [
            "supportsConditionalBreakpoints",
            "supportsHitConditionalBreakpoints",
            "supportsLogPoints",
        ] {
            assert_eq!(capabilities[kind], true);
        }
        editor.ask("launch", arguments);
        editor.event("initialized");
        editor
    }

    fn send(&mut self, command: &str, arguments: Value) -> u64 {
        self.seq += 1;
        let message =
            json!({ "seq": self.seq, "type": "request", "command": command, "arguments": arguments });
        let body = message.to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{body}", body.len()).expect("written");
        self.stdin.flush().expect("written");
        self.seq
    }

    fn message(&mut self, deadline: Instant) -> Value {
        self.messages
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            .unwrap_or_else(|error| panic!("no message: {error}; events: {:?}", self.events))
    }

    /// The whole response to a request.
    fn response(&mut self, command: &str, arguments: Value) -> Value {
        let seq = self.send(command, arguments);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let message = self.message(deadline);
            if message["type"] == "event" {
                self.events.push(message);
            } else if message["request_seq"] == seq {
                assert_eq!(message["command"], command);
                return message;
            }
        }
    }

    /// The body of a successful response.
    fn ask(&mut self, command: &str, arguments: Value) -> Value {
        let response = self.response(command, arguments);
        assert_eq!(response["success"], true, "{command}: {response}");
        response["body"].clone()
    }

    /// Why a request is refused.
    fn refusal(&mut self, command: &str, arguments: Value) -> String {
        let response = self.response(command, arguments);
        assert_eq!(response["success"], false, "{command}: {response}");
        response["message"].as_str().expect("a reason").to_string()
    }

    /// The body of the next event of a kind.
    fn event(&mut self, event: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(index) = self.events.iter().position(|message| message["event"] == event) {
                return self.events.remove(index)["body"].clone();
            }
            let message = self.message(deadline);
            if message["type"] == "event" {
                self.events.push(message);
            }
        }
    }

    /// All output events of a category so far, which are used up.
    fn output(&mut self, category: &str) -> String {
        let wanted =
            |message: &Value| message["event"] == "output" && message["body"]["category"] == category;
        let (outputs, rest): (Vec<_>, Vec<_>) = self.events.drain(..).partition(wanted);
        self.events = rest;
        let texts = outputs
            .iter()
            .map(|message| message["body"]["output"].as_str().unwrap_or_default());
        texts.collect()
    }

    /// Breakpoints at lines of a source: whether and where they bound.
    fn breakpoints(&mut self, source: &Path, lines: &[u64]) -> Vec<Value> {
        let wishes: Vec<Value> = lines.iter().map(|line| json!({ "line": line })).collect();
        let arguments = json!({ "source": { "path": source }, "breakpoints": wishes });
        let body = self.ask("setBreakpoints", arguments);
        body["breakpoints"].as_array().expect("a list").clone()
    }

    /// Asks for something that makes the guest run, and waits until it stands still.
    fn go(&mut self, command: &str) -> Value {
        self.ask(command, json!({ "threadId": 1 }));
        self.event("stopped")
    }

    fn frames(&mut self) -> Vec<Value> {
        let body = self.ask("stackTrace", json!({ "threadId": 1 }));
        body["stackFrames"].as_array().expect("a list").clone()
    }

    /// Where the guest stands: function and line.
    fn place(&mut self) -> (String, u64) {
        let frames = self.frames();
        let name = frames[0]["name"].as_str().expect("a name").to_string();
        (name, frames[0]["line"].as_u64().expect("a line"))
    }

    /// The variables of a scope of a frame.
    fn scope(&mut self, frame: &Value, name: &str) -> Vec<Value> {
        let scopes = self.ask("scopes", json!({ "frameId": frame["id"] }));
        let scopes = scopes["scopes"].as_array().expect("a list").clone();
        let scope = scopes.iter().find(|scope| scope["name"] == name);
        let scope = scope.unwrap_or_else(|| panic!("no {name} in {scopes:?}"));
        self.children(&scope["variablesReference"])
    }

    fn children(&mut self, reference: &Value) -> Vec<Value> {
        let body = self.ask("variables", json!({ "variablesReference": reference }));
        body["variables"].as_array().expect("a list").clone()
    }
}

fn named<'a>(variables: &'a [Value], name: &str) -> &'a Value {
    let found = variables.iter().find(|variable| variable["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {variables:?}"))
}

#[test]
fn sqlite_breaks_at_a_line_shows_locals_and_steps_through_calls() {
    let source = guest("sqlite/main.c");
    let mut editor = Editor::launched(json!({ "program": guest("sqlite/sqlite.wasm") }));
    let fill = line_of("sqlite/main.c", "    fill(db);");
    let note = line_of("sqlite/main.c", "    note_discount(percent);");
    let bound = editor.breakpoints(&source, &[fill, note]);
    for (breakpoint, line) in bound.iter().zip([fill, note]) {
        assert_eq!(breakpoint["verified"], true, "{breakpoint}");
        assert_eq!(breakpoint["line"], line, "{breakpoint}");
        assert_eq!(
            breakpoint["source"]["path"],
            json!(source),
            "the source is found beside the module"
        );
    }
    editor.ask("configurationDone", json!({}));

    let stopped = editor.event("stopped");
    assert_eq!(stopped["reason"], "breakpoint");
    assert_eq!(stopped["hitBreakpointIds"], json!([bound[0]["id"]]));
    assert_eq!(editor.place(), ("main".to_string(), fill));

    // In, in, in: three calls; then out, out, out.
    editor.go("stepIn");
    assert_eq!(editor.place().0, "fill");
    let run = line_of("sqlite/main.c", "run(db, \"CREATE TABLE person");
    for _ in 0..8 {
        if editor.place().1 == run {
            break;
        }
        editor.go("next");
    }
    assert_eq!(editor.place(), ("fill".to_string(), run));
    editor.go("stepIn");
    assert_eq!(editor.place().0, "run");
    let stopped = editor.go("stepIn");
    assert_eq!(stopped["reason"], "step");
    let (name, _) = editor.place();
    let name = if name == "run" {
        editor.go("stepIn");
        editor.place().0
    } else {
        name
    };
    assert_eq!(name, "sqlite3_exec");
    let callers: Vec<Value> = editor
        .frames()
        .iter()
        .map(|frame| frame["name"].clone())
        .collect();
    assert_eq!(
        callers[..4],
        [json!("sqlite3_exec"), json!("run"), json!("fill"), json!("main")]
    );
    editor.go("stepOut");
    assert_eq!(editor.place().0, "run");
    editor.go("stepOut");
    assert_eq!(editor.place().0, "fill");
    editor.go("next");
    assert_eq!(editor.place().0, "fill", "a step over goes over calls");
    editor.go("stepOut");
    assert_eq!(editor.place().0, "main");

    // Deep inside SQLite, called back by it.
    let stopped = editor.go("continue");
    assert_eq!(stopped["reason"], "breakpoint");
    assert_eq!(editor.place(), ("discount".to_string(), note));
    let frames = editor.frames();
    for name in ["sqlite3VdbeExec", "sqlite3_step", "sqlite3_exec", "ask", "main"] {
        assert!(frames.iter().any(|frame| frame["name"] == name), "{name}");
    }
    // The first good that costs more than 90 is rye bread, number 2: 320, and 10 * 2 percent off.
    let locals = editor.scope(&frames[0], "Locals");
    assert_eq!(named(&locals, "price")["value"], "320");
    assert_eq!(named(&locals, "percent")["value"], "20");
    assert_eq!(named(&locals, "percent")["type"], "int");
    let arguments = editor.scope(&frames[0], "Arguments");
    assert_eq!(named(&arguments, "argc")["value"], "2");
    let evaluated = editor.ask(
        "evaluate",
        json!({ "expression": "price", "frameId": frames[0]["id"], "context": "hover" }),
    );
    assert_eq!(evaluated["result"], "320");
    let refused = json!({ "expression": "no_such_thing", "frameId": frames[0]["id"], "context": "watch" });
    assert!(!editor.refusal("evaluate", refused).is_empty());

    // A variable's own bytes.
    let reference = named(&locals, "price")["memoryReference"].clone();
    let memory = editor.ask("readMemory", json!({ "memoryReference": reference, "count": 4 }));
    assert_eq!(memory["data"], "QAEAAA==", "320, little endian");

    // A frame in the middle, with a structure that opens.
    let ask = frames.iter().find(|frame| frame["name"] == "ask").expect("there");
    let locals = editor.scope(ask, "Locals");
    let counter = editor.children(&named(&locals, "counter")["variablesReference"]);
    assert!(
        named(&counter, "title")["value"]
            .as_str()
            .is_some_and(|text| text.contains("with discount"))
    );
    assert_eq!(named(&counter, "rows")["value"], "0");

    editor.go("stepIn");
    assert_eq!(editor.place().0, "note_discount");
    editor.go("stepOut");
    assert_eq!(editor.place().0, "discount");

    // No breakpoints any more: to the end.
    assert!(editor.breakpoints(&source, &[]).is_empty());
    editor.ask("continue", json!({ "threadId": 1 }));
    assert_eq!(editor.event("exited")["exitCode"], 0);
    editor.event("terminated");
    let output = editor.output("stdout");
    assert!(output.starts_with("SQLite "), "{output}");
    assert!(output.ends_with("140 percent given in all\n"), "{output}");
    editor.ask("disconnect", json!({}));
    let deadline = Instant::now() + PATIENCE;
    while editor.child.try_wait().expect("a state").is_none() {
        assert!(Instant::now() < deadline, "it ends when the editor leaves");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_trapped_guest_can_still_be_looked_at() {
    let mut editor = Editor::launched(json!({ "program": guest("list/list.wasm"), "args": ["fault"] }));
    editor.ask("configurationDone", json!({}));
    let stopped = editor.event("stopped");
    assert_eq!(stopped["reason"], "exception");
    assert!(
        stopped["text"]
            .as_str()
            .is_some_and(|text| text.contains("out of bounds memory access")),
        "{stopped}"
    );
    let info = editor.ask("exceptionInfo", json!({ "threadId": 1 }));
    assert_eq!(info["exceptionId"], "out of bounds memory access");
    let frames = editor.frames();
    let line = line_of("list/list.c", "node->name[length] !=");
    assert_eq!(
        (&frames[0]["name"], &frames[0]["line"]),
        (&json!("name_length"), &json!(line))
    );
    let arguments = editor.scope(&frames[0], "Arguments");
    let node = named(&arguments, "node")["value"]
        .as_str()
        .expect("text")
        .to_string();
    assert!(node.to_lowercase().contains("fffffff0"), "{node}");
    let main = frames
        .iter()
        .find(|frame| frame["name"] == "main")
        .expect("there");
    let arguments = editor.scope(main, "Arguments");
    assert_eq!(named(&arguments, "argc")["value"], "2");
    let operands = editor.scope(&frames[0], "Operand stack");
    assert!(!operands.is_empty(), "the address that faulted is an operand");

    // Of a pointer, what it points to.
    assert_eq!(
        named(&arguments, "argv")["memoryReference"],
        named(&arguments, "argv")["value"]
    );

    // Nothing of it can be run on, and it stays to be looked at; letting it run ends it.
    assert_eq!(
        editor.refusal("next", json!({ "threadId": 1 })),
        "the guest has trapped and cannot go on: restart it"
    );
    assert_eq!(editor.frames()[0]["name"], "name_length");
    editor.ask("continue", json!({ "threadId": 1 }));
    assert_eq!(editor.event("exited")["exitCode"], 134);
    editor.event("terminated");
    assert!(editor.output("stderr").contains("out of bounds memory access"));
    assert_eq!(
        editor.refusal("stackTrace", json!({ "threadId": 1 })),
        "the guest is not stopped"
    );
}

#[test]
fn instructions_wasm_values_and_text_without_debug_info() {
    let mut editor = Editor::launched(json!({
        "program": guest("wat/math.wasm"), "invoke": "div_rem", "args": ["7", "2"], "stopOnEntry": true,
    }));
    editor.ask("configurationDone", json!({}));
    assert_eq!(editor.event("stopped")["reason"], "entry");
    let frames = editor.frames();
    assert_eq!(frames[0]["name"], "div_rem");
    let here = frames[0]["instructionPointerReference"].clone();
    let text = editor.ask(
        "disassemble",
        json!({ "memoryReference": here, "instructionOffset": -1, "instructionCount": 4 }),
    );
    let rows = text["instructions"].as_array().expect("a list").clone();
    let words: Vec<&str> = rows
        .iter()
        .map(|row| row["instruction"].as_str().unwrap_or_default().trim())
        .collect();
    assert_eq!(rows.len(), 4);
    assert!(words[1].starts_with("local.get"), "{words:?}");
    assert_eq!(words[3], "i32.div_s", "{words:?}");

    let bound = editor.ask(
        "setInstructionBreakpoints",
        json!({ "breakpoints": [{ "instructionReference": rows[3]["address"] }] }),
    );
    assert_eq!(bound["breakpoints"][0]["verified"], true);
    assert_eq!(editor.go("continue")["reason"], "breakpoint");
    let frames = editor.frames();
    let operands = editor.scope(&frames[0], "Operand stack");
    let values: Vec<&str> = operands
        .iter()
        .filter_map(|slot| slot["value"].as_str())
        .collect();
    assert_eq!(values, ["7", "2"]);
    let locals = editor.scope(&frames[0], "Wasm locals");
    assert_eq!(locals[0]["value"], "7");

    // One instruction on: the quotient.
    editor.ask("next", json!({ "threadId": 1, "granularity": "instruction" }));
    editor.event("stopped");
    let frames = editor.frames();
    let operands = editor.scope(&frames[0], "Operand stack");
    assert_eq!(operands[0]["value"], "3");
    editor.ask("continue", json!({ "threadId": 1 }));
    assert_eq!(editor.event("exited")["exitCode"], 0);
    assert_eq!(editor.output("console"), "3\n1\n");
}

#[test]
fn a_running_guest_is_paused_and_terminated() {
    // The second one prints without end.
    for path in ["spin/tree.wasm", "spin/printer.wasm"] {
        let mut editor = Editor::launched(json!({ "program": guest(path) }));
        editor.ask("configurationDone", json!({}));
        assert_eq!(
            editor.refusal("stackTrace", json!({ "threadId": 1 })),
            "the guest is not stopped"
        );
        assert_eq!(editor.go("pause")["reason"], "pause");
        assert!(!editor.frames().is_empty());
        editor.ask("continue", json!({ "threadId": 1 }));
        editor.ask("terminate", json!({}));
        editor.event("terminated");
    }
}

#[test]
fn function_breakpoints_a_source_map_and_a_restart() {
    let mut editor = Editor::launched(json!({
        "program": guest("list/list.wasm"),
        "sourceMap": { "/stepwell/guests/list": "/home/nobody/shopping" },
    }));
    let body = editor.ask(
        "setFunctionBreakpoints",
        json!({ "breakpoints": [{ "name": "reverse" }, { "name": "nowhere_to_be_found" }] }),
    );
    assert_eq!(body["breakpoints"][0]["verified"], true);
    assert_eq!(body["breakpoints"][1]["verified"], false);
    assert!(body["breakpoints"][1]["message"].is_string());
    let line = line_of("list/list.c", "node->next = list;");
    let bound = editor.breakpoints(Path::new("/home/nobody/shopping/list.c"), &[line]);
    assert_eq!(bound[0]["verified"], true);
    assert_eq!(bound[0]["source"]["path"], "/home/nobody/shopping/list.c");
    editor.ask("configurationDone", json!({}));
    editor.event("stopped");
    assert_eq!(editor.place(), ("push".to_string(), line));
    editor.breakpoints(Path::new("/home/nobody/shopping/list.c"), &[]);
    editor.go("continue");
    assert_eq!(editor.place().0, "reverse");
    editor.go("restart");
    assert_eq!(editor.place().0, "reverse", "breakpoints stay");
    editor.ask("setFunctionBreakpoints", json!({ "breakpoints": [] }));
    editor.ask("continue", json!({ "threadId": 1 }));
    assert_eq!(editor.event("exited")["exitCode"], 0);
}

#[test]
fn what_cannot_be_launched_says_why() {
    let cases = [
        (json!({}), "program: the module's path is missing"),
        (
            json!({ "program": "/nowhere.wasm" }),
            "/nowhere.wasm: no such file",
        ),
        (
            json!({ "program": guest("broken/unknown_import.wasm") }),
            "launch_rocket",
        ),
        (
            json!({ "program": guest("broken/truncated.wasm") }),
            "(at offset 0xc48)",
        ),
        (
            json!({ "program": guest("list/list.wasm"), "dirs": ["::x"] }),
            "dirs: ",
        ),
        (
            json!({ "program": guest("list/list.wasm"), "env": ["A=1"] }),
            "env: an object is expected",
        ),
        (
            json!({ "program": guest("list/list.wasm"), "sourceMap": { "/a": 7 } }),
            "sourceMap: /a: only text is expected",
        ),
    ];
    for (arguments, reason) in cases {
        let mut editor = Editor::new();
        editor.ask("initialize", json!({}));
        let refusal = editor.refusal("launch", arguments);
        assert!(refusal.contains(reason), "{refusal}");
        assert!(
            editor
                .refusal("configurationDone", json!({}))
                .contains("nothing has been launched")
        );
        assert!(editor.refusal("fly", json!({})).contains("not supported"));
    }
}

#[test]
fn conditions_counts_logpoints_and_expressions() {
    let mut editor = Editor::launched(json!({ "program": guest("list/list.wasm") }));
    let source = guest("list/list.c");
    let made = line_of("list/list.c", "nodes_made++");
    let linked = line_of("list/list.c", "node->next = list;");
    let wish = |rules: Value| {
        let mut breakpoint = json!({ "line": made });
        for (name, value) in rules.as_object().expect("an object") {
            breakpoint[name] = value.clone();
        }
        json!({ "source": { "path": source }, "breakpoints": [
            breakpoint, { "line": linked, "logMessage": "{name} costs {price}" }
        ] })
    };
    let refused = editor.refusal("setBreakpoints", wish(json!({ "hitCondition": "often" })));
    assert!(refused.contains("\"often\" is no count of hits"), "{refused}");
    editor.ask(
        "setBreakpoints",
        wish(json!({ "condition": "count == 2", "hitCondition": ">= 1" })),
    );
    editor.ask("configurationDone", json!({}));
    editor.event("stopped");
    assert_eq!(editor.place(), ("push".to_string(), made));
    let said = editor.output("console");
    assert_eq!(
        said,
        "0x447 \"apple\" costs 45\n0x443 \"rye\" costs 320\n0x42f \"cider\" costs 275\n"
    );
    for (context, expression, result) in [
        ("watch", "price * 2 + (unsigned char)300", "594"),
        ("hover", "node->next->name", "\"rye\""),
        ("repl", "node->prices[0..2]", "{275, 270}"),
    ] {
        let answer = editor.ask(
            "evaluate",
            json!({ "expression": expression, "frameId": 1, "context": context }),
        );
        assert_eq!(answer["result"], result, "{expression}");
    }
    let pointer = editor.ask(
        "evaluate",
        json!({ "expression": "&node->next[0]", "frameId": 1 }),
    );
    assert_eq!(pointer["type"], "struct node *");
    let members = editor.children(&pointer["variablesReference"]);
    assert_eq!(named(&members, "name")["value"], "\"rye\"");
    let wrong = |context: &str| json!({ "expression": "price + nope", "frameId": 1, "context": context });
    assert_eq!(
        editor.refusal("evaluate", wrong("watch")),
        "there is no variable 'nope' here (column 9)"
    );
    assert_eq!(
        editor.refusal("evaluate", wrong("repl")),
        "there is no variable 'nope' here\nprice + nope\n        ^~~~"
    );
    editor.ask("setBreakpoints", wish(json!({ "condition": "nope" })));
    editor.ask("continue", json!({ "threadId": 1 }));
    let stop = editor.event("stopped");
    assert_eq!(stop["reason"], "breakpoint");
    assert_eq!(stop["text"], "nope: there is no variable 'nope' here (column 1)");
}

#[test]
fn a_source_that_the_debug_info_holds_is_handed_over() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../debuginfo/tests/guests/beside");
    // Away from its source, so that only the debug info has it.
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("embedded.wasm");
    std::fs::copy(beside.join("embedded.wasm"), &program).expect("copied");
    let mut editor = Editor::launched(json!({
        "program": program, "invoke": "run", "args": ["3"], "stopOnEntry": true,
    }));
    editor.go("configurationDone");
    let source = editor.frames()[0]["source"].clone();
    assert_eq!(source["name"], "shapes.cpp");
    assert_eq!(source["checksums"][0]["algorithm"], "MD5");
    let reference = source["sourceReference"].as_u64().expect("a reference");
    let text = editor.ask(
        "source",
        json!({ "source": source, "sourceReference": reference }),
    );
    let written = std::fs::read_to_string(beside.join("shapes.cpp")).expect("the source");
    assert_eq!(text["content"], written);
    let refused = editor.refusal("source", json!({ "sourceReference": 77 }));
    assert!(refused.contains("does not hold"), "{refused}");
}
