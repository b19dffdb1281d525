// SPDX-License-Identifier: GPL-2.0-only

//go:build go1.22

package main

import (
	"fmt"
	"math/rand/v2"
)

var (
	pcg  = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	long = rand.NewChaCha8([32]byte{1})
)

func init() {
	sources = append(sources,
		source{"math/rand/v2", func() string { return fmt.Sprint(rand.Uint64()) }},
		source{"math/rand/v2 PCG", func() string { return fmt.Sprint(pcg.Uint64()) }},
		source{"math/rand/v2 ChaCha8", func() string { return fmt.Sprint(long.Uint64()) }})
}
