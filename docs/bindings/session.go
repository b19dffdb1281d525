// SPDX-License-Identifier: LGPL-2.1-or-later

// A session number that no clone has: see ../bindings.md. Build: go build session.go
package main

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

var (
	page    []byte // nil: there is no counter, and nothing can be noticed
	vmclock []byte // the hypervisor's page; nil: there is none
	seen    uint32
	session []byte // what must not exist twice
)

func mapPage(file *os.File, offset int64) []byte {
	mapped, err := syscall.Mmap(int(file.Fd()), offset, os.Getpagesize(),
		syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil
	}
	return mapped
}

func generation() uint32 {
	return atomic.LoadUint32((*uint32)(unsafe.Pointer(&page[0])))
}

func openCounter() {
	path := os.Getenv("SYSGENID_PATH")
	if path == "" {
		path = "/dev/sysgenid"
	}
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer file.Close()
	page = mapPage(file, 0)
	// A file in the counter's place has one page, and an older module as well.
	if info, err := file.Stat(); err == nil && info.Size() != int64(os.Getpagesize()) {
		vmclock = mapPage(file, int64(os.Getpagesize()))
	}
	if page != nil {
		seen = generation()
	}
}

// Has the hypervisor restored this machine, and the kernel not moved the generation yet?
func isBehind() bool {
	return vmclock != nil && atomic.LoadUint64((*uint64)(unsafe.Pointer(&vmclock[0x68]))) !=
		atomic.LoadUint64((*uint64)(unsafe.Pointer(&page[80])))
}

// Has the kernel move it. Returns false if it does not do so within a second.
func catchUp() bool {
	for tries := 0; isBehind(); tries++ {
		if tries == 1000 {
			return false
		}
		if tries > 0 {
			time.Sleep(time.Millisecond)
		}
		// With the next load of that page the kernel looks.
		syscall.Madvise(vmclock, syscall.MADV_DONTNEED)
	}
	return true
}

func sessionNumber() []byte {
	sure, now := true, seen
	if page != nil {
		sure = catchUp()
		now = generation()
	}
	if !sure || now != seen {
		session = nil // made by somebody we were once
	}
	seen = now
	if session == nil {
		session = make([]byte, 8)
		if _, err := rand.Read(session); err != nil {
			panic(err)
		}
	}
	return session
}

func main() {
	openCounter()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Printf("%x\n", sessionNumber())
	}
}
