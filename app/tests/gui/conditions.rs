//! What breakpoints wait for and say, and expressions that have no value.

use crate::window::*;
use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable;
use stepwell_debuginfo::ExpressionError;
use stepwell_engine::debugger::*;

#[test]
fn a_breakpoint_gets_a_condition_a_count_and_words() {
    let mut window = stopped();
    tab(&mut window, "Breakpoints");
    type_into(&mut window, "file.c:12, function or 0x1a2b", "push");
    click(&mut window, "Add");
    orders(&mut window);
    let open = "When breakpoint push() stops, and what it says";
    click(&mut window, open);
    let enter = |window: &mut Window, hint: &str, text: &str| {
        type_into(window, hint, text);
        press(window, Modifiers::NONE, Key::Enter);
        orders(window)
    };
    let rule = |sent: Vec<Command>| match sent.as_slice() {
        [Command::SetBreakpoint { rule, .. }] => rule.clone(),
        _ => panic!("{sent:?}"),
    };
    let set = rule(enter(&mut window, "n == 3 && node->next", "count > 2"));
    assert_eq!(set.condition.as_deref(), Some("count > 2"));
    // What is no count is said to be none, and not sent.
    assert!(enter(&mut window, "3, >= 3, <= 3 or % 3", "x").is_empty());
    window.get_by_label("\"x\" is no count: 3, >= 3, <= 3 or % 3");
    window
        .get_by(|node| node.role() == Role::TextInput && node.value().as_deref() == Some("x"))
        .focus();
    press(&mut window, Modifiers::NONE, Key::Backspace);
    let set = rule(enter(&mut window, "3, >= 3, <= 3 or % 3", "% 2"));
    assert_eq!(set.hits, Some(HitRule::Every(2)));
    let set = rule(enter(&mut window, "n={n} name={node->name}", "n={count}"));
    assert_eq!(set.log.as_deref(), Some("n={count}"));
    assert_eq!(set.condition.as_deref(), Some("count > 2"));
    click(&mut window, open);
    assert!(window.query_by_value("count > 2").is_none());
    // A switch keeps the rule.
    click(&mut window, "Disable breakpoint push()");
    assert_eq!(rule(orders(&mut window)), set);
}

#[test]
fn a_wrong_expression_says_where_and_a_logpoint_is_heard() {
    let mut window = stopped();
    type_into(&mut window, "Watch an expression: list->next", "count + nope");
    press(&mut window, Modifiers::NONE, Key::Enter);
    for command in window.state_mut().take_sent() {
        if let Command::Query { id, query } = command {
            let result = match &query {
                Query::Evaluate { .. } => Err(QueryError::Expression(ExpressionError {
                    message: "there is no variable 'nope' here".to_owned(),
                    column: 9,
                    len: 4,
                })),
                query => Ok(reply(query, "3")),
            };
            window.state_mut().tell(Event::Reply { id, result });
        }
    }
    window.run();
    window.get_by_label("count + nope = there is no variable 'nope' here (column 9)");
    click(&mut window, "Stop watching count + nope");
    let log = Event::Log {
        id: BreakpointId(9),
        text: "count is 3".to_owned(),
    };
    let reason = StopReason::Condition {
        id: BreakpointId(9),
        message: "nope > 3: there is no variable 'nope' here (column 1)".to_owned(),
    };
    tell(&mut window, [Event::Running, log, snapshot(2, reason, 41)]);
    answer(&mut window, "3");
    tab(&mut window, "Output");
    window.get_by_label("count is 3");
    window.get_by_label_contains("no answer to nope > 3");
}
