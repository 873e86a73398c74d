//! WASI preview 1, called as the engine calls it: host functions on a byte vector of guest memory.

mod context;
mod files;
mod guest;
mod hostile;
mod listing;
mod paths;
mod sandbox;
mod streams;
mod waiting;
