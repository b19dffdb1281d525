// SPDX-License-Identifier: GPL-2.0-only

// Public sources of randomness of Go. usage: draw GO    (see table)
package main

import (
	crand "crypto/rand"
	"fmt"
	"hash/maphash"
	"math/rand"
	"os"
	"regexp"
	"runtime"
	"time"
)

type source struct {
	name string
	draw func() string
}

var own = rand.New(rand.NewSource(time.Now().UnixNano()))

func order() string {
	many := map[int]bool{}
	for i := 0; i < 40; i++ {
		many[i] = true
	}
	text := ""
	for key := range many {
		text += fmt.Sprint(key, " ")
	}
	return text
}

func bytes() string {
	var bytes [8]byte
	if _, err := crand.Read(bytes[:]); err != nil {
		panic(err)
	}
	return fmt.Sprintf("%x", bytes)
}

func hash() string {
	var hash maphash.Hash
	hash.WriteString("text")
	return fmt.Sprint(hash.Sum64())
}

func tempName() string {
	name, err := os.MkdirTemp("", "draw")
	if err != nil {
		panic(err)
	}
	return name
}

var sources = []source{
	{"math/rand", func() string { return fmt.Sprint(rand.Int63()) }},
	{"math/rand.New", func() string { return fmt.Sprint(own.Int63()) }},
	{"crypto/rand", bytes},
	{"order of a map", order},
	{"hash/maphash", hash},
	{"names of os.MkdirTemp", tempName},
}

func draw() [][]string {
	var drawn [][]string
	for _, source := range sources {
		drawn = append(drawn, []string{source.name, source.draw(), source.draw(), source.draw()})
	}
	return drawn
}

func main() {
	draw()
	fmt.Println("ready")
	for {
		if _, err := os.Stat(os.Args[1]); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	language := "Go " + regexp.MustCompile(`\d+\.\d+`).FindString(runtime.Version())
	for _, words := range draw() {
		fmt.Printf("%s\t%s\t%s\t%s\t%s\n", language, words[0], words[1], words[2], words[3])
	}
	fmt.Println("done")
	time.Sleep(time.Hour)
}
