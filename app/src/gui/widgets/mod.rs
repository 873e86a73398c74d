//! What panes draw with. A widget knows colours and geometry, never the model.

pub mod code_view;
pub mod hex_view;
pub mod mark;
pub mod parts;
pub mod syntax;
mod syntax_wat;
pub mod value_tree;
