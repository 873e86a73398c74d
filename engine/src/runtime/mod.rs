//! Everything live: the store, guest stacks, code memory, entry and exit, traps. The only unsafe code.
pub mod host;
