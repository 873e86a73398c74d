//! Lines of code with a gutter: breakpoint marks, numbers, an arrow where the guest stands. Only the rows
//! in view are laid out, so a file of 100 000 lines costs what a screenful costs.

use super::mark::Mark;
use super::parts;
use crate::gui::theme::{self, Tokens};
use egui::text::LayoutJob;
use egui::{
    Color32, Key, Modifiers, Pos2, Rect, Role, ScrollArea, Sense, Stroke, Ui, Vec2, WidgetInfo, vec2,
};
use lucide_icons::Icon;

/// Where the guest stands, as an arrow in the gutter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Here, about to run.
    Current,
    /// Here, and it trapped.
    Faulted,
    /// A caller, waiting for its call.
    Caller,
}

/// One row.
pub struct CodeRow {
    /// Number or offset.
    pub label: String,
    /// Text.
    pub job: LayoutJob,
    /// Whether a breakpoint can stand here.
    pub has_code: bool,
    /// Breakpoint.
    pub mark: Option<Mark>,
    /// Whether the guest stands here.
    pub stand: Option<Stand>,
    /// What a screen reader calls it.
    pub name: String,
}

/// What a person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeEvent {
    /// The caret goes here.
    Caret(usize),
    /// The caret goes here by a key, and must stay in view.
    Move(usize),
    /// Set or remove a breakpoint here.
    Breakpoint(usize),
    /// Run to here.
    RunTo(usize),
}

/// The view.
pub struct CodeView {
    /// Tells views in one pane apart.
    pub id: egui::Id,
    /// How many rows there are.
    pub rows: usize,
    /// Widest label, in characters.
    pub label_columns: usize,
    /// Widest text, in characters.
    pub text_columns: usize,
    /// The row with the caret.
    pub caret: Option<usize>,
    /// A row to bring into view.
    pub reveal: Option<usize>,
    /// Whether the arrow keys move the caret.
    pub keys: bool,
}

const MARK_WIDTH: f32 = 20.0;
const ARROW_WIDTH: f32 = 18.0;

impl CodeView {
    /// Draws the rows in view; `row` makes them.
    /// `tip` says what there is to say of the character under the pointer, by row and column.
    pub fn show(
        self,
        ui: &mut Ui,
        t: &Tokens,
        mut row: impl FnMut(usize) -> CodeRow,
        mut tip: impl FnMut(usize, usize) -> Option<String>,
    ) -> Option<CodeEvent> {
        let height = theme::ROW_HEIGHT;
        let column = ui.fonts_mut(|fonts| fonts.glyph_width(&theme::code_font(), '0'));
        let label_width = column * self.label_columns as f32;
        let gutter = MARK_WIDTH + label_width + ARROW_WIDTH;
        let view_height = ui.available_height();
        let mut area = ScrollArea::both().id_salt(self.id).auto_shrink(false);
        if let Some(target) = self.reveal {
            let state =
                egui::scroll_area::State::load(ui.ctx(), ui.make_persistent_id(egui::IdSalt::new(self.id)));
            let top = state.map_or(0.0, |state| state.clamped_offset().y);
            let y = target as f32 * height;
            if y < top + height || y + 3.0 * height > top + view_height {
                area = area.vertical_scroll_offset((y - view_height * 0.38).max(0.0));
            }
        }
        let mut event = self
            .moved(ui, (view_height / height) as usize)
            .map(CodeEvent::Move);
        area.show_viewport(ui, |ui, viewport| {
            ui.set_height(self.rows as f32 * height + height);
            let text_width = gutter + column * (self.text_columns as f32 + 4.0);
            ui.set_width(text_width.max(viewport.width()));
            let origin = ui.max_rect().min;
            let left = origin.x + viewport.left();
            let first = (viewport.top() / height).floor().max(0.0) as usize;
            let last = ((viewport.bottom() / height).ceil().max(0.0) as usize).min(self.rows);
            for index in first..last {
                let item = row(index);
                let top = origin.y + index as f32 * height;
                let full = Rect::from_min_size(Pos2::new(left, top), Vec2::new(viewport.width(), height));
                if let Some(happened) =
                    self.one(ui, t, index, &item, full, (gutter, viewport.left()), &mut tip)
                {
                    event = Some(happened);
                }
            }
        });
        event
    }

    /// Where the keys take the caret.
    fn moved(&self, ui: &Ui, page: usize) -> Option<usize> {
        let caret = self.caret?;
        if !self.keys || ui.ctx().egui_wants_keyboard_input() {
            return None;
        }
        let last = self.rows.saturating_sub(1);
        ui.input_mut(|input| {
            let mut key = |key| input.consume_key(Modifiers::NONE, key);
            let moves = [
                (Key::ArrowUp, caret.saturating_sub(1)),
                (Key::ArrowDown, caret.saturating_add(1)),
                (Key::PageUp, caret.saturating_sub(page)),
                (Key::PageDown, caret.saturating_add(page)),
            ];
            let mut pressed = moves.into_iter().filter(|(name, _)| key(*name));
            pressed.next().map(|(_, to)| to.min(last))
        })
    }

    #[expect(clippy::too_many_arguments, reason = "geometry of one row, used in one place")]
    fn one(
        &self,
        ui: &mut Ui,
        t: &Tokens,
        index: usize,
        item: &CodeRow,
        full: Rect,
        (gutter, scrolled): (f32, f32),
        tip: &mut dyn FnMut(usize, usize) -> Option<String>,
    ) -> Option<CodeEvent> {
        let mut event = None;
        let (marks, text) = full.split_left_right_at_x(full.left() + gutter);
        let id = self.id.with(index);
        let body = ui.interact(text, id.with("text"), Sense::click());
        body.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &item.name));
        let edge = ui.interact(marks, id.with("gutter"), Sense::click());
        edge.widget_info(|| {
            WidgetInfo::labeled(
                Role::Button,
                item.has_code,
                format!("breakpoint at {}", item.name),
            )
        });
        if body.clicked() || body.secondary_clicked() {
            event = Some(CodeEvent::Caret(index));
        }
        if edge.clicked() && (item.has_code || item.mark.is_some()) {
            event = Some(CodeEvent::Breakpoint(index));
        }
        if let Some(pos) = body.hover_pos() {
            let column = ui.fonts_mut(|fonts| fonts.glyph_width(&theme::code_font(), '0'));
            let at = (pos.x - text.left() - 4.0 + scrolled) / column;
            if at >= 0.0
                && let Some(said) = tip(index, at as usize)
            {
                let said = egui::RichText::new(said).font(theme::code_font());
                body.clone().on_hover_text_at_pointer(said);
            }
        }
        body.context_menu(|ui| {
            if ui.button("Run to here").clicked() {
                event = Some(CodeEvent::RunTo(index));
            }
            if ui.button("Toggle breakpoint").clicked() {
                event = Some(CodeEvent::Breakpoint(index));
            }
        });

        let painter = ui.painter();
        let back: Option<Color32> = match item.stand {
            Some(Stand::Current) => Some(t.current_bg),
            Some(Stand::Faulted) => Some(t.error_bg),
            Some(Stand::Caller) => Some(t.caller_bg),
            None => None,
        };
        if let Some(back) = back {
            painter.rect_filled(full, 0.0, back);
        }
        if self.caret == Some(index) {
            let border = Stroke::new(1.0, t.border);
            painter.hline(text.x_range(), full.top() + 0.5, border);
            painter.hline(text.x_range(), full.bottom() - 0.5, border);
        }
        let centre = Pos2::new(full.left() + MARK_WIDTH * 0.5 + 1.0, full.center().y);
        match item.mark {
            Some(mark) => mark.paint(painter, centre, t),
            None if edge.hovered() && item.has_code => Mark::hint(painter, centre, t),
            None => {}
        }
        let label = Rect::from_min_max(
            Pos2::new(full.left() + MARK_WIDTH, full.top()),
            Pos2::new(full.left() + gutter - ARROW_WIDTH, full.bottom()),
        );
        let color = match (item.stand, item.has_code) {
            (Some(Stand::Current), _) => t.current,
            (Some(Stand::Faulted), _) => t.error,
            (_, true) => t.weak,
            (_, false) => t.faint.gamma_multiply(0.7),
        };
        parts::line_right(ui, label, &item.label, theme::code_font(), color);
        let arrow = Rect::from_min_max(
            Pos2::new(label.right(), full.top()),
            Pos2::new(full.left() + gutter, full.bottom()),
        );
        if let Some(stand) = item.stand {
            let (picture, color) = match stand {
                Stand::Current => (Icon::ArrowRight, t.current),
                Stand::Faulted => (Icon::Zap, t.error),
                Stand::Caller => (Icon::CornerDownRight, t.accent),
            };
            parts::paint_icon(ui, arrow, picture, 13.0, color);
        }
        let galley = ui.painter().layout_job(item.job.clone());
        let place = text.min + vec2(4.0 - scrolled, (full.height() - galley.size().y) * 0.5);
        ui.painter()
            .with_clip_rect(text.intersect(ui.clip_rect()))
            .galley(place, galley, t.text);
        event
    }
}
