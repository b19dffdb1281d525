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
	"unsafe"
)

var (
	word    *uint32 // nil: there is no counter, and nothing can be noticed
	seen    uint32
	session []byte // what must not exist twice
)

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
	page, err := syscall.Mmap(int(file.Fd()), 0, 4, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return
	}
	word = (*uint32)(unsafe.Pointer(&page[0]))
	seen = atomic.LoadUint32(word)
}

func sessionNumber() []byte {
	now := seen
	if word != nil {
		now = atomic.LoadUint32(word)
	}
	if now != seen {
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
