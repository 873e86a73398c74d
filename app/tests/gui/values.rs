//! Values changed by hand, and by the guest.

use crate::window::*;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use stepwell_engine::debugger::*;

/// Opens the editor of the value in a row.
fn change(window: &mut Window, row: &str) {
    window.get_by_label(row).click_secondary();
    window.run();
    click(window, "Change value…");
}

fn typed(window: &mut Window, text: &str) {
    window.get_by(|node| node.is_focused()).type_text(text);
    window.run();
    press(window, Modifiers::NONE, Key::Enter);
}

#[test]
fn a_value_is_replaced_by_what_is_typed() {
    let mut window = stopped();
    change(&mut window, "0 = 66560");
    typed(&mut window, "0x20");
    let target = WriteTarget::Local { index: 0, bits: 0x20 };
    let Some(Command::Query { query, .. }) = window.state_mut().take_sent().pop() else {
        panic!("nothing was asked");
    };
    assert_eq!(
        query,
        Query::Write {
            stop: StopId(1),
            frame: 0,
            target
        }
    );
}

#[test]
fn what_is_no_value_says_so_and_can_be_mended() {
    let mut window = stopped();
    change(&mut window, "0 = 66560");
    typed(&mut window, "4294967296");
    window.get_by_label_contains("is not a value of type i32");
    assert!(window.state_mut().take_sent().is_empty());
    press(&mut window, Modifiers::COMMAND, Key::A);
    typed(&mut window, "-1");
    let sent = window.state_mut().take_sent();
    let bits = 0xffff_ffff;
    let wanted = WriteTarget::Local { index: 0, bits };
    let written = sent.iter().any(
        |command| matches!(command, Command::Query { query: Query::Write { target, .. }, .. } if *target == wanted),
    );
    assert!(written, "{sent:?}");
    // Escape leaves the value as it was.
    answer(&mut window, "3");
    change(&mut window, "0 = 66560");
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(window.query_by(|node| node.is_focused()).is_none());
    assert!(window.state_mut().take_sent().is_empty());
}

#[test]
fn the_memory_pane_says_when_it_is_not_known_what_changed() {
    let mut window = stopped();
    let unsure = "changes here are not known";
    assert!(window.query_by_label(unsure).is_none());
    tell(&mut window, [Event::Running, snapshot(2, StopReason::Step, 41)]);
    for command in window.state_mut().take_sent() {
        let Command::Query { id, query } = command else {
            continue;
        };
        let mut answer = reply(&query, "3");
        if let Reply::Memory(bytes) = &mut answer {
            bytes.changed = None;
        }
        let result = Ok(answer);
        window.state_mut().tell(Event::Reply { id, result });
    }
    window.run();
    window.get_by_label(unsure);
}

#[test]
fn what_is_watched_stays_when_the_module_is_read_again() {
    let mut window = stopped();
    type_into(&mut window, "Watch an expression: list->next", "list->count");
    press(&mut window, Modifiers::NONE, Key::Enter);
    answer(&mut window, "3");
    window.get_by_label("list->count = 3");
    press(&mut window, Modifiers::COMMAND, Key::R);
    tell(&mut window, loaded());
    tell(&mut window, [Event::Running, snapshot(1, StopReason::Step, 40)]);
    answer(&mut window, "4");
    window.get_by_label("list->count = 4");
}
