//! Raw JSON to checked, compiled settings. Reports every problem at once, by JSON pointer, never with a value.
