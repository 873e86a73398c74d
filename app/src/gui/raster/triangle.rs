//! One triangle: which pixels it covers and what colour each gets.
//!
//! Rows are filled span by span; the ends of a span come from the three edge functions by exact integer division.
//! Colours and texture coordinates run along a span in fixed point.

use super::texture::{TEXEL, Texture};
use super::{Canvas, Clip, Rgba};
use egui::epaint::Vertex;

/// Units of a position in one pixel.
const PIXEL: i64 = 256;

/// Positions further out than this many pixels are not drawn: products of two stay inside 64 bits.
const FAR: f32 = 1_000_000.0;

/// Fraction bits of a value that runs along a span.
const FRACTION: u32 = 32;

/// Sources are kept as products of two bytes, blended in one rounding.
const FULL: u32 = 255 * 255;

/// A directed edge, with the interior on its positive side.
#[derive(Clone, Copy, Debug)]
struct Edge {
    x: i64,
    y: i64,
    dx: i64,
    dy: i64,
    /// Least value that counts as inside: 0 on top and left edges, else 1.
    least: i64,
}

impl Edge {
    fn new(from: [i64; 2], to: [i64; 2]) -> Edge {
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let top_or_left = dy < 0 || (dy == 0 && dx > 0);
        Edge {
            x: from[0],
            y: from[1],
            dx,
            dy,
            least: i64::from(!top_or_left),
        }
    }

    /// Twice the signed area between the edge and a pixel's centre.
    fn at(&self, column: i64, row: i64) -> i64 {
        self.dx * (centre(row) - self.y) - self.dy * (centre(column) - self.x)
    }

    /// Narrows a span of a row to the centres inside this edge.
    fn narrow(&self, row: i64, from: &mut i64, to: &mut i64) {
        let slack = self.at(0, row) - self.least;
        let step = self.dy * PIXEL;
        match step.signum() {
            0 if slack < 0 => *to = *from,
            0 => {}
            // Inside while slack - step * column >= 0.
            1 => *to = (*to).min(slack.div_euclid(step) + 1),
            _ => *from = (*from).max(-slack.div_euclid(-step)),
        }
    }
}

fn centre(pixel: i64) -> i64 {
    pixel * PIXEL + PIXEL / 2
}

/// A value that is linear over the triangle.
#[derive(Clone, Copy, Debug)]
struct Plane {
    corners: [f64; 3],
    area: f64,
    /// Change from one column to the next, fixed point.
    step: i64,
}

impl Plane {
    fn new(corners: [f64; 3], edges: &[Edge; 3], area: i64) -> Plane {
        let area = area as f64;
        let slope: f64 = corners
            .iter()
            .zip(edges)
            .map(|(value, edge)| value * -(edge.dy * PIXEL) as f64)
            .sum();
        Plane {
            corners,
            area,
            step: fixed(slope / area),
        }
    }

    /// The value at a pixel given by its three edge distances, fixed point.
    fn at(&self, weights: [i64; 3]) -> i64 {
        let sum: f64 = self
            .corners
            .iter()
            .zip(weights)
            .map(|(value, weight)| value * weight as f64)
            .sum();
        fixed(sum / self.area)
    }
}

fn fixed(value: f64) -> i64 {
    (value * (1u64 << FRACTION) as f64).round() as i64
}

/// A colour over the triangle.
#[derive(Clone, Copy, Debug)]
enum Color {
    Flat(Rgba),
    Shaded([Plane; 4]),
}

/// A texture read over the triangle.
#[derive(Clone, Copy, Debug)]
enum Ink {
    /// Every pixel reads the same texel.
    Solid(Rgba),
    /// Coordinates in [`TEXEL`] units.
    Image([Plane; 2]),
}

/// A triangle, ready to be filled.
#[derive(Debug)]
pub(super) struct Triangle {
    /// Opposite to corner 0, 1 and 2.
    edges: [Edge; 3],
    /// Left, top, right, bottom; ends excluded.
    bounds: Clip,
    color: Color,
    ink: Ink,
}

impl Triangle {
    /// `None` if it covers nothing: no area, or no finite position near the canvas.
    pub(super) fn new(corners: [&Vertex; 3], pixels_per_point: f32, texture: &Texture) -> Option<Triangle> {
        let mut points = [[0i64; 2]; 3];
        for (point, corner) in points.iter_mut().zip(corners) {
            *point = [
                position(corner.pos.x, pixels_per_point)?,
                position(corner.pos.y, pixels_per_point)?,
            ];
        }
        let mut corners = corners;
        let area = (points[1][0] - points[0][0]) * (points[2][1] - points[0][1])
            - (points[1][1] - points[0][1]) * (points[2][0] - points[0][0]);
        if area == 0 {
            return None;
        }
        if area < 0 {
            points.swap(1, 2);
            corners.swap(1, 2);
        }
        let area = area.abs();
        let [a, b, c] = points;
        let edges = [Edge::new(b, c), Edge::new(c, a), Edge::new(a, b)];
        let bounds = Clip {
            left: first_centre(a[0].min(b[0]).min(c[0])),
            top: first_centre(a[1].min(b[1]).min(c[1])),
            right: first_centre(a[0].max(b[0]).max(c[0]) + 1),
            bottom: first_centre(a[1].max(b[1]).max(c[1]) + 1),
        };

        let colors = corners.map(|corner| corner.color.to_array());
        let color = if colors[0] == colors[1] && colors[1] == colors[2] {
            Color::Flat(colors[0])
        } else {
            Color::Shaded([0, 1, 2, 3].map(|channel| {
                let values = colors.map(|color| f64::from(color[channel]));
                Plane::new(values, &edges, area)
            }))
        };

        let [width, height] = texture.size();
        let texel = |part: f32, len: i64| {
            let at = f64::from(part) * (len * TEXEL) as f64;
            if at.is_finite() {
                at.clamp(-1e6 * TEXEL as f64, 1e6 * TEXEL as f64)
            } else {
                0.0
            }
        };
        let across = corners.map(|corner| texel(corner.uv.x, width));
        let down = corners.map(|corner| texel(corner.uv.y, height));
        let same = |values: [f64; 3]| values[0] == values[1] && values[1] == values[2];
        let ink = if same(across) && same(down) {
            let (x, y) = (across[0].round() as i64, down[0].round() as i64);
            Ink::Solid(texture.sample(texture.filter(0), x, y))
        } else {
            Ink::Image([across, down].map(|values| Plane::new(values, &edges, area)))
        };
        Some(Triangle {
            edges,
            bounds,
            color,
            ink,
        })
    }

    /// Blends the triangle's pixels inside the clip rectangle.
    pub(super) fn fill(&self, canvas: &mut Canvas, clip: &Clip, texture: &Texture) {
        let bounds = &self.bounds;
        let left = bounds.left.max(clip.left);
        let right = bounds.right.min(clip.right);
        for row in bounds.top.max(clip.top)..bounds.bottom.min(clip.bottom) {
            let (mut from, mut to) = (left, right);
            for edge in &self.edges {
                edge.narrow(row, &mut from, &mut to);
            }
            let span = canvas.span(row, from, to);
            if span.is_empty() {
                continue;
            }
            match (&self.color, &self.ink) {
                (Color::Flat(color), Ink::Solid(texel)) => fill_flat(span, times(*color, *texel)),
                (color, ink) => {
                    let weights = [0, 1, 2].map(|edge| self.edges[edge].at(from, row));
                    fill_shaded(span, weights, color, ink, texture);
                }
            }
        }
    }
}

/// A position in 1/256 pixel.
fn position(points: f32, pixels_per_point: f32) -> Option<i64> {
    let pixels = points * pixels_per_point;
    (pixels.abs() < FAR).then(|| (pixels * PIXEL as f32).round() as i64)
}

/// The first pixel whose centre is not before a position.
fn first_centre(position: i64) -> i64 {
    (position + PIXEL / 2 - 1).div_euclid(PIXEL)
}

fn fill_flat(span: &mut [Rgba], source: [u32; 4]) {
    if source[3] == FULL {
        let [red, green, blue, _] = source.map(|channel| (channel / 255) as u8);
        span.fill([red, green, blue, 255]);
    } else if source != [0; 4] {
        for pixel in span {
            blend(pixel, source);
        }
    }
}

fn fill_shaded(span: &mut [Rgba], weights: [i64; 3], color: &Color, ink: &Ink, texture: &Texture) {
    let (mut shade, shade_step, flat) = match color {
        Color::Flat(color) => ([0; 4], [0; 4], Some(*color)),
        Color::Shaded(planes) => (
            planes.map(|plane| plane.at(weights)),
            planes.map(|plane| plane.step),
            None,
        ),
    };
    let (mut place, place_step, solid) = match ink {
        Ink::Solid(texel) => ([0; 2], [0; 2], Some(*texel)),
        Ink::Image(planes) => (
            planes.map(|plane| plane.at(weights)),
            planes.map(|plane| plane.step),
            None,
        ),
    };
    // Wrapping: a sliver's slope may be steep beyond measure, and its value behind the span is never read.
    let half = 1i64 << (FRACTION - 1);
    let filter = texture.filter(place_step[0].saturating_abs() >> FRACTION);
    for pixel in span {
        let texel = match solid {
            Some(texel) => texel,
            None => {
                let [x, y] = place.map(|at| at.wrapping_add(half));
                place = [0, 1].map(|axis| place[axis].wrapping_add(place_step[axis]));
                texture.sample(filter, x >> FRACTION, y >> FRACTION)
            }
        };
        let color = match flat {
            Some(color) => color,
            None => {
                let mut color = [0; 4];
                for (channel, value) in color.iter_mut().enumerate() {
                    *value = (shade[channel].wrapping_add(half) >> FRACTION).clamp(0, 255) as u8;
                    shade[channel] = shade[channel].wrapping_add(shade_step[channel]);
                }
                color
            }
        };
        if texel != [0; 4] {
            blend(pixel, times(color, texel));
        }
    }
}

fn times(color: Rgba, texel: Rgba) -> [u32; 4] {
    [
        u32::from(color[0]) * u32::from(texel[0]),
        u32::from(color[1]) * u32::from(texel[1]),
        u32::from(color[2]) * u32::from(texel[2]),
        u32::from(color[3]) * u32::from(texel[3]),
    ]
}

/// Source over destination; both premultiplied.
fn blend(pixel: &mut Rgba, source: [u32; 4]) {
    let rest = FULL - source[3];
    let mix = |below: u8, above: u32| {
        let sum = above * 255 + u32::from(below) * rest;
        ((sum + FULL / 2) / FULL).min(255) as u8
    };
    *pixel = [
        mix(pixel[0], source[0]),
        mix(pixel[1], source[1]),
        mix(pixel[2], source[2]),
        mix(pixel[3], source[3]),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blending_is_exact_at_the_ends_and_in_the_middle() {
        let over = |below: Rgba, color: Rgba| {
            let mut pixel = below;
            blend(&mut pixel, times(color, [255; 4]));
            pixel
        };
        assert_eq!(over([10, 20, 30, 255], [0; 4]), [10, 20, 30, 255]);
        assert_eq!(over([10, 20, 30, 255], [1, 2, 3, 255]), [1, 2, 3, 255]);
        assert_eq!(over([0, 0, 0, 255], [128; 4]), [128, 128, 128, 255]);
        assert_eq!(over([255; 4], [0, 0, 0, 128]), [127, 127, 127, 255]);
        // Additive colours (no alpha) saturate.
        assert_eq!(over([200; 4], [100, 0, 0, 0]), [255, 200, 200, 200]);
    }

    #[test]
    fn no_sum_of_blending_overflows() {
        let mut pixel = [255; 4];
        blend(&mut pixel, [FULL, FULL, FULL, 0]);
        assert_eq!(pixel, [255; 4]);
    }

    #[test]
    fn a_span_holds_the_centres_between_its_edges() {
        // From x = 1.5 (a centre, on a left edge: in) to x = 3.5 (a centre, on a right edge: out).
        let left = Edge::new([384, 1000], [384, 0]);
        let right = Edge::new([896, 0], [896, 1000]);
        let (mut from, mut to) = (0, 10);
        left.narrow(0, &mut from, &mut to);
        right.narrow(0, &mut from, &mut to);
        assert_eq!((from, to), (1, 3));
    }
}
