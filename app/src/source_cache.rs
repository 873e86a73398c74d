//! Source files, read once.
