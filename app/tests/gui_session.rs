//! The window over a real session: the sample is opened, stopped, looked into and run to its end.

use egui::{Key, Modifiers};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stepwell::gui::{App, AppOptions, ThemeChoice};
use stepwell::launch;
use stepwell_engine::debugger::SessionConfig;

type Window = Harness<'static, App>;

/// The line of the sample that its author recommends.
fn good_line() -> usize {
    let source = include_str!("../../assets/guests/list/list.c");
    let mut lines = source.lines();
    let index = lines.position(|line| line.contains("a good place for a breakpoint"));
    index.expect("the sample recommends a line") + 1
}

fn open(config: SessionConfig) -> Window {
    let mut window: Window = Harness::builder().with_size([1280.0, 800.0]).build_eframe(|cc| {
        let options = AppOptions {
            config: Some(config),
            theme: Some(ThemeChoice::Dark),
            headless: true,
            ..AppOptions::default()
        };
        App::new(&cc.egui_ctx, options)
    });
    settle(&mut window);
    window
}

/// Draws until nothing is under way.
fn settle(window: &mut Window) {
    let begun = Instant::now();
    let mut calm = 0;
    while calm < 3 {
        window.step();
        if window.state().is_settled() {
            calm += 1;
        } else {
            calm = 0;
            std::thread::sleep(Duration::from_millis(2));
        }
        let phase = &window.state().model().phase;
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "never settles: {phase:?}"
        );
    }
}

fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.step();
    settle(window);
}

fn sample(args: &[&str]) -> SessionConfig {
    SessionConfig {
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        ..launch::sample()
    }
}

#[test]
fn the_sample_stops_at_a_breakpoint_and_shows_its_values() {
    let mut window = open(sample(&[]));
    window.get_by_label("Ready");
    let line = good_line();
    type_line(&mut window, line);
    press(&mut window, Modifiers::NONE, Key::F9);
    press(&mut window, Modifiers::NONE, Key::F5);
    window.get_by_label(&format!("frame 0 push list.c:{line}"));
    window.get_by_label("count = 3");
    press(&mut window, Modifiers::NONE, Key::F5);
    window.get_by_label("count = 1");
    press(&mut window, Modifiers::NONE, Key::F10);
    window.get_by_label(&format!("frame 0 push list.c:{}", line + 1));
    press(&mut window, Modifiers::SHIFT, Key::F11);
    palette(&mut window, "remove all breakpoints");
    press(&mut window, Modifiers::NONE, Key::F5);
    window.get_by_label("as pushed:");
    window.get_by_label("4 nodes made");
    assert!(window.get_all_by_label("Exited with code 0").next().is_some());
}

#[test]
fn the_fault_of_the_sample_is_explained() {
    let mut window = open(sample(&["fault"]));
    press(&mut window, Modifiers::NONE, Key::F5);
    window.get_by_label("Out of bounds memory access");
    window.get_by_label_contains("access at 0xfffffff0");
    window.get_by_label_contains("frame 0 name_length");
    window.get_by_label_contains("frame 1 longest_name");
    window.get_by_label("node = 0xfffffff0");
}

#[test]
fn the_first_step_by_line_comes_to_main_and_by_instruction_to_the_entry() {
    // As the program opens its sample: started at once.
    let mut window = open(SessionConfig {
        stop_on_entry: true,
        ..sample(&[])
    });
    window.get_by_label_contains("frame 0 main list.c:96");
    press(&mut window, Modifiers::NONE, Key::F10);
    window.get_by_label_contains("frame 0 main list.c:97");
    palette(&mut window, "restart and stop at entry");
    window.get_by_label_contains("frame 0 _start.command_export");

    let mut window = open(sample(&[]));
    press(&mut window, Modifiers::NONE, Key::F11);
    window.get_by_label_contains("frame 0 main list.c:96");

    let mut window = open(sample(&[]));
    press(&mut window, Modifiers::ALT, Key::F11);
    window.get_by_label_contains("frame 0 _start.command_export");
}

#[test]
fn the_memory_in_view_is_the_stopped_functions_until_a_person_moves_it() {
    let mut window = open(sample(&[]));
    type_line(&mut window, good_line());
    press(&mut window, Modifiers::NONE, Key::F9);
    press(&mut window, Modifiers::NONE, Key::F5);
    let first = memory_in_view(&window);
    assert!(
        first > 0x1_0000,
        "the stack, not the zeros at the beginning: {first:#x}"
    );
    window.get_by_label_contains("memory bytes from").focus();
    press(&mut window, Modifiers::NONE, Key::Home);
    assert_eq!(memory_in_view(&window), 0);
    press(&mut window, Modifiers::NONE, Key::F5);
    assert_eq!(memory_in_view(&window), 0);

    // By name: what a pointer points to, else where a variable lies.
    let variable = |window: &Window, name: &str| {
        let row = window.get_by_label_contains(name);
        row.accesskit_node()
            .label()
            .expect("a name")
            .trim_start_matches(name)
            .to_owned()
    };
    let node = variable(&window, "node = 0x");
    let node = u64::from_str_radix(&node, 16).expect("an address");
    window
        .get_by(|node| node.placeholder() == Some("Address or pointer"))
        .focus();
    window.step();
    for (typed, shown) in [("node", node), ("node->kind", node + 12)] {
        press(&mut window, Modifiers::COMMAND, Key::A);
        window.get_by(|node| node.is_focused()).type_text(typed);
        press(&mut window, Modifiers::NONE, Key::Enter);
        let first = memory_in_view(&window);
        assert!(
            first <= shown && shown < first + 0x100,
            "{typed}: {first:#x} {shown:#x}"
        );
    }
    for (typed, why) in [("nonsense", "nonsense"), ("node->count", "it has no address")] {
        press(&mut window, Modifiers::COMMAND, Key::A);
        window.get_by(|node| node.is_focused()).type_text(typed);
        press(&mut window, Modifiers::NONE, Key::Enter);
        window.get_by_label_contains(why);
    }
}

/// A file let go of over the window.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("the window reads files itself".to_owned())
    }
}

fn drop_on(window: &mut Window, path: PathBuf) {
    window.input_mut().dropped_files = vec![Arc::new(Dropped(path))];
    window.step();
    settle(window);
}

#[test]
fn a_file_dropped_on_the_window_is_opened_and_what_is_no_module_leaves_all_as_it_is() {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/guests");
    let mut window = open(sample(&[]));
    let say = |window: &Window| window.state().model().notice.clone().unwrap_or_default();
    for (file, why) in [
        ("broken/not_wasm.wasm", "not a WebAssembly module"),
        ("broken/component.wasm", "this is a WebAssembly component"),
        ("nowhere.wasm", "no such file"),
        ("list", "is a directory"),
    ] {
        drop_on(&mut window, guests.join(file));
        assert!(say(&window).contains(why), "{}", say(&window));
        assert_eq!(window.state().model().name, "list.wasm");
        window.get_by_label("Ready");
    }
    drop_on(&mut window, guests.join("zig/stack.wasm"));
    assert!(window.state().model().name.ends_with("stack.wasm"));
    window.get_by_label("Ready");
    // Bytes that are a module by their first look only.
    drop_on(&mut window, guests.join("broken/truncated.wasm"));
    window.get_by_label("truncated.wasm cannot be run");
}

#[test]
fn a_module_is_opened_by_going_through_folders() {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/guests");
    let top = tempfile::tempdir().expect("a folder");
    for folder in ["zig", "wat"] {
        std::fs::create_dir(top.path().join(folder)).expect("made");
    }
    let there = top.path().join("wat/math.wasm");
    std::fs::copy(guests.join("wat/math.wasm"), there).expect("copied");
    let mut window = open(sample(&[]));
    press(&mut window, Modifiers::COMMAND, Key::O);
    press(&mut window, Modifiers::COMMAND, Key::A);
    let typed = format!("{}/zig/", top.path().display());
    window.get_by(|node| node.is_focused()).type_text(&typed);
    click_listed(&mut window, "..");
    click_listed(&mut window, "wat");
    click_listed(&mut window, "math.wasm");
    settle(&mut window);
    assert!(window.state().model().name.ends_with("wat/math.wasm"));
}

/// Clicks an entry of the open dialog once its folder has been read.
fn click_listed(window: &mut Window, entry: &str) {
    let begun = Instant::now();
    while window.query_by_label(entry).is_none() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{entry} is never listed"
        );
        std::thread::sleep(Duration::from_millis(2));
        window.step();
    }
    window.get_by_label(entry).click();
    window.step();
    window.step();
}

/// The first address that the memory pane shows.
fn memory_in_view(window: &Window) -> u64 {
    let node = window.get_by_label_contains("memory bytes from 0x");
    let name = node.accesskit_node().label().expect("a name");
    let digits = name.trim_start_matches("memory bytes from 0x");
    u64::from_str_radix(digits, 16).expect("an address")
}

/// Puts the caret on a line.
fn type_line(window: &mut Window, line: usize) {
    palette(window, &format!(":{line}"));
}

/// Runs what the palette offers first.
fn palette(window: &mut Window, text: &str) {
    press(window, Modifiers::COMMAND, Key::P);
    let hint = "Type a command, a function or :line";
    window
        .get_by(|node| node.placeholder() == Some(hint))
        .type_text(text);
    window.step();
    press(window, Modifiers::NONE, Key::Enter);
}

#[test]
fn a_function_is_chosen_and_run_with_what_is_typed() {
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/guests/wat/math.wat");
    let mut window = open(SessionConfig {
        module: launch::read_module(&guest).expect("a module"),
        name: "math.wat".to_owned(),
        path: Some(guest),
        ..SessionConfig::default()
    });
    window.get_by_label("math.wat cannot be run");
    window.get_by_label("Run a function of it…").click();
    settle(&mut window);
    // As a mouse does it, which takes the keyboard away from the field of the function chosen first.
    let row = window.get_by_label("fac").rect().center();
    window.hover_at(row);
    window.step();
    for pressed in [true, false] {
        window.event(egui::Event::PointerButton {
            pos: row,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
    }
    settle(&mut window);
    window.event(egui::Event::Text("5".to_owned()));
    settle(&mut window);
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert!(window.get_all_by_label("Returned 120").next().is_some());
}
