//! One JSON Schema per event, made from the types.
