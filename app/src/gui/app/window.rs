//! The window of the desktop around the application: a thin wrapper for eframe.

use super::{App, AppOptions};
use crate::gui::settings::Settings;

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _: &mut eframe::Frame) {
        self.pump(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        self.show(ui);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        if !self.options.headless {
            self.note_wishes();
            self.settings.save(storage);
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}

/// Opens the window and returns when it is closed.
pub fn run(options: AppOptions) -> anyhow::Result<()> {
    let mut viewport = egui::ViewportBuilder::default()
        .with_title("Stepwell")
        .with_app_id("stepwell")
        .with_inner_size([1280.0, 800.0])
        .with_min_inner_size([760.0, 480.0]);
    if let Some(icon) = window_icon() {
        viewport = viewport.with_icon(icon);
    }
    let native = eframe::NativeOptions {
        viewport,
        ..eframe::NativeOptions::default()
    };
    let create = move |cc: &eframe::CreationContext<'_>| -> Result<Box<dyn eframe::App>, _> {
        let settings = Settings::load(cc.storage);
        Ok(Box::new(App::with_settings(&cc.egui_ctx, options, settings)) as Box<dyn eframe::App>)
    };
    eframe::run_native("stepwell", native, Box::new(create))
        .map_err(|error| anyhow::anyhow!("cannot open a window: {}", without_place(&error.to_string())))
}

/// A message without the source file and line that the windowing library puts before it.
fn without_place(message: &str) -> &str {
    match message.rsplit_once(".rs:") {
        Some((_, rest)) => rest
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == ':')
            .trim(),
        None => message,
    }
}

fn window_icon() -> Option<egui::IconData> {
    let bytes: &[u8] = include_bytes!("../../../../assets/icons/stepwell.png");
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().ok()?;
    let mut rgba = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut rgba).ok()?;
    Some(egui::IconData {
        rgba,
        width: info.width,
        height: info.height,
    })
}

#[cfg(test)]
mod tests {
    use super::without_place;

    #[test]
    fn a_message_loses_the_place_in_somebody_elses_sources() {
        let message = "winit EventLoopError: os error at /a/b.rs:788: Failed to open connection to X server";
        assert_eq!(without_place(message), "Failed to open connection to X server");
        assert_eq!(without_place("no matching config"), "no matching config");
    }
}
