// SPDX-License-Identifier: LGPL-2.1-or-later

//! A session number that no clone has: see ../bindings.md. Build: rustc session.rs

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::os::raw::{c_int, c_long, c_void};
use std::os::unix::io::AsRawFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use std::{env, ptr, thread};

extern "C" {
    fn mmap(at: *mut c_void, size: usize, access: c_int, flags: c_int, fd: c_int, offset: c_long)
        -> *mut c_void;
    fn madvise(at: *mut c_void, size: usize, advice: c_int) -> c_int;
    fn getpagesize() -> c_int;
}
const PROT_READ: c_int = 1;
const MAP_SHARED: c_int = 1;
const MADV_DONTNEED: c_int = 4;

fn page_size() -> usize {
    unsafe { getpagesize() as usize }
}

/// A page that stays mapped for as long as the program runs.
fn map_page(file: &File, offset: usize) -> Option<*mut c_void> {
    let (size, fd) = (page_size(), file.as_raw_fd());
    let page =
        unsafe { mmap(ptr::null_mut(), size, PROT_READ, MAP_SHARED, fd, offset as c_long) };
    if page as isize == -1 { None } else { Some(page) }
}

struct Counter {
    generation: &'static AtomicU32,
    known: &'static AtomicU64, // which counter of the hypervisor's the generation stands for
    vmclock: Option<*mut c_void>, // the hypervisor's page
}

impl Counter {
    /// None where there is no counter and nothing can be noticed.
    fn open() -> Option<Counter> {
        let path = env::var("SYSGENID_PATH").unwrap_or_else(|_| "/dev/sysgenid".to_string());
        let file = File::open(path).ok()?;
        let page = map_page(&file, 0)?;
        // A file in the counter's place has one page, and an older module as well.
        let one_page = file.metadata().ok()?.len() == page_size() as u64;
        let vmclock = if one_page { None } else { map_page(&file, page_size()) };
        unsafe {
            Some(Counter {
                generation: &*(page as *const AtomicU32),
                known: &*(page.add(80) as *const AtomicU64),
                vmclock,
            })
        }
    }

    /// Has the hypervisor restored this machine, and the kernel not moved the generation yet?
    fn is_behind(&self) -> bool {
        self.vmclock.map_or(false, |page| {
            let counter = unsafe { &*(page.add(0x68) as *const AtomicU64) };
            counter.load(Ordering::Acquire) != self.known.load(Ordering::Acquire)
        })
    }

    /// Has the kernel move it. False if it does not do so within a second.
    fn catch_up(&self) -> bool {
        for tries in 0..1000 {
            if !self.is_behind() {
                return true;
            }
            if tries > 0 {
                thread::sleep(Duration::from_millis(1));
            }
            // With the next load of that page the kernel looks.
            if let Some(page) = self.vmclock {
                unsafe { madvise(page, page_size(), MADV_DONTNEED) };
            }
        }
        !self.is_behind()
    }
}

struct Session {
    counter: Option<Counter>,
    seen: u32,
    number: Option<u64>, // what must not exist twice
}

impl Session {
    fn new() -> Session {
        let counter = Counter::open();
        let seen = counter.as_ref().map_or(0, |counter| counter.generation.load(Ordering::Acquire));
        Session { counter, seen, number: None }
    }

    fn number(&mut self) -> io::Result<u64> {
        if let Some(counter) = &self.counter {
            let sure = counter.catch_up();
            let now = counter.generation.load(Ordering::Acquire);
            if !sure || now != self.seen {
                self.number = None; // made by somebody we were once
            }
            self.seen = now;
        }
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
