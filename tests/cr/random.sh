# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the tests of getrandom: subjects that draw, and what their clones have drawn.
# usage: . tests/cr/random.sh

# shellcheck source=tests/cr/lib.sh
. tests/cr/lib.sh

# From this uptime on the kernel reseeds every 12 s or less often. Right after boot it reseeds so often
# that copies of a state are soon refused (crng_reseed_interval() in drivers/char/random.c).
# shellcheck disable=SC2034  # for the tests
SETTLED=25
# How often a control is tried. criu 4.2 and newer leaves droppable memory out of its images, so a control finds no number
# twice there.
# shellcheck disable=SC2034  # for the tests
if criu_is_at_least 4.2; then
	TRIES=1
else
	TRIES=6
fi

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

# lazy_restore IMAGE NAME [OPTION]...: restores; "criu lazy-pages" with the options brings memory when it is used
lazy_restore()
{
	rm -f "$CR_DIR/$1/lazy-pages.socket"
	criu lazy-pages -D "$CR_DIR/$1" -v4 -o "lazy-$2.log" "${@:3}" </dev/null >/dev/null 2>&1 &
	wait_for 30 test -S "$CR_DIR/$1/lazy-pages.socket" && restore "$1" "$2" --lazy-pages
}

# lazy_clone IMAGE NAME [OPTION]...: like draw_clone, with lazy_restore
lazy_clone()
{
	lazy_restore "$@" && draw_restored "$1" "$2"
}

# lazy_migration NAME [COMMAND]: the memory stays with the frozen processes until the clone "arrived" has asked for it. The
# command runs before that is restored.
lazy_migration()
{
	local dumper

	rm -rf "$CR_DIR/leaving" "$CR_DIR/arriving"
	dump "$1" leaving --lazy-pages --address 127.0.0.1 --port 2727 &
	dumper=$!
	wait_for 60 grep -q 'Starting lazy pages server' "$CR_DIR/leaving/dump.log" &&
		cp -a "$CR_DIR/leaving" "$CR_DIR/arriving" && cp "$CR_DIR/leaving.log" "$CR_DIR/arriving.log" &&
		"${2:-:}" && lazy_clone arriving arrived --page-server --address 127.0.0.1 --port 2727 &&
		wait "$dumper" && return
	show_log leaving/dump.log
	return 1
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

# control A B WHAT: two clones for which the plugin has done nothing have drawn the same numbers, unless criu helps.
control()
{
	if criu_is_at_least 4.2; then
		is "$(shared "$1" "$2")" "" \
			"$3: without the plugin two clones draw different numbers, since this criu dumps no droppable memory"
	else
		isnt "$(shared "$1" "$2")" "" "control: $3: without the plugin two clones draw the same numbers"
	fi
}

# droppable_memory NAME: how many kB of it a container's first process has; "none" without such a mapping
droppable_memory()
{
	pid_of "$1"
	awk '/^Rss:/ { rss = $2 } /^VmFlags:.* dp/ { found = 1; sum += rss } END { print found ? sum : "none" }' \
		"/proc/$PID/smaps"
}
