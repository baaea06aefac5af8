//! What the benchmarks share: what is measured of the codec, and how.

pub mod codec;
pub mod measure;
pub mod program;
pub mod size;
