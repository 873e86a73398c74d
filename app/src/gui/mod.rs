//! The window.

pub mod headless;
pub mod preflight;
pub mod raster;
