// SPDX-License-Identifier: GPL-2.0-only

//! Public sources of randomness of Rust's standard library, which has no generator but the keys of its hash tables.
//! usage: draw GO    (see table)

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use std::{env, thread};

fn hash() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write(b"text");
    hasher.finish()
}

fn main() {
    let go = env::args().nth(1).expect("usage: draw GO");
    hash();
    println!("ready");
    while !Path::new(&go).exists() {
        thread::sleep(Duration::from_millis(100));
    }
    println!("Rust\tRandomState, in the same thread\t{}\t{}\t{}", hash(), hash(), hash());
    let other = thread::spawn(hash).join().expect("a thread");
    println!("Rust\tRandomState, in a new thread\t{other}");
    println!("done");
    std::io::stdout().flush().expect("flush");
    thread::sleep(Duration::from_secs(3600));
}
