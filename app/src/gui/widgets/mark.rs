//! A breakpoint's mark: a dot, or a diamond where it says something instead of stopping. Full when it has a place in
//! the module, a ring when it has none or is switched off.

use crate::gui::theme::Tokens;
use egui::{Color32, Painter, Pos2, Shape, Stroke, vec2};

/// What the mark tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It has a place in the module and stops.
    Bound,
    /// It has a place in the module, says something and goes on.
    Says,
    /// It has no place yet.
    Unbound,
    /// It does not stop.
    Disabled,
}

impl Mark {
    /// Draws it.
    pub fn paint(self, painter: &Painter, centre: Pos2, t: &Tokens) {
        match self {
            Mark::Bound => dot(painter, centre, t.breakpoint),
            Mark::Says => {
                let corners = [vec2(0.0, -6.0), vec2(6.0, 0.0), vec2(0.0, 6.0), vec2(-6.0, 0.0)];
                let corners = corners.iter().map(|corner| centre + *corner).collect();
                painter.add(Shape::convex_polygon(corners, t.breakpoint, Stroke::NONE));
            }
            Mark::Unbound => ring(painter, centre, t.weak),
            Mark::Disabled => ring(painter, centre, t.breakpoint),
        }
    }

    /// Draws where a click would set one.
    pub fn hint(painter: &Painter, centre: Pos2, t: &Tokens) {
        dot(painter, centre, t.breakpoint.gamma_multiply(0.4));
    }
}

fn dot(painter: &Painter, centre: Pos2, color: Color32) {
    painter.circle_filled(centre, 5.0, color);
}

fn ring(painter: &Painter, centre: Pos2, color: Color32) {
    painter.circle_stroke(centre, 4.5, Stroke::new(1.5, color));
}
