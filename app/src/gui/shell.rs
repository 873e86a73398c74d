//! What the tree of panes calls to draw itself: panes in their tiles, and the tabs above them.
//!
//! Must not know: what a pane shows.

use super::actions::Cx;
use super::layout::Pane;
use super::panes::Views;
use super::theme;
use egui_tiles::{Behavior, TileId, Tiles, UiResponse};

/// What the tree of panes calls to draw itself.
pub struct Shell<'s, 'c> {
    /// What panes read and push to.
    pub cx: &'s mut Cx<'c>,
    /// The panes' own state.
    pub views: &'s mut Views,
    /// The pane that has the attention.
    pub focused: &'s mut Pane,
}

impl Behavior<Pane> for Shell<'_, '_> {
    fn pane_ui(&mut self, ui: &mut egui::Ui, _: TileId, pane: &mut Pane) -> UiResponse {
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 0.0, self.cx.t.canvas);
        let pressed = ui.input(|input| {
            input.pointer.any_pressed() && input.pointer.interact_pos().is_some_and(|pos| rect.contains(pos))
        });
        if pressed && ui.ctx().layer_id_at(rect.center()) == Some(ui.layer_id()) {
            *self.focused = *pane;
        }
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        ui.push_id(pane.title(), |ui| self.views.show(*pane, self.cx, ui));
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> egui::WidgetText {
        let strong = *self.focused == *pane;
        let title = egui::RichText::new(pane.title()).font(theme::strong_font(12.0));
        if strong {
            title.color(self.cx.t.accent).into()
        } else {
            title.into()
        }
    }

    fn on_tab_button(
        &mut self,
        tiles: &mut Tiles<Pane>,
        tile: TileId,
        response: egui::Response,
    ) -> egui::Response {
        if response.clicked()
            && let Some(egui_tiles::Tile::Pane(pane)) = tiles.get(tile)
        {
            *self.focused = *pane;
        }
        response
    }

    fn tab_bar_height(&self, _: &egui::Style) -> f32 {
        27.0
    }

    fn gap_width(&self, _: &egui::Style) -> f32 {
        4.0
    }

    fn tab_bar_color(&self, _: &egui::Visuals) -> egui::Color32 {
        self.cx.t.chrome
    }

    fn tab_bg_color(
        &self,
        _: &egui::Visuals,
        _: &Tiles<Pane>,
        _: TileId,
        state: &egui_tiles::TabState,
    ) -> egui::Color32 {
        if state.active {
            self.cx.t.canvas
        } else {
            self.cx.t.chrome
        }
    }

    fn tab_outline_stroke(
        &self,
        _: &egui::Visuals,
        _: &Tiles<Pane>,
        _: TileId,
        _: &egui_tiles::TabState,
    ) -> egui::Stroke {
        egui::Stroke::NONE
    }

    fn tab_bar_hline_stroke(&self, _: &egui::Visuals) -> egui::Stroke {
        egui::Stroke::NONE
    }

    fn tab_text_color(
        &self,
        _: &egui::Visuals,
        _: &Tiles<Pane>,
        _: TileId,
        state: &egui_tiles::TabState,
    ) -> egui::Color32 {
        if state.active {
            self.cx.t.text
        } else {
            self.cx.t.weak
        }
    }

    fn simplification_options(&self) -> egui_tiles::SimplificationOptions {
        egui_tiles::SimplificationOptions {
            all_panes_must_have_tabs: true,
            ..Default::default()
        }
    }

    fn min_size(&self) -> f32 {
        80.0
    }
}
