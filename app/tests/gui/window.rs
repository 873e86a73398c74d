//! A window without a session, what a session would tell it, and the hands of a person: for the tests of the window.

use egui::{Key, Modifiers};
use egui_kittest::{Harness, kittest::Queryable};
use stepwell::gui::{App, ThemeChoice};
use stepwell_debuginfo::{
    Availability, FileId, Language, ModuleOffset, Part, Place, SourceFile, ValueNode, ValueRef, VariableKind,
};
use stepwell_engine::debugger::*;
use stepwell_engine::types::{FuncType, ValType};

pub const SOURCE: &str = "/stepwell/guests/list/list.c";

pub type Window = Harness<'static, App>;

pub fn window() -> Window {
    Harness::builder()
        .with_size([1280.0, 800.0])
        .with_max_steps(24)
        .build_eframe(|cc| App::recorded(&cc.egui_ctx, ThemeChoice::Dark))
}

pub fn tell(window: &mut Window, events: impl IntoIterator<Item = Event>) {
    for event in events {
        window.state_mut().tell(event);
    }
    window.run();
}

pub fn click(window: &mut Window, label: &str) {
    window.get_by_label(label).click();
    window.run();
}

pub fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.run();
}

/// Types into the field that shows `hint` while it is empty.
pub fn type_into(window: &mut Window, hint: &str, text: &str) {
    window.get_by(|node| node.placeholder() == Some(hint)).focus();
    window.run();
    window
        .get_by(|node| node.placeholder() == Some(hint))
        .type_text(text);
    window.run();
}

/// Clicks a pane's tab: the last of its name, as a menu may have the same.
pub fn tab(window: &mut Window, label: &str) {
    let tabs: Vec<_> = window.get_all_by_label(label).collect();
    tabs.last().expect("there is one").click();
    window.run();
}

pub fn module() -> ModuleInfo {
    let function = |index: u32, name: &str, len_bytes: u64| FunctionInfo {
        index,
        name: name.to_owned(),
        ty: FuncType::default().into(),
        imported: len_bytes == 0,
        body: (ModuleOffset(0x100 * u64::from(index)), len_bytes),
    };
    ModuleInfo {
        name: "list.wasm".to_owned(),
        len_bytes: 4096,
        sections: vec![SectionInfo {
            name: "code".to_owned(),
            custom: false,
            offset: ModuleOffset(0x80),
            len_bytes: 900,
            count: Some(2),
        }],
        types: vec![FuncType::default().into()],
        functions: vec![
            function(0, "fd_write", 0),
            function(1, "push", 0x80),
            function(2, "main", 0x80),
        ],
        imports: vec![ImportInfo {
            module: "wasi_snapshot_preview1".to_owned(),
            field: "fd_write".to_owned(),
            ty: "func (i32 i32 i32 i32) -> (i32)".to_owned(),
        }],
        exports: vec![ExportInfo {
            name: "_start".to_owned(),
            kind: "func".to_owned(),
            index: 2,
        }],
        globals: Vec::new(),
        memories: vec![(2, None)],
        tables: vec![(ValType::FuncRef, 4, None)],
        data: Vec::new(),
        elements: Vec::new(),
        start: None,
        compiled: true,
    }
}

pub fn place(line: u32) -> SourcePlace {
    SourcePlace {
        file: FileId(0),
        path: SOURCE.to_owned(),
        line,
        column: 1,
    }
}

pub fn loaded() -> [Event; 2] {
    let debug = DebugSummary {
        has_lines: true,
        files: vec![SourceFile {
            id: FileId(0),
            path: SOURCE.to_owned(),
            language: Language::C,
            md5: None,
            embedded: false,
        }],
        units: Vec::new(),
        diagnostics: Vec::new(),
        findings: Vec::new(),
        function_names: ["fd_write", "push", "main"].map(str::to_owned).to_vec(),
        main: Some(place(96)),
    };
    [
        Event::Loaded(Box::new(module())),
        Event::DebugInfo(Box::new(debug)),
    ]
}

pub fn snapshot(stop: u64, reason: StopReason, line: u32) -> Event {
    let frame = |index: u32, func: u32, function: &str, pc: u64, line: u32| FrameInfo {
        index,
        wasm_frame: index,
        func,
        function: function.to_owned(),
        pc: ModuleOffset(pc),
        source: Some(place(line)),
        inlined: false,
    };
    Event::Stopped(Box::new(Snapshot {
        stop: StopId(stop),
        reason,
        frames: vec![frame(0, 1, "push", 0x110, line), frame(1, 2, "main", 0x220, 98)],
        frames_total: 2,
        tick: 1234,
        memories_len_bytes: vec![131_072],
    }))
}

pub fn variable(name: &str, text: &str, expand: bool) -> ValueNode {
    let inside = ValueRef {
        type_offset: 7,
        place: Place::Memory(0x1_0400),
        part: Part::Whole,
    };
    ValueNode {
        name: name.to_owned(),
        type_name: "struct node *".to_owned(),
        kind: Some(VariableKind::Parameter),
        text: text.to_owned(),
        availability: Availability::Available,
        address: Some(0x1_0400),
        len_bytes: Some(4),
        expand: expand.then_some(inside),
    }
}

/// What a session would reply; `count` is the value of the variable of that name.
pub fn reply(query: &Query, count: &str) -> Reply {
    let slot = |index: u32, text: &str| WasmSlot {
        index,
        name: None,
        ty: ValType::I32,
        bits: 7,
        text: text.to_owned(),
        mutable: true,
    };
    let row = |offset: Option<u64>, indent: u32, text: &str| TextRow {
        offset: offset.map(ModuleOffset),
        indent,
        text: text.to_owned(),
    };
    match query {
        Query::Frame { frame, .. } => Reply::Frame(FrameDetail {
            frame: *frame,
            locals: vec![slot(0, "66560")],
            operands: vec![slot(0, "7"), slot(1, "1024")],
            variables: vec![
                variable("list", "0x10400", true),
                variable("count", count, false),
                ValueNode {
                    availability: Availability::OptimizedOut,
                    ..variable("gone", "", false)
                },
            ],
            statics: Vec::new(),
        }),
        Query::Children { .. } => Reply::Children(vec![variable("next", "NULL", false)]),
        Query::Memory {
            memory,
            address,
            len_bytes,
            ..
        } => Reply::Memory(MemoryBytes {
            memory: *memory,
            address: *address,
            bytes: vec![0x41; usize::try_from(*len_bytes).expect("small")],
            changed: Some(vec![*address]),
            memory_len_bytes: 131_072,
        }),
        Query::Globals { .. } => Reply::Globals(vec![slot(0, "66000")]),
        Query::Table { table, .. } => Reply::Table(TableRows {
            table: *table,
            first: 0,
            rows: vec!["null".to_owned(), "push".to_owned()],
            len: 2,
        }),
        Query::WasmText { func } => Reply::WasmText(FunctionText {
            func: *func,
            name: "push".to_owned(),
            rows: vec![
                row(None, 0, "(func $push"),
                row(Some(0x110), 1, "local.get 0"),
                row(Some(0x112), 1, "i32.load offset=8"),
            ],
        }),
        Query::EmbeddedSource { .. } => Reply::Source("int x;\n".to_owned()),
        Query::LinesWithCode { .. } => Reply::Lines(vec![29, 40, 41, 98]),
        Query::Evaluate { expression, .. } => Reply::Value(variable(expression, count, false)),
        Query::Write { .. } => Reply::Written,
        Query::Native { func } => Reply::Native(FunctionText {
            func: *func,
            name: "push".to_owned(),
            rows: vec![
                row(Some(0x110), 0, "mov eax, [rsp + 8]"),
                row(Some(0x112), 0, "mov ecx, [rbx + rax + 8]"),
                row(Some(0x112), 0, "mov [rsp + 16], ecx"),
            ],
        }),
    }
}

/// Answers every question that is asked, as a session would, until there are none.
pub fn answer(window: &mut Window, count: &str) {
    for _ in 0..10 {
        let mut asked = false;
        for command in window.state_mut().take_sent() {
            if let Command::Query { id, query } = command {
                asked = true;
                let result = Ok(reply(&query, count));
                window.state_mut().tell(Event::Reply { id, result });
            }
        }
        if !asked {
            return;
        }
        window.run();
    }
    panic!("questions never end");
}

/// The commands sent that are no questions.
pub fn orders(window: &mut Window) -> Vec<Command> {
    let mut sent = window.state_mut().take_sent();
    sent.retain(|command| !matches!(command, Command::Query { .. }));
    sent
}

/// A window that opened the sample, whose sources it carries.
pub fn sample() -> Window {
    let mut window = window();
    click(&mut window, "Open sample");
    window
}

/// A window on a guest that stands at a breakpoint, every question answered.
pub fn stopped() -> Window {
    let mut window = sample();
    tell(&mut window, loaded());
    let reason = StopReason::Breakpoint(vec![BreakpointId(9)]);
    tell(&mut window, [Event::Running, snapshot(1, reason, 40)]);
    answer(&mut window, "3");
    window
}
