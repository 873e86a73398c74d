//! All breakpoints: switch, remove, jump to, add by line, function or offset, and say when they stop or what they
//! say instead.

use crate::gui::actions::{Action, Cx};
use crate::gui::model::{Breakpoint, file_name};
use crate::gui::theme;
use crate::gui::widgets::parts;
use egui::{Key, Pos2, Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};
use lucide_icons::Icon;
use stepwell_debuginfo::ModuleOffset;
use stepwell_engine::debugger::{BreakpointId, BreakpointSpec, HitRule, StopReason, StopRule};

/// The pane's own state.
#[derive(Debug, Default)]
pub struct BreakpointsView {
    wish: String,
    edit: Option<RuleEdit>,
}

/// A rule while it is written.
#[derive(Debug)]
struct RuleEdit {
    id: BreakpointId,
    condition: String,
    hits: String,
    log: String,
}

impl RuleEdit {
    fn new(id: BreakpointId, rule: &StopRule) -> RuleEdit {
        RuleEdit {
            id,
            condition: rule.condition.clone().unwrap_or_default(),
            hits: rule.hits.map(|hits| hits.to_string()).unwrap_or_default(),
            log: rule.log.clone().unwrap_or_default(),
        }
    }

    /// The rule as written; `None` while the hits are no count.
    fn rule(&self) -> Option<StopRule> {
        let text = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let hits = match text(&self.hits) {
            Some(hits) => Some(HitRule::parse(&hits)?),
            None => None,
        };
        Some(StopRule {
            condition: text(&self.condition),
            hits,
            log: text(&self.log),
        })
    }
}

/// A rule in few words; empty if there is none.
pub fn rule_text(rule: &StopRule) -> String {
    let condition = rule.condition.as_ref().map(|condition| format!("if {condition}"));
    let hits = rule.hits.map(|hits| format!("hit {hits}"));
    let log = rule.log.as_ref().map(|log| format!("says \"{log}\""));
    let parts: Vec<String> = [log, hits, condition].into_iter().flatten().collect();
    parts.join(", ")
}

/// A wish as typed: `file:line`, `0x` and an offset, or a function.
pub fn parse_spec(text: &str) -> Option<BreakpointSpec> {
    let text = text.trim();
    if let Some(hex) = text.strip_prefix("0x") {
        let offset = u64::from_str_radix(hex, 16).ok()?;
        let offset = ModuleOffset(offset);
        return Some(BreakpointSpec::Offset { offset });
    }
    if let Some((path, line)) = text.rsplit_once(':')
        && let Ok(line) = line.trim().parse()
        && !path.is_empty()
    {
        let path = path.trim().to_owned();
        return Some(BreakpointSpec::Line { path, line });
    }
    (!text.is_empty()).then(|| BreakpointSpec::Function {
        name: text.to_owned(),
    })
}

/// A wish in few words.
pub fn spec_text(spec: &BreakpointSpec) -> String {
    match spec {
        BreakpointSpec::Line { path, line } => format!("{}:{line}", file_name(path)),
        BreakpointSpec::Function { name } => format!("{name}()"),
        BreakpointSpec::Offset { offset } => offset.to_string(),
    }
}

/// Draws the pane.
pub fn show(cx: &mut Cx<'_>, view: &mut BreakpointsView, ui: &mut Ui) {
    let t = cx.t;
    parts::pane_bar(ui, t, |ui| {
        let edit = egui::TextEdit::singleline(&mut view.wish)
            .hint_text("file.c:12, function or 0x1a2b")
            .font(theme::code_font())
            .desired_width((ui.available_width() - 64.0).max(80.0));
        let response = ui.add(edit);
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let spec = parse_spec(&view.wish);
        let clicked = ui.add_enabled(spec.is_some(), egui::Button::new("Add")).clicked();
        if let Some(spec) = spec.filter(|_| clicked || entered) {
            cx.push(Action::AddBreakpoint(spec));
            view.wish.clear();
        }
    });
    if cx.model.breakpoints.is_empty() {
        let hint = "Click beside a line number, press F9, or type a place above.";
        parts::empty_state(ui, t, Icon::CircleDot, "No breakpoints", hint);
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical()
        .id_salt("breakpoints")
        .auto_shrink(false)
        .show(ui, |ui| {
            for breakpoint in cx.model.breakpoints.values() {
                let id = breakpoint.state.id;
                if one(cx, ui, breakpoint) {
                    let open = view.edit.take().is_some_and(|edit| edit.id == id);
                    view.edit = (!open).then(|| RuleEdit::new(id, &breakpoint.state.rule));
                }
                if let Some(edit) = view.edit.as_mut().filter(|edit| edit.id == id) {
                    rule_fields(cx, ui, edit, &breakpoint.state.rule);
                }
            }
        });
}

/// What there is to say of where it bound.
fn note(breakpoint: &Breakpoint) -> String {
    let state = &breakpoint.state;
    if let Some(message) = &state.message {
        return message.clone();
    }
    match state.locations.as_slice() {
        [] if breakpoint.awaited => "…".to_owned(),
        [] => "not bound".to_owned(),
        [one] => match (&state.spec, &one.source) {
            (BreakpointSpec::Line { .. }, _) | (_, None) => one.offset.to_string(),
            (_, Some(place)) => format!("{}:{}", file_name(&place.path), place.line),
        },
        many => format!("{} places", many.len()),
    }
}

/// The fields of the rule that is being written; what is entered counts at once.
fn rule_fields(cx: &mut Cx<'_>, ui: &mut Ui, edit: &mut RuleEdit, now: &StopRule) {
    let t = cx.t;
    let mut left = false;
    let frame = egui::Frame::new().inner_margin(egui::Margin {
        left: 32,
        right: 8,
        top: 2,
        bottom: 6,
    });
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        for (label, hint, text) in [
            ("Stop only if", "n == 3 && node->next", &mut edit.condition),
            ("Hits that count", "3, >= 3, <= 3 or % 3", &mut edit.hits),
            ("Say, and run on", "n={n} name={node->name}", &mut edit.log),
        ] {
            ui.horizontal(|ui| {
                let size = vec2(104.0, theme::ROW_HEIGHT);
                let (cell, name) = ui.allocate_exact_size(size, Sense::hover());
                name.widget_info(|| WidgetInfo::labeled(Role::Label, true, label));
                parts::line(ui, cell, label, egui::FontId::proportional(12.0), t.weak);
                let field = egui::TextEdit::singleline(text)
                    .hint_text(hint)
                    .font(theme::code_font())
                    .desired_width(f32::INFINITY);
                left |= ui.add(field).labelled_by(name.id).lost_focus();
            });
        }
        if edit.rule().is_none() {
            let words = format!("\"{}\" is no count: 3, >= 3, <= 3 or % 3", edit.hits.trim());
            ui.label(RichText::new(words).color(t.error));
        }
    });
    if left && let Some(rule) = edit.rule().filter(|rule| rule != now) {
        cx.push(Action::RuleBreakpoint(edit.id, rule));
    }
}

/// Draws a row; whether its rule is to be opened or closed.
fn one(cx: &mut Cx<'_>, ui: &mut Ui, breakpoint: &Breakpoint) -> bool {
    let t = cx.t;
    let state = &breakpoint.state;
    let text = spec_text(&state.spec);
    let hit = cx
        .model
        .snapshot
        .as_ref()
        .is_some_and(|snapshot| match &snapshot.reason {
            StopReason::Breakpoint(ids) => ids.contains(&state.id),
            StopReason::Condition { id, .. } => *id == state.id,
            _ => false,
        });
    let size = vec2(ui.available_width(), theme::ROW_HEIGHT + 5.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("breakpoint {text}")));
    if hit {
        ui.painter().rect_filled(rect, 0.0, t.current_bg);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, t.raised);
    }
    let spot = |x: f32| Rect::from_center_size(Pos2::new(x, rect.center().y), vec2(22.0, rect.height()));
    let switch = ui.interact(
        spot(rect.left() + 16.0),
        response.id.with("switch"),
        Sense::click(),
    );
    let verb = if state.enabled { "Disable" } else { "Enable" };
    let name = format!("{verb} breakpoint {text}");
    switch.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, state.enabled, &name));
    super::mark(breakpoint).paint(ui.painter(), switch.rect.center(), t);
    if switch.on_hover_text(&name).clicked() {
        cx.push(Action::EnableBreakpoint(state.id, !state.enabled));
    }
    let remove = ui.interact(
        spot(rect.right() - 16.0),
        response.id.with("remove"),
        Sense::click(),
    );
    let name = format!("Remove breakpoint {text}");
    remove.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let color = if remove.hovered() { t.error } else { t.faint };
    parts::paint_icon(ui, remove.rect, Icon::X, 13.0, color);
    if remove.on_hover_text(&name).clicked() {
        cx.push(Action::RemoveBreakpoint(state.id));
    }
    let rule = ui.interact(
        spot(rect.right() - 40.0),
        response.id.with("rule"),
        Sense::click(),
    );
    let name = format!("When breakpoint {text} stops, and what it says");
    rule.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let color = if rule.hovered() { t.accent } else { t.faint };
    parts::paint_icon(ui, rule.rect, Icon::Pencil, 12.0, color);
    let opened = rule.on_hover_text(&name).clicked();
    let left = rect.left() + 32.0;
    let right = rect.right() - 56.0;
    let cell = Rect::from_min_max(Pos2::new(left, rect.top()), Pos2::new(right, rect.bottom()));
    let color = if state.enabled { t.text } else { t.faint };
    let width = parts::line(ui, cell, &text, theme::code_font(), color);
    let rest = Rect::from_min_max(Pos2::new(left + width + 14.0, rect.top()), cell.max);
    let color = match (breakpoint.is_bound(), breakpoint.awaited) {
        (false, false) => t.warning,
        _ => t.weak,
    };
    let note = match (rule_text(&state.rule), note(breakpoint)) {
        (rule, note) if rule.is_empty() => note,
        (rule, note) => format!("{rule}   {note}"),
    };
    parts::line(ui, rest, &note, egui::FontId::proportional(12.0), color);
    let response = response.on_hover_ui(|ui| {
        ui.label(RichText::new(&text).font(theme::code_font()));
        ui.label(RichText::new(&note).color(t.weak));
    });
    if response.clicked()
        && let Some(location) = state.locations.first()
    {
        if let Some(place) = &location.source {
            cx.push(Action::ShowSource(place.file, Some(place.line)));
        }
        cx.push(Action::ShowOffset(location.offset));
    }
    opened
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_as_people_write_them() {
        let line = BreakpointSpec::Line {
            path: "list.c".to_owned(),
            line: 42,
        };
        assert_eq!(parse_spec("list.c:42"), Some(line));
        let name = "std::vec::push".to_owned();
        assert_eq!(
            parse_spec("std::vec::push"),
            Some(BreakpointSpec::Function { name })
        );
        let offset = ModuleOffset(0x1a2b);
        assert_eq!(parse_spec(" 0x1a2b "), Some(BreakpointSpec::Offset { offset }));
        assert_eq!(parse_spec("0xzz"), None);
        assert_eq!(parse_spec(" "), None);
    }
}
