//! A rasteriser for egui's triangles on the CPU: what the window's GPU painter would draw, without a GPU.
//!
//! # Invariants
//! - The same meshes give the same bytes on every machine. Coverage is decided in integers: vertices are rounded
//!   to 1/256 pixel, pixels are sampled at their centres, and a centre that lies on an edge belongs to the
//!   triangle whose top or left edge it is. So two triangles that share an edge neither overlap nor leave a gap.
//! - Colours are premultiplied and blended as they are stored (gamma space): vertex colour times texel, then
//!   source plus destination times one minus source alpha, rounded once.
//! - The picture is opaque: it starts as black and no blending can make it transparent.
//! - Nothing a mesh holds (not-a-number positions, wild indices, unknown textures) can do more than not be drawn.
//!
//! Must not know: the panes, the session, the file system.

mod texture;
mod triangle;

use egui::epaint::{ClippedPrimitive, Primitive};
use egui::{Color32, Rect, TextureId, TexturesDelta};
use std::collections::HashMap;
use texture::Texture;
use triangle::Triangle;

/// A pixel: red, green, blue, alpha.
type Rgba = [u8; 4];

/// A picture under construction, with the textures its meshes refer to.
#[derive(Debug)]
pub struct Raster {
    canvas: Canvas,
    textures: HashMap<TextureId, Texture>,
}

impl Raster {
    /// A black picture of this many pixels.
    pub fn new([width, height]: [usize; 2]) -> Raster {
        let canvas = Canvas {
            width,
            height,
            pixels: vec![[0, 0, 0, 255]; width.saturating_mul(height)],
        };
        Raster {
            canvas,
            textures: HashMap::new(),
        }
    }

    /// Size in pixels.
    pub fn size(&self) -> [usize; 2] {
        [self.canvas.width, self.canvas.height]
    }

    /// Takes over new and changed textures. Call before [`paint`](Self::paint).
    pub fn update_textures(&mut self, delta: &TexturesDelta) {
        for (id, images) in &delta.set {
            for image in images {
                match image.pos {
                    None => {
                        self.textures.insert(*id, Texture::new(image));
                    }
                    Some(at) => {
                        if let Some(texture) = self.textures.get_mut(id) {
                            texture.update(at, image);
                        }
                    }
                }
            }
        }
    }

    /// Lets go of the textures that are not needed any more. Call after [`paint`](Self::paint).
    pub fn free_textures(&mut self, delta: &TexturesDelta) {
        for id in &delta.free {
            self.textures.remove(id);
        }
    }

    /// Makes the whole picture one opaque colour.
    pub fn clear(&mut self, color: Color32) {
        self.canvas.pixels.fill([color.r(), color.g(), color.b(), 255]);
    }

    /// Draws meshes in order. Paint callbacks need a GPU and are left out.
    pub fn paint(&mut self, primitives: &[ClippedPrimitive], pixels_per_point: f32) {
        for ClippedPrimitive { clip_rect, primitive } in primitives {
            let Primitive::Mesh(mesh) = primitive else {
                continue;
            };
            let Some(texture) = self.textures.get(&mesh.texture_id) else {
                continue;
            };
            let clip = Clip::new(*clip_rect, pixels_per_point, &self.canvas);
            for corners in mesh.indices.chunks_exact(3) {
                let corner = |at: usize| mesh.vertices.get(*corners.get(at)? as usize);
                let (Some(a), Some(b), Some(c)) = (corner(0), corner(1), corner(2)) else {
                    continue;
                };
                if let Some(triangle) = Triangle::new([a, b, c], pixels_per_point, texture) {
                    triangle.fill(&mut self.canvas, &clip, texture);
                }
            }
        }
    }

    /// The picture's bytes: rows from the top, red, green, blue, alpha.
    pub fn rgba(&self) -> &[u8] {
        self.canvas.pixels.as_flattened()
    }

    /// One pixel.
    pub fn pixel(&self, x: usize, y: usize) -> Option<[u8; 4]> {
        if x >= self.canvas.width {
            return None;
        }
        self.canvas.pixels.get(y * self.canvas.width + x).copied()
    }
}

/// The pixels.
#[derive(Debug)]
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Rgba>,
}

impl Canvas {
    /// The pixels `from..to` of a row; empty outside the canvas.
    fn span(&mut self, row: i64, from: i64, to: i64) -> &mut [Rgba] {
        let (Ok(row), Ok(from), Ok(to)) = (usize::try_from(row), usize::try_from(from), usize::try_from(to))
        else {
            return &mut [];
        };
        if row >= self.height || to > self.width || from >= to {
            return &mut [];
        }
        let start = row * self.width;
        &mut self.pixels[start + from..start + to]
    }
}

/// A clip rectangle in pixels, inside the canvas, its ends excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clip {
    left: i64,
    top: i64,
    right: i64,
    bottom: i64,
}

impl Clip {
    fn new(rect: Rect, pixels_per_point: f32, canvas: &Canvas) -> Clip {
        // Saturating casts: egui clips to everything with an infinite rectangle.
        let pixel =
            |points: f32, limit: usize| ((points * pixels_per_point).round() as i64).clamp(0, limit as i64);
        Clip {
            left: pixel(rect.min.x, canvas.width),
            top: pixel(rect.min.y, canvas.height),
            right: pixel(rect.max.x, canvas.width),
            bottom: pixel(rect.max.y, canvas.height),
        }
    }
}

#[cfg(test)]
mod tests;
