//! Parameters of C++ templates, by name: those of a function, then those of the classes around it.
//!
//! # Invariants
//! - The entries of a function or class are gone through once, and remembered.
//!
//! Must not know: frames, the live guest.

use super::DieId;
use super::types::each_child;
use super::units::Units;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Classes around a function that are looked into.
const DEPTH_LIMIT: usize = 16;

/// A parameter: for a value or a type, its name, and its DIE.
type Parameter = (gimli::DwTag, String, DieId);

/// What is known of functions and classes.
#[derive(Debug, Default)]
pub(crate) struct TemplateParameters(Mutex<HashMap<DieId, Arc<[Parameter]>>>);

impl TemplateParameters {
    /// A parameter of a tag (for a value or a type) that is seen in a function.
    pub fn find(&self, units: &Units, function: DieId, tag: gimli::DwTag, name: &str) -> Option<DieId> {
        let around = std::iter::successors(Some(function), |&inner| units.scope_around(inner));
        around.take(DEPTH_LIMIT).find_map(|die| {
            let parameters = self.of(units, die);
            let mut fits = parameters
                .iter()
                .filter(|(of, called, _)| *of == tag && called == name);
            fits.next().map(|(.., die)| *die)
        })
    }

    fn of(&self, units: &Units, die: DieId) -> Arc<[Parameter]> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let parameters = known.entry(die).or_insert_with(|| {
            let mut found = Vec::new();
            // An inlined copy or a definition may have none, but what it was made from has.
            for (unit, entry) in units.origins(die) {
                each_child(unit, &entry, |child| {
                    let tag = child.tag();
                    let die = unit.die(child.offset());
                    if matches!(
                        tag,
                        gimli::DW_TAG_template_value_parameter | gimli::DW_TAG_template_type_parameter
                    ) && let Some(name) = units.name(die)
                    {
                        found.push((tag, name, die));
                    }
                });
            }
            found.into()
        });
        parameters.clone()
    }
}
