#![cfg(test)]
//! The built module in the fake host ([`host`]): its life from configuration to the last flush.

mod host;

use host::{Host, Script, module};

#[test]
fn an_empty_filter_lets_everything_pass() {
    let mut host = Host::start(&module("examples/counted_empty_filter.wasm"), "{}", &[]);
    host.reset_costs();
    let before = host.number("allocations");
    host.exchange(&Script::new("GET", "a.example", "/", 200));
    eprintln!("{:?} {}", host.costs(), host.number("allocations") - before);
}
