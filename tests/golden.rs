#![cfg(test)]
//! The corpus, native.

mod support;

use support::fixture;

#[test]
fn loads() {
    let all = fixture::load();
    println!("{}", all.len());
    for f in &all {
        println!("{} {} {:?}", f.name, f.exchanges.len(), f.exchanges.iter().map(|e| e.response.as_ref().map(|r| r.body.len())).collect::<Vec<_>>());
    }
}
