#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Plain getrandom on another machine (here: after a reboot) whose RNG generation happens to be that
# of the image, so that no reseed comes to the rescue: what counts is that the state is not in the image.
# On backports no image has it, since criu 4.2 and newer dumps no droppable memory; the controls check that there.
# vm: suites=trixie more=backports timeout=240
set -uo pipefail
CR_DIR=/root/elsewhere
mkdir -p "$CR_DIR"
. tests/cr/random.sh

IMAGES=6
# RNG generations far above what a machine reaches within minutes after boot, and far from each other.
FIRST=600
STEP=60

# drive_to N: reseeds until the kernel's RNG generation is N
drive_to()
{
	"$SUBJECT" reseed-until "$1" && [[ $(rng_generation) == "$1" ]]
}

# make_images I: makes two images of one process in one state, without the plugin and with it, and keeps what
# a clone of the first one draws on this machine.
make_images()
{
	local wanted=$((FIRST + $1 * STEP))

	drive_to "$wanted" || return
	signal original && wait_for 30 drawn_by "$(($1 + 1))" || return
	without_plugin
	rm -rf "$CR_DIR/control-$1" "$CR_DIR/image-$1"
	dump original "control-$1" --leave-running || return
	with_plugin
	dump original "image-$1" --leave-running || return
	without_plugin
	draw_clone "control-$1" "here-$1" && [[ $(rng_generation) == "$wanted" ]]
}

drawn_by()
{
	read_log original && lines_like '^drawn$' && ((${#MATCHES[@]} >= $1))
}

first_boot()
{
	local i

	ok "starts" subject_start original draw 2
	for ((i = 1; i <= IMAGES; i++)); do
		make_images "$i" && echo "$i"
	done >"$CR_DIR/good"
	ok "there are at least three pairs of images whose RNG generation is known" \
		test "$(wc -l <"$CR_DIR/good")" -ge 3
}

# try_images I: restores when the generation is that of the images; false if the kernel reseeded
# meanwhile, since the generation cannot be brought back.
try_images()
{
	local wanted=$((FIRST + $1 * STEP))

	drive_to "$((wanted - 1))" || return
	with_plugin
	draw_clone "image-$1" "landed-$1" && [[ $(rng_generation) == "$wanted" ]] || return
	without_plugin
	draw_clone "control-$1" "control-$1" && draw_clone "image-$1" "image-$1" &&
		[[ $(rng_generation) == "$wanted" ]]
}

# The same for the image that was made without the plugin and is restored with it.
try_limit()
{
	local wanted=$((FIRST + $1 * STEP))

	drive_to "$((wanted - reseeds))" || return
	with_plugin
	draw_clone "control-$1" "limit-$1" && [[ $(rng_generation) == "$wanted" ]]
}

# How many reseeds a restore of an image without the plugin makes: they are asked for twice, and may become one.
count_reseeds()
{
	local before

	before=$(rng_generation)
	with_plugin
	draw_clone "control-$1" counted && reseeds=$(($(rng_generation) - before))
}

# first_that WHAT: sets "index" to the next pair of images for which WHAT works, or to nothing. Each pair
# can be tried once.
first_that()
{
	local -a good

	mapfile -t good <"$CR_DIR/good"
	for index in "${good[@]:used}"; do
		used=$((used + 1))
		! "$1" "$index" || return 0
	done
	index=
}

second_boot()
{
	local index='' used=0 reseeds=0

	ok "after a reboot the RNG generation is another one" test "$(rng_generation)" -lt "$FIRST"
	first_that try_images
	isnt "$index" "" "the RNG generation is brought to that of an image" || return
	control "here-$index" "control-$index" "a clone elsewhere and the clone here"
	is "$(drawn_twice {here,image}-"$index")" "" \
		"an image made with the plugin does not, even where there is no plugin"
	is "$(drawn_twice {here,image,landed}-"$index")" "" \
		"nor when the plugin's own reseed at restore lands on the generation of the image"
	count_reseeds "$index"
	ok "a restore reseeds" test "$reseeds" -ge 1 || return
	first_that try_limit
	isnt "$index" "" "the RNG generation is brought to that of another image" || return
	control "here-$index" "limit-$index" \
		"a reseed that lands there does not mend an image (the README's \"only likely\")"
}

fresh_module
install_plugin
wait_uptime "$SETTLED"
if [[ $VM_PHASE == 1 ]]; then
	first_boot
	vm_reboot 2
fi
second_boot
done_testing
