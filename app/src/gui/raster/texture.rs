//! A texture in memory and how a point of it is read.
//!
//! Coordinates are integers in 1/256 texel, so that a glyph drawn texel on pixel is copied exactly and rounding
//! is the same everywhere.

use super::Rgba;
use egui::epaint::ImageDelta;
use egui::{Color32, ImageData, TextureFilter, TextureOptions, TextureWrapMode};

/// Units of a texture coordinate in one texel.
pub(super) const TEXEL: i64 = 256;

/// An image with its reading rules.
#[derive(Debug)]
pub(super) struct Texture {
    width: i64,
    height: i64,
    texels: Vec<Rgba>,
    options: TextureOptions,
}

impl Texture {
    /// A texture from a full image.
    pub(super) fn new(delta: &ImageDelta) -> Texture {
        let ImageData::Color(image) = &delta.image;
        Texture {
            width: image.size[0] as i64,
            height: image.size[1] as i64,
            texels: image.pixels.iter().map(Color32::to_array).collect(),
            options: delta.options,
        }
    }

    /// Replaces a rectangle; what would lie outside is ignored.
    pub(super) fn update(&mut self, [left, top]: [usize; 2], delta: &ImageDelta) {
        let ImageData::Color(image) = &delta.image;
        let width = self.width as usize;
        if image.size[0] == 0 || left.saturating_add(image.size[0]) > width {
            return;
        }
        let rows = self.texels.chunks_exact_mut(width).skip(top);
        for (row, line) in rows.zip(image.pixels.chunks_exact(image.size[0])) {
            for (texel, color) in row[left..].iter_mut().zip(line) {
                *texel = color.to_array();
            }
        }
        self.options = delta.options;
    }

    /// Size in texels.
    pub(super) fn size(&self) -> [i64; 2] {
        [self.width, self.height]
    }

    /// How to read it where a step of one pixel is this many texels (in [`TEXEL`] units).
    pub(super) fn filter(&self, step: i64) -> TextureFilter {
        if step > TEXEL {
            self.options.minification
        } else {
            self.options.magnification
        }
    }

    /// The colour at a point.
    pub(super) fn sample(&self, filter: TextureFilter, x: i64, y: i64) -> Rgba {
        match filter {
            TextureFilter::Nearest => self.texel(x.div_euclid(TEXEL), y.div_euclid(TEXEL)),
            TextureFilter::Linear => self.bilinear(x - TEXEL / 2, y - TEXEL / 2),
        }
    }

    fn bilinear(&self, x: i64, y: i64) -> Rgba {
        let (left, top) = (x >> 8, y >> 8);
        let (right_part, low_part) = (x & 255, y & 255);
        let first = self.texel(left, top);
        if right_part == 0 && low_part == 0 {
            return first;
        }
        let others = [
            self.texel(left + 1, top),
            self.texel(left, top + 1),
            self.texel(left + 1, top + 1),
        ];
        let parts = [
            (TEXEL - right_part) * (TEXEL - low_part),
            right_part * (TEXEL - low_part),
            (TEXEL - right_part) * low_part,
            right_part * low_part,
        ];
        let mut mixed = first;
        for (channel, value) in mixed.iter_mut().enumerate() {
            let sum = i64::from(first[channel]) * parts[0]
                + i64::from(others[0][channel]) * parts[1]
                + i64::from(others[1][channel]) * parts[2]
                + i64::from(others[2][channel]) * parts[3];
            *value = ((sum + (1 << 15)) >> 16) as u8;
        }
        mixed
    }

    fn texel(&self, x: i64, y: i64) -> Rgba {
        let (x, y) = if x >= 0 && y >= 0 && x < self.width && y < self.height {
            (x, y)
        } else {
            let mode = self.options.wrap_mode;
            (wrap(x, self.width, mode), wrap(y, self.height, mode))
        };
        let at = (y * self.width + x) as usize;
        self.texels.get(at).copied().unwrap_or_default()
    }
}

/// Brings a texel coordinate into `0..len`.
fn wrap(at: i64, len: i64, mode: TextureWrapMode) -> i64 {
    if len <= 0 {
        return 0;
    }
    match mode {
        TextureWrapMode::ClampToEdge => at.clamp(0, len - 1),
        TextureWrapMode::Repeat => at.rem_euclid(len),
        TextureWrapMode::MirroredRepeat => {
            let turn = at.rem_euclid(2 * len);
            turn.min(2 * len - 1 - turn)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::ColorImage;

    fn two_by_one(options: TextureOptions) -> Texture {
        let image = ColorImage::new([2, 1], vec![Color32::BLACK, Color32::WHITE]);
        Texture::new(&ImageDelta::full(image, options))
    }

    #[test]
    fn nearest_takes_the_texel_a_point_lies_in() {
        let texture = two_by_one(TextureOptions::NEAREST);
        let red = |x| texture.sample(TextureFilter::Nearest, x, 128)[0];
        assert_eq!([red(0), red(255), red(256), red(511)], [0, 0, 255, 255]);
    }

    #[test]
    fn linear_is_exact_at_centres_and_halfway_between() {
        let texture = two_by_one(TextureOptions::LINEAR);
        let red = |x| texture.sample(TextureFilter::Linear, x, 128)[0];
        assert_eq!([red(128), red(256), red(384)], [0, 128, 255]);
        assert_eq!([red(-5000), red(5000)], [0, 255], "clamped to the edge");
    }

    #[test]
    fn wraps_by_mode() {
        let at = |mode| [-1, 0, 2, 3, 4].map(|x| wrap(x, 3, mode));
        assert_eq!(at(TextureWrapMode::ClampToEdge), [0, 0, 2, 2, 2]);
        assert_eq!(at(TextureWrapMode::Repeat), [2, 0, 2, 0, 1]);
        assert_eq!(at(TextureWrapMode::MirroredRepeat), [0, 0, 2, 2, 1]);
    }

    #[test]
    fn a_partial_update_changes_its_rectangle_only() {
        let black = ColorImage::filled([3, 3], Color32::BLACK);
        let mut texture = Texture::new(&ImageDelta::full(black, TextureOptions::NEAREST));
        let white = ColorImage::filled([2, 1], Color32::WHITE);
        texture.update(
            [1, 1],
            &ImageDelta::partial([1, 1], white.clone(), TextureOptions::NEAREST),
        );
        let reds: Vec<u8> = texture.texels.iter().map(|texel| texel[0]).collect();
        assert_eq!(reds, [0, 0, 0, 0, 255, 255, 0, 0, 0]);
        // Beyond the right edge: refused whole, not wrapped into the next row.
        texture.update(
            [2, 0],
            &ImageDelta::partial([2, 0], white, TextureOptions::NEAREST),
        );
        assert_eq!(texture.texels.iter().filter(|texel| texel[0] == 255).count(), 2);
    }
}
