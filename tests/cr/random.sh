# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the tests of getrandom: subjects that draw, and what their clones have drawn.
# usage: . tests/cr/random.sh

# shellcheck source=tests/cr/lib.sh
. tests/cr/lib.sh

# From this uptime on the kernel reseeds every 12 s or less often. Right after boot it reseeds so often
# that copies of a state are soon refused (crng_reseed_interval() in drivers/char/random.c).
# shellcheck disable=SC2034  # for the tests
SETTLED=25 TRIES=6

rng_generation()
{
	"$SUBJECT" rng-generation
}

has_drawn()
{
	read_news "$1" "$2" && lines_like '^drawn$'
}

# draw_clone IMAGE NAME: restores a clone, lets it draw at once, and kills it; its numbers go to $CR_DIR/NAME.numbers
draw_clone()
{
	restore "$1" "$2" && draw_restored "$1" "$2"
}

draw_restored()
{
	signal "$2" && wait_for 30 has_drawn "$1" "$2" || return
	lines_like ' drew '
	printf '%s\n' "${MATCHES[@]##* }" | sort >"$CR_DIR/$2.numbers"
	container_kill "$2"
	((${#MATCHES[@]} >= 4))
}

# shared A B: numbers that both have drawn
shared()
{
	comm -12 "$CR_DIR/$1.numbers" "$CR_DIR/$2.numbers"
}

# drawn_twice NAME...: numbers that were drawn more than once by all of these
drawn_twice()
{
	local name
	local -a files=()

	for name; do
		files+=("$CR_DIR/$name.numbers")
	done
	sort -- "${files[@]}" | uniq -d
}
