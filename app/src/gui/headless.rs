//! A window without a display: runs a user interface frame by frame in a bare egui context and draws it on the CPU.
//!
//! # Invariants
//! - No clock is read. Time goes on by a sixtieth of a second a frame, so that animations end where they always end.
//! - A frame that asks for another at once is not settled; pictures are taken of settled frames. An interface that
//!   never settles is drawn after [`MAX_FRAMES`] all the same.
//!
//! Must not know: what it draws.

use super::raster::Raster;
use anyhow::Context as _;
use egui::{Event, Pos2, RawInput, Rect, Ui, Vec2, ViewportId};
use std::path::Path;
use std::time::Duration;

/// Frames after which an interface is drawn even if it still moves (four seconds of its time).
pub const MAX_FRAMES: u32 = 240;

/// Frames an interface gets at least: the first lays out with sizes it does not know yet.
const MIN_FRAMES: u32 = 3;

const FRAME_SECONDS: f64 = 1.0 / 60.0;

/// The largest side of the font atlas: what any GPU of the last fifteen years takes.
const MAX_TEXTURE_SIDE: usize = 8192;

/// A finished picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Rows from the top, four bytes a pixel: red, green, blue, alpha.
    pub rgba: Vec<u8>,
}

impl Picture {
    /// The picture as the bytes of a PNG file.
    pub fn png(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let (width, height) = (u32::try_from(self.width)?, u32::try_from(self.height)?);
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgba)?;
        writer.finish()?;
        Ok(bytes)
    }
}

/// Writes a picture to a PNG file.
pub fn write_png(path: &Path, picture: &Picture) -> anyhow::Result<()> {
    std::fs::write(path, picture.png()?).with_context(|| format!("cannot write {}", path.display()))
}

/// An egui context with a canvas instead of a display.
pub struct Headless {
    context: egui::Context,
    raster: Raster,
    pixels_per_point: f32,
    frames: u32,
}

impl Headless {
    /// A window of this many pixels.
    pub fn new(context: egui::Context, size: [usize; 2], pixels_per_point: f32) -> Headless {
        Headless {
            context,
            raster: Raster::new(size),
            pixels_per_point,
            frames: 0,
        }
    }

    /// The context the interface runs in.
    pub fn context(&self) -> &egui::Context {
        &self.context
    }

    /// Runs one frame with these input events and draws it. Whether the interface has settled: it does not ask
    /// for another frame at once.
    pub fn frame(&mut self, events: Vec<Event>, show: impl FnMut(&mut Ui)) -> bool {
        let mut output = self.context.run_ui(self.input(events), show);
        self.frames += 1;
        self.raster.update_textures(&output.textures_delta);
        let settled = output
            .viewport_output
            .get(&ViewportId::ROOT)
            .is_none_or(|viewport| viewport.repaint_delay > Duration::ZERO);
        let primitives = self.context.tessellate(output.shapes, output.pixels_per_point);
        self.raster.clear(egui::Color32::BLACK);
        self.raster.paint(&primitives, output.pixels_per_point);
        self.raster.free_textures(&output.textures_delta);
        output.textures_delta.clear();
        settled
    }

    /// Runs frames until the interface has settled, and returns how it looks then.
    pub fn draw(&mut self, mut show: impl FnMut(&mut Ui)) -> Picture {
        for frame in 1..=MAX_FRAMES {
            if self.frame(Vec::new(), &mut show) && frame >= MIN_FRAMES {
                break;
            }
        }
        self.picture()
    }

    /// The last frame.
    pub fn picture(&self) -> Picture {
        let [width, height] = self.raster.size();
        Picture {
            width,
            height,
            rgba: self.raster.rgba().to_vec(),
        }
    }

    fn input(&self, events: Vec<Event>) -> RawInput {
        let [width, height] = self.raster.size();
        let size = Vec2::new(width as f32, height as f32) / self.pixels_per_point;
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            max_texture_side: Some(MAX_TEXTURE_SIDE),
            time: Some(f64::from(self.frames) * FRAME_SECONDS),
            predicted_dt: FRAME_SECONDS as f32,
            events,
            focused: true,
            ..Default::default()
        };
        let viewport = input.viewports.entry(ViewportId::ROOT).or_default();
        viewport.native_pixels_per_point = Some(self.pixels_per_point);
        viewport.focused = Some(true);
        input
    }
}

/// Draws an interface once it has settled: `size` in pixels.
pub fn draw(
    size: [usize; 2],
    pixels_per_point: f32,
    context: &egui::Context,
    show: impl FnMut(&mut Ui),
) -> Picture {
    Headless::new(context.clone(), size, pixels_per_point).draw(show)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    /// A page of text with a heading, a button and a long list: about as much ink as the real window.
    fn page(ui: &mut Ui) {
        egui::CentralPanel::default().show(ui, |ui| {
            ui.heading("Stepwell");
            let _ = ui.button("Run");
            for row in 0..60 {
                ui.monospace(format!(
                    "{row:04x}  local.get 0  i32.const {row}  i32.add  call $f{row}  ;; {}",
                    "step ".repeat(12)
                ));
            }
        });
    }

    #[test]
    fn a_settled_page_looks_the_same_each_time() {
        let picture = || draw([640, 400], 1.0, &egui::Context::default(), page);
        let first = picture();
        assert_eq!(first.rgba.len(), 640 * 400 * 4);
        let background = first.rgba[first.rgba.len() - 4..].to_vec();
        let ink = first.rgba.chunks_exact(4).filter(|pixel| *pixel != background);
        assert!(ink.count() > 5000, "the text is there");
        assert!(first == picture());
    }

    #[test]
    fn animations_run_to_their_end() {
        let mut on = false;
        let mut last = 0.0;
        let mut stage = Headless::new(egui::Context::default(), [32, 32], 1.0);
        stage.draw(|ui| {
            last = ui.ctx().animate_bool(egui::Id::unique("lamp"), on);
            on = true;
        });
        assert_eq!(last, 1.0);
    }

    #[test]
    fn an_interface_that_never_rests_is_drawn_all_the_same() {
        let mut frames = 0;
        draw([8, 8], 1.0, &egui::Context::default(), |ui| {
            frames += 1;
            ui.ctx().request_repaint();
        });
        // A frame may run twice when its layout asks for it.
        assert!(frames >= MAX_FRAMES);
    }

    #[test]
    fn a_png_holds_the_picture() {
        let picture = draw([50, 20], 2.0, &egui::Context::default(), page);
        let bytes = picture.png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut rgba = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgba).unwrap();
        assert_eq!((info.width, info.height), (50, 20));
        assert!(rgba == picture.rgba);
    }

    #[test]
    fn a_whole_window_is_drawn_in_well_under_a_second() {
        let mut stage = Headless::new(egui::Context::default(), [1280, 800], 1.0);
        stage.draw(page);
        // The best of three: the machine may be busy.
        let best = (0..3)
            .map(|_| {
                let start = Instant::now();
                stage.frame(Vec::new(), page);
                start.elapsed()
            })
            .min();
        assert!(best < Some(Duration::from_secs(1)), "{best:?}");
    }
}
