//! Lines and breakpoints of optimized code, and of units in different versions of DWARF.

mod common;

use common::*;
use std::sync::Arc;
use stepwell_debuginfo::*;

#[test]
fn a_line_stops_in_every_inlined_call_that_has_some_of_it() {
    let info = DebugInfo::parse(Arc::from(own("twice.wasm")));
    let at = |line| {
        let binding = info.binding_from_line(file(&info, "twice.c"), line).unwrap();
        assert_eq!(binding.line, line);
        binding.locations
    };
    let callers = |locations: &[CodeOffset]| -> Vec<u32> {
        let frames = locations.iter().map(|&location| info.frames_at(location));
        let outer = frames.map(|frames| frames[1].location.unwrap().line);
        outer.collect()
    };
    // One call has no more of the line than a jump.
    let stops = at(14);
    assert_eq!(callers(&stops), [23, 24]);
    assert_eq!(callers(&at(13)), [23, 24]);
    // To a step, it is what follows the line before.
    let steps: Vec<bool> = stops.iter().map(|&stop| info.is_statement_start(stop)).collect();
    assert_eq!(steps, [false, true]);
    // Its function has no body; where its calls begin is known.
    assert_eq!(info.functions_named("pick"), []);
    let calls = info.inlined_calls_named("pick");
    assert_eq!(callers(&calls), [23, 24]);
    assert!(calls.iter().all(|&at| info.frames_at(at)[0].function == "pick"));
    for nobody in ["twice", "pic", "work"] {
        assert_eq!(info.inlined_calls_named(nobody), [], "{nobody}");
    }
}

#[test]
fn units_of_two_versions_in_one_module() {
    let info = DebugInfo::parse(Arc::from(own("mixed.wasm")));
    assert_eq!(info.findings(), []);
    let versions: Vec<u16> = info.units().iter().map(|unit| unit.version).collect();
    assert_eq!(versions, [4, 5]);
    let mut fake = Fake::new(0x1000);
    // Both functions have their frame base in local 3; the pair of the older one is what the newer one gets.
    fake.locals.insert(3, WasmValue::I32(0x400));
    let frame = |fake: &mut Fake, values: [u32; 4]| {
        for (at, value) in (0x400..).step_by(4).zip(values) {
            fake.put_u32(at, value);
        }
    };
    let shown = |fake: &Fake, name: &str, line: u32, function: &str| {
        let at = stop(&info, name, line);
        let place = info.location_from_code_offset(at).unwrap();
        assert_eq!((place.file, place.line), (file(&info, name), line));
        assert_eq!(info.frames_at(at)[0].function, function);
        show(&info, fake, &info.variables(at, 0, fake), 1)
    };
    // sum, pair, number.
    frame(&mut fake, [0, 7, 14, 7]);
    assert_eq!(
        shown(&fake, "mixed4.c", 16, "older"),
        "number: int = 7 [Parameter]\n\
         pair: struct pair = {left = 7, right = 14} [Local]\n  left: int = 7\n  right: int = 14\n\
         sum: int = 0 [Local]\n"
    );
    // round, total, the pointer; what that leads to.
    frame(&mut fake, [0, 2, 35, 0x800]);
    fake.put_u32(0x800, 7);
    fake.put_u32(0x804, 14);
    assert_eq!(
        shown(&fake, "mixed5.c", 9, "newer"),
        "pair: struct pair * = 0x800 [Parameter]\n  left: int = 7\n  right: int = 14\n\
         total: int = 35 [Local]\n\
         round: int = 2 [Local]\n"
    );
    assert_eq!(info.functions_named("older").len(), 1);
    assert_eq!(info.functions_named("newer").len(), 1);
}
