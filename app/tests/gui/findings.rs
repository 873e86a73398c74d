//! What the window says of a module's debug info, and where its sources come from.

use crate::window::*;
use egui_kittest::kittest::Queryable;
use std::sync::Arc;
use stepwell_debuginfo::DebugInfo;
use stepwell_engine::debugger::*;

/// The events of a loaded module, with the debug info changed.
fn told(change: impl FnOnce(&mut DebugSummary)) -> [Event; 2] {
    let [module, mut info] = loaded();
    if let Event::DebugInfo(debug) = &mut info {
        change(debug);
    }
    [module, info]
}

#[test]
fn what_is_lacking_stands_with_what_to_do_about_it() {
    let findings = DebugInfo::parse(Arc::from(*b"\0asm\x01\0\0\0")).findings();
    assert_eq!(findings.len(), 1);
    let mut window = window();
    let path = "/nowhere/at/all.c";
    tell(
        &mut window,
        told(|debug| {
            debug.findings = findings.clone();
            debug.files[0].path = path.to_owned();
        }),
    );
    tab(&mut window, "Module");
    click(&mut window, "Debug info");
    window.run();
    window.get_by_label(&findings[0].message);
    window.get_by_label(&findings[0].advice);
    window.get_by_label(&format!("The source file {path} was not found."));
}

#[test]
fn a_source_that_the_debug_info_holds_is_shown() {
    let mut window = sample();
    tell(
        &mut window,
        told(|debug| {
            debug.files[0].path = "/nowhere/at/all.c".to_owned();
            debug.files[0].embedded = true;
            debug.main.iter_mut().for_each(|place| place.line = 1);
        }),
    );
    answer(&mut window, "0");
    window.get_by_label("line 1");
}

#[test]
fn a_source_that_changed_is_shown_with_a_word_of_warning() {
    let mut window = sample();
    tell(&mut window, told(|debug| debug.files[0].md5 = Some([1; 16])));
    answer(&mut window, "0");
    // The sample's text is part of the program: it fits by definition.
    window.get_by_label("line 96");
    assert!(window.query_by_label_contains("has changed since").is_none());
    let mut window = sample();
    // A file of this crate under a recorded path of the same end is not what was compiled.
    let changed = concat!(env!("CARGO_MANIFEST_DIR"), "/src/main.rs");
    tell(
        &mut window,
        told(|debug| {
            debug.files[0].path = changed.to_owned();
            debug.files[0].md5 = Some([1; 16]);
            debug.main.iter_mut().for_each(|place| {
                place.path = changed.to_owned();
                place.line = 1;
            });
        }),
    );
    answer(&mut window, "0");
    window.get_by_label_contains("has changed since it was compiled");
}
