// SPDX-License-Identifier: LGPL-2.1-or-later

//! A session number that no clone has: see ../bindings.md. Build: rustc session.rs

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::os::raw::{c_int, c_long, c_void};
use std::os::unix::io::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, ptr};

extern "C" {
    fn mmap(at: *mut c_void, size: usize, access: c_int, flags: c_int, fd: c_int, offset: c_long)
        -> *mut c_void;
}
const PROT_READ: c_int = 1;
const MAP_SHARED: c_int = 1;

/// The word; None where there is no counter and nothing can be noticed.
fn open_counter() -> Option<&'static AtomicU32> {
    let path = env::var("SYSGENID_PATH").unwrap_or_else(|_| "/dev/sysgenid".to_string());
    let file = File::open(path).ok()?;
    // Four bytes that stay mapped for as long as the program runs.
    let page = unsafe { mmap(ptr::null_mut(), 4, PROT_READ, MAP_SHARED, file.as_raw_fd(), 0) };
    if page as isize == -1 {
        return None;
    }
    Some(unsafe { &*(page as *const AtomicU32) })
}

struct Session {
    word: Option<&'static AtomicU32>,
    seen: u32,
    number: Option<u64>, // what must not exist twice
}

impl Session {
    fn new() -> Session {
        let word = open_counter();
        let seen = word.map_or(0, |word| word.load(Ordering::Acquire));
        Session { word, seen, number: None }
    }

    fn number(&mut self) -> io::Result<u64> {
        let now = self.word.map_or(self.seen, |word| word.load(Ordering::Acquire));
        if now != self.seen {
            self.number = None; // made by somebody we were once
        }
        self.seen = now;
        if let Some(number) = self.number {
            return Ok(number);
        }
        let mut bytes = [0; 8];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        let number = u64::from_ne_bytes(bytes);
        self.number = Some(number);
        Ok(number)
    }
}

fn main() -> io::Result<()> {
    let mut session = Session::new();
    for line in io::stdin().lock().lines() {
        line?;
        println!("{:016x}", session.number()?);
    }
    Ok(())
}
