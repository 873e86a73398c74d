//! The tree of panes: which there are, and how they lie at first.
//!
//! Must not know: what a pane draws.

use egui_tiles::{Container, Linear, LinearDir, Tile, TileId, Tiles, Tree};
use serde::{Deserialize, Serialize};

/// A pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pane {
    /// Source text.
    #[default]
    Source,
    /// Wasm text.
    Wasm,
    /// Variables and wasm locals.
    Locals,
    /// Globals.
    Globals,
    /// Call stack.
    Stack,
    /// Operand stack.
    Operands,
    /// Linear memory.
    Memory,
    /// Tables.
    Tables,
    /// Breakpoints.
    Breakpoints,
    /// The module.
    Modules,
    /// The guest's output.
    Output,
}

impl Pane {
    /// All panes.
    pub const ALL: [Pane; 11] = [
        Pane::Source,
        Pane::Wasm,
        Pane::Locals,
        Pane::Globals,
        Pane::Stack,
        Pane::Operands,
        Pane::Memory,
        Pane::Tables,
        Pane::Breakpoints,
        Pane::Modules,
        Pane::Output,
    ];

    /// What its tab says.
    pub fn title(self) -> &'static str {
        match self {
            Pane::Source => "Source",
            Pane::Wasm => "Wasm",
            Pane::Locals => "Variables",
            Pane::Globals => "Globals",
            Pane::Stack => "Call stack",
            Pane::Operands => "Operand stack",
            Pane::Memory => "Memory",
            Pane::Tables => "Tables",
            Pane::Breakpoints => "Breakpoints",
            Pane::Modules => "Module",
            Pane::Output => "Output",
        }
    }
}

fn split(tiles: &mut Tiles<Pane>, dir: LinearDir, parts: &[(TileId, f32)]) -> TileId {
    let children = parts.iter().map(|(id, _)| *id).collect();
    let mut linear = Linear::new(dir, children);
    for (id, share) in parts {
        linear.shares.set_share(*id, *share);
    }
    tiles.insert_new(Tile::Container(Container::Linear(linear)))
}

fn tabs(tiles: &mut Tiles<Pane>, panes: &[Pane]) -> TileId {
    let children = panes.iter().map(|pane| tiles.insert_pane(*pane)).collect();
    tiles.insert_tab_tile(children)
}

/// The panes as they lie at first: sources and wasm text side by side, the selected frame at the right,
/// the guest's words and memory below.
pub fn default_tree() -> Tree<Pane> {
    let mut tiles = Tiles::default();
    let t = &mut tiles;
    let source = tabs(t, &[Pane::Source]);
    let wasm = tabs(t, &[Pane::Wasm]);
    let output = tabs(t, &[Pane::Output, Pane::Breakpoints, Pane::Modules]);
    let memory = tabs(t, &[Pane::Memory, Pane::Tables]);
    let values = tabs(t, &[Pane::Locals, Pane::Globals]);
    let stack = tabs(t, &[Pane::Stack]);
    let operands = tabs(t, &[Pane::Operands]);
    let code = split(t, LinearDir::Horizontal, &[(source, 0.6), (wasm, 0.4)]);
    let below = split(t, LinearDir::Horizontal, &[(output, 0.4), (memory, 0.6)]);
    let left = split(t, LinearDir::Vertical, &[(code, 0.64), (below, 0.36)]);
    let right = split(
        t,
        LinearDir::Vertical,
        &[(values, 0.5), (stack, 0.28), (operands, 0.22)],
    );
    let root = split(t, LinearDir::Horizontal, &[(left, 0.73), (right, 0.27)]);
    Tree::new(egui::Id::unique("panes"), root, tiles)
}

/// Whether every pane stands in the tree exactly once, as a stored tree must.
pub fn is_whole(tree: &Tree<Pane>) -> bool {
    let mut found: Vec<Pane> = tree
        .tiles
        .tiles()
        .filter_map(|tile| match tile {
            Tile::Pane(pane) => Some(*pane),
            Tile::Container(_) => None,
        })
        .collect();
    let count = found.len();
    found.retain(|pane| Pane::ALL.contains(pane));
    found.sort_by_key(|pane| pane.title());
    found.dedup();
    count == Pane::ALL.len() && found.len() == Pane::ALL.len() && tree.root.is_some()
}

/// Brings a pane to the front of its tabs.
pub fn focus(tree: &mut Tree<Pane>, pane: Pane) {
    tree.make_active(|_, tile| matches!(tile, Tile::Pane(other) if *other == pane));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_layout_has_every_pane_and_survives_storing() {
        let tree = default_tree();
        assert!(is_whole(&tree));
        let text = serde_json::to_string(&tree).expect("serializes");
        let back: Tree<Pane> = serde_json::from_str(&text).expect("parses");
        assert!(is_whole(&back));
    }
}
