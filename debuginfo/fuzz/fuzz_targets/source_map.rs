//! Fuzzes `source_map`; see the library.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| stepwell_debuginfo_fuzz::source_map(data));
