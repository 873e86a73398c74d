//! Bytes to a validated [`Module`].

use super::Module;
use crate::error::Error;
use std::sync::Arc;

/// Decodes and validates a module.
pub fn decode(bytes: Arc<[u8]>) -> Result<Arc<Module>, Error> {
    let _ = bytes;
    todo!()
}
