//! What the codec costs: the measurements are in `benches/`, one file each.
