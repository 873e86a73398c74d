//! The window without a window: events go in, the accessibility tree and the commands sent come out.

mod conditions;
mod findings;
mod values;
mod window;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use stepwell_debuginfo::ModuleOffset;
use stepwell_engine::debugger::*;
use stepwell_engine::error::TrapKind;
use window::*;

#[test]
fn the_welcome_page_offers_what_there_is_to_do() {
    let mut window = window();
    window.run();
    window.get_by_label("Open sample");
    window.get_by_label_contains("drop a .wasm or .wat file");
    assert!(window.state().is_settled());
}

#[test]
fn a_loaded_module_shows_where_its_program_begins() {
    let mut window = sample();
    tell(&mut window, loaded());
    answer(&mut window, "0");
    window.get_by_label("line 96");
    window.get_by_label("Ready");
    assert!(window.state().is_settled());
    press(&mut window, Modifiers::NONE, Key::F5);
    assert!(matches!(orders(&mut window).as_slice(), [Command::Start]));
    assert!(!window.state().is_settled());
}

#[test]
fn keys_and_buttons_send_commands() {
    let mut window = stopped();
    let step = |kind, unit| Command::Step { kind, unit, frame: 0 };
    let again = Command::Restart { stop_on_entry: false };
    let cases = [
        (Modifiers::NONE, Key::F5, Command::Continue),
        (Modifiers::NONE, Key::F10, step(StepKind::Over, StepUnit::Line)),
        (Modifiers::NONE, Key::F11, step(StepKind::In, StepUnit::Line)),
        (Modifiers::SHIFT, Key::F11, step(StepKind::Out, StepUnit::Line)),
        (
            Modifiers::ALT,
            Key::F10,
            step(StepKind::Over, StepUnit::Instruction),
        ),
        (
            Modifiers::ALT,
            Key::F11,
            step(StepKind::In, StepUnit::Instruction),
        ),
        (Modifiers::SHIFT, Key::F5, Command::Stop),
        (Modifiers::COMMAND | Modifiers::SHIFT, Key::F5, again),
    ];
    for (number, (modifiers, key, expected)) in cases.into_iter().enumerate() {
        press(&mut window, modifiers, key);
        let sent = orders(&mut window);
        assert_eq!(format!("{sent:?}"), format!("{:?}", [expected]), "{key:?}");
        let stop = number as u64 + 2;
        tell(&mut window, [snapshot(stop, StopReason::Step, 41)]);
        answer(&mut window, "3");
    }
    click(&mut window, "Step over");
    assert!(matches!(orders(&mut window).as_slice(), [Command::Step { .. }]));
}

#[test]
fn the_wasm_pane_steps_by_instruction_while_it_has_the_attention() {
    let mut window = stopped();
    click(&mut window, "112 i32.load offset=8");
    press(&mut window, Modifiers::NONE, Key::F10);
    let sent = orders(&mut window);
    assert!(
        matches!(
            sent.as_slice(),
            [Command::Step {
                unit: StepUnit::Instruction,
                ..
            }]
        ),
        "{sent:?}"
    );
}

#[test]
fn machine_code_is_shown_beside_the_same_offsets() {
    let mut window = stopped();
    click(&mut window, "Show machine code");
    answer(&mut window, "3");
    window.get_by_label("112 mov ecx, [rbx + rax + 8]");
    window.get_by_label(" mov [rsp + 16], ecx");
    click(&mut window, "Show wasm text");
    window.get_by_label("112 i32.load offset=8");
}

#[test]
fn a_fault_is_explained_and_the_guest_cannot_go_on() {
    let mut window = stopped();
    let trap = StopReason::Trap(TrapInfo {
        kind: TrapKind::MemoryOutOfBounds,
        message: "out of bounds memory access".to_owned(),
        instruction: "i32.load8_u".to_owned(),
        access: Some(FaultAccess {
            memory: 0,
            base: 0xffff_fff0,
            offset: 0,
            address: 0xffff_fff0,
            len_bytes: 1,
            write: false,
            memory_len_bytes: 131_072,
        }),
        explanation: vec!["The pointer does not point into the memory.".to_owned()],
    });
    tell(&mut window, [Event::Running, snapshot(2, trap, 41)]);
    answer(&mut window, "3");
    window.get_by_label("Out of bounds memory access");
    window.get_by_label("The pointer does not point into the memory.");
    window.get_by_label("i32.load8_u");
    window.get_by_label("access at 0xfffffff0 beside the memory");
    press(&mut window, Modifiers::NONE, Key::F5);
    assert!(orders(&mut window).is_empty());
    click(&mut window, "Fold the explanation");
    assert!(
        window
            .query_by_label("The pointer does not point into the memory.")
            .is_none()
    );
}

#[test]
fn variables_open_and_stay_open_across_stops() {
    let mut window = stopped();
    window.get_by_label("gone = optimized out here");
    assert!(window.query_by_label("next = NULL").is_none());
    click(&mut window, "list = 0x10400");
    answer(&mut window, "3");
    window.get_by_label("next = NULL");
    tell(&mut window, [Event::Running, snapshot(2, StopReason::Step, 41)]);
    answer(&mut window, "4");
    window.get_by_label("count = 4");
    assert!(window.query_by_label("count = 3").is_none());
    window.get_by_label("next = NULL");
}

#[test]
fn watched_expressions_follow_the_guest() {
    let mut window = stopped();
    type_into(&mut window, "Watch an expression: list->next", "list->count");
    press(&mut window, Modifiers::NONE, Key::Enter);
    answer(&mut window, "3");
    window.get_by_label("list->count = 3");
    tell(&mut window, [Event::Running, snapshot(2, StopReason::Step, 41)]);
    answer(&mut window, "4");
    window.get_by_label("list->count = 4");
    click(&mut window, "Stop watching list->count");
    assert!(window.query_by_label("list->count = 4").is_none());
}

#[test]
fn text_is_found_in_the_source() {
    let mut window = stopped();
    press(&mut window, Modifiers::COMMAND, Key::F);
    type_into(&mut window, "Find", "LONGEST NAME");
    press(&mut window, Modifiers::NONE, Key::Enter);
    window.get_by_label("line 74");
    press(&mut window, Modifiers::NONE, Key::F9);
    let sent = orders(&mut window);
    assert!(
        matches!(
            sent.as_slice(),
            [Command::SetBreakpoint {
                spec: BreakpointSpec::Line { line: 74, .. },
                ..
            }]
        ),
        "{sent:?}"
    );
}

#[test]
fn a_line_is_gone_to_by_number() {
    let mut window = stopped();
    press(&mut window, Modifiers::COMMAND, Key::P);
    type_into(&mut window, "Type a command, a function or :line", ":2");
    press(&mut window, Modifiers::NONE, Key::Enter);
    window.get_by_label("line 2");
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    press(&mut window, Modifiers::NONE, Key::F9);
    let sent = orders(&mut window);
    assert!(
        matches!(
            sent.as_slice(),
            [Command::SetBreakpoint {
                spec: BreakpointSpec::Line { line: 3, .. },
                ..
            }]
        ),
        "{sent:?}"
    );
}

#[test]
fn stale_answers_are_not_shown() {
    let mut window = stopped();
    tell(&mut window, [Event::Running, snapshot(2, StopReason::Step, 41)]);
    let asked = window.state_mut().take_sent();
    tell(&mut window, [Event::Running, snapshot(3, StopReason::Step, 41)]);
    for command in asked {
        if let Command::Query { id, query } = command {
            let result = Ok(reply(&query, "stale"));
            window.state_mut().tell(Event::Reply { id, result });
        }
    }
    window.run();
    assert!(window.query_by_label("count = stale").is_none());
    answer(&mut window, "5");
    window.get_by_label("count = 5");
    assert!(window.state().is_settled());
}

#[test]
fn breakpoints_are_toggled_in_the_gutter_and_by_key() {
    let mut window = stopped();
    click(&mut window, "breakpoint at line 41");
    let sent = orders(&mut window);
    let [
        Command::SetBreakpoint {
            id,
            spec,
            enabled: true,
            rule: _,
        },
    ] = sent.as_slice()
    else {
        panic!("{sent:?}");
    };
    let wish = BreakpointSpec::Line {
        path: SOURCE.to_owned(),
        line: 41,
    };
    assert_eq!(*spec, wish);
    assert!(!window.state().is_settled());
    let state = BreakpointState {
        id: *id,
        spec: wish,
        enabled: true,
        rule: Default::default(),
        locations: vec![BreakpointLocation {
            offset: ModuleOffset(0x112),
            func: 1,
            source: Some(place(41)),
        }],
        message: None,
    };
    tell(&mut window, [Event::BreakpointChanged(state)]);
    click(&mut window, "line 41");
    press(&mut window, Modifiers::NONE, Key::F9);
    let removed = orders(&mut window);
    assert!(
        matches!(removed.as_slice(), [Command::RemoveBreakpoint { id: gone }] if gone == id),
        "{removed:?}"
    );
    assert!(window.state().model().breakpoints.is_empty());
}

#[test]
fn breakpoints_are_typed() {
    let mut window = stopped();
    tab(&mut window, "Breakpoints");
    type_into(&mut window, "file.c:12, function or 0x1a2b", "push");
    click(&mut window, "Add");
    let sent = orders(&mut window);
    assert!(
        matches!(
            sent.as_slice(),
            [Command::SetBreakpoint { spec: BreakpointSpec::Function { name }, .. }] if name == "push"
        ),
        "{sent:?}"
    );
    window.get_by_label("breakpoint push()");
    click(&mut window, "Disable breakpoint push()");
    let sent = orders(&mut window);
    assert!(matches!(
        sent.as_slice(),
        [Command::SetBreakpoint { enabled: false, .. }]
    ));
    click(&mut window, "Remove breakpoint push()");
    assert!(window.query_by_label("breakpoint push()").is_none());
}

#[test]
fn frames_are_selected_and_asked_for() {
    let mut window = stopped();
    click(&mut window, "frame 1 main list.c:98");
    let sent = window.state_mut().take_sent();
    assert!(sent.iter().any(|command| matches!(
        command,
        Command::Query {
            query: Query::Frame { frame: 1, .. },
            ..
        }
    )));
    assert_eq!(window.state().model().selected_frame, 1);
}

#[test]
fn an_address_is_typed_and_a_variable_is_followed() {
    let mut window = stopped();
    // At first the variables of the stopped function are in view.
    window.get_by_label_contains("memory bytes from 0x103");
    type_into(&mut window, "Address or pointer", "0x1f000");
    window.key_press(Key::Enter);
    window.run();
    window.get_by_label_contains("memory bytes from 0x1ef");
    let asked = window.state_mut().take_sent().into_iter().any(|command| {
        matches!(command, Command::Query { query: Query::Memory { address, .. }, .. } if address == 0x1f000)
    });
    assert!(asked);
    click(&mut window, "Show count in memory");
    window.get_by_label_contains("memory bytes from 0x103");
}

#[test]
fn memories_beyond_four_gigabytes_are_reached() {
    let mut window = stopped();
    let Event::Stopped(mut large) = snapshot(2, StopReason::Step, 41) else {
        panic!("a stop");
    };
    large.memories_len_bytes = vec![1 << 40];
    tell(&mut window, [Event::Running, Event::Stopped(large)]);
    type_into(&mut window, "Address or pointer", "0x9123456789");
    press(&mut window, Modifiers::NONE, Key::Enter);
    let sent = window.state_mut().take_sent();
    let asked = |wanted: u64| {
        sent.iter().any(|command| {
            matches!(command, Command::Query { query: Query::Memory { address, .. }, .. } if *address == wanted)
        })
    };
    assert!(asked(0x91_2345_6000), "{sent:?}");
    window.get_by_label_contains("1024.00 GiB");
}

#[test]
fn a_new_run_clears_what_the_old_one_printed() {
    let mut window = stopped();
    let bytes = b"old words\n".to_vec();
    let stream = OutputStream::Stdout;
    tell(&mut window, [Event::Output { stream, bytes }]);
    window.get_by_label("old words");
    press(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::F5);
    tell(&mut window, [Event::Running]);
    assert!(window.query_by_label("old words").is_none());
}

#[test]
fn the_palette_finds_and_runs_commands() {
    let mut window = stopped();
    press(&mut window, Modifiers::COMMAND, Key::P);
    let hint = "Type a command, a function or :line";
    type_into(&mut window, hint, "restart and");
    press(&mut window, Modifiers::NONE, Key::Enter);
    let sent = orders(&mut window);
    assert!(
        matches!(sent.as_slice(), [Command::Restart { stop_on_entry: true }]),
        "{sent:?}"
    );
    assert!(window.query_by_label("palette: Restart").is_none());
}

#[test]
fn output_is_shown_and_input_is_sent() {
    let mut window = stopped();
    let print = |stream, text: &str| Event::Output {
        stream,
        bytes: text.as_bytes().to_vec(),
    };
    tell(
        &mut window,
        [
            print(OutputStream::Stdout, "as pushed:\n"),
            print(OutputStream::Stderr, "careful\n"),
            Event::Running,
            Event::WaitingForInput,
        ],
    );
    window.get_by_label("as pushed:");
    window.get_by_label("careful");
    type_into(&mut window, "The guest waits for a line of input", "yes");
    click(&mut window, "Send");
    let sent = orders(&mut window);
    assert!(matches!(sent.as_slice(), [Command::Stdin(bytes)] if bytes == b"yes\n"));
    click(&mut window, "EOF");
    assert!(matches!(orders(&mut window).as_slice(), [Command::CloseStdin]));
}

#[test]
fn a_module_that_cannot_run_says_why() {
    let mut window = sample();
    let message = "unknown import env.missing".to_owned();
    tell(&mut window, [Event::LoadFailed { message }]);
    window.get_by_label("list.wasm cannot be run");
    assert!(window.state().is_settled());
}

#[test]
fn every_pane_draws_in_every_state_and_theme() {
    let visit = |window: &mut Window| {
        for pane in [
            "Breakpoints",
            "Module",
            "Tables",
            "Globals",
            "Output",
            "Memory",
            "Variables",
        ] {
            tab(window, pane);
            answer(window, "1");
        }
        click(window, "Switch dark and light");
    };
    let mut window = window();
    window.run();
    visit(&mut window);
    click(&mut window, "Open sample");
    visit(&mut window);
    tell(&mut window, loaded());
    visit(&mut window);
    tell(&mut window, [Event::Running]);
    visit(&mut window);
    tell(&mut window, [snapshot(1, StopReason::Pause, 40)]);
    visit(&mut window);
    let outcome = Outcome::Exited { code: 3 };
    tell(&mut window, [Event::Ended(outcome)]);
    visit(&mut window);
    assert!(window.get_all_by_label("Exited with code 3").next().is_some());
}
