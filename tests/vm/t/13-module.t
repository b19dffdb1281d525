#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Loading and unloading: the parameter, what is refused and with which words, sysfs, what is left.
# vm: smp=2 timeout=240 suites=bookworm,trixie,backports
set -uo pipefail
. tests/vm/payload.sh

node()
{
	stat -c '%F %a %t:%T' /dev/sysgenid
}

# The device's number in hexadecimal, as stat prints it.
number()
{
	printf 'character special file 666 a:%x' "$1"
}

last_message()
{
	dmesg | grep 'sysgenid: ' | tail -n 1
}

attribute()
{
	cat "$SYSFS/$1"
}

# Is nothing of the module left?
all_gone()
{
	[[ ! -e /sys/module/sysgenid && ! -e $SYSFS && ! -e /dev/sysgenid ]] &&
		! grep -qw sysgenid /proc/misc && ! "$PAYLOAD/netlink" resolve
}

trigger()
{
	run_payload netlink one-trigger
}

refused()
{
	not_ok "minor=$1 is refused ($2)" insmod "$VM_MODULE" "minor=$1"
	like "$(last_message)" "$3" "with a message that says why (minor=$1)"
	ok "and leaves nothing behind (minor=$1)" all_gone
	# A module that was loaded against expectation must not make all later checks fail.
	[[ ! -d /sys/module/sysgenid ]] || unload_module
}

test_minor()
{
	need_module
	is "$(node)" "$(number 243)" "the node is there with minor 243 and mode 0666"
	is "$(cat /sys/module/sysgenid/parameters/minor)" 243 "the parameter can be read"
	unload_module
	ok "after unloading nothing is left" all_gone
	need_module minor=250
	is "$(node)" "$(number 250)" "minor=250 gives the node that number"
	is "$(grep ' sysgenid$' /proc/misc)" "250 sysgenid" "/proc/misc knows it"
	unload_module
	need_module minor=254
	is "$(node)" "$(number 254)" "254 is the highest number"
	unload_module
	refused 242 "taken in mainline" 'minor=242 is not between 243 and 254'
	refused 255 "which would mean any number" 'minor=255 is not between 243 and 254'
	refused 0 "the mouse's" 'minor=0 is not between 243 and 254'
	refused 4294967295 "no number of a device" 'minor=4294967295 is not between 243 and 254'
	insmod "$PAYLOAD/kmod/sysgenid_occupy.ko" minor=250 || bail "sysgenid_occupy.ko cannot be loaded"
	refused 250 "taken by another device" \
		'cannot register minor 250: error -16; is it taken .see /proc/misc.'
	need_module
	is "$(node)" "$(number 243)" "the module can be loaded with another number then"
	unload_module
	rmmod sysgenid_occupy
}

test_sysfs()
{
	need_module
	is "$(attribute generation)" 0 "sysfs: generation is 0 in the beginning"
	is "$(attribute last_cause)" none "sysfs: last_cause is none in the beginning"
	is "$(attribute watchers) $(attribute outdated)" "0 0" \
		"sysfs: there are no watchers in the beginning"
	is "$(stat -c %a "$SYSFS"/{generation,watchers,outdated,last_cause} | sort -u)" 444 \
		"sysfs: everybody can read the attributes, nobody write them"
	trigger
	is "$(attribute generation)" 1 "sysfs: generation is the device's"
	is "$(attribute last_cause)" admin "sysfs: last_cause is that of the last change"
	fresh_module
	is "$(attribute generation) $(attribute last_cause)" "0 none" "loaded again, it begins anew"
	unload_module
}

# who [COMMAND]...: the incarnation, as sysfs says it, or why there is none
who()
{
	"$@" cat "$SYSFS/incarnation" 2>&1 | sed -E 's/^[0-9a-f]{32}$/known/; s/.*: //'
}

# In a PID namespace that has the device open.
domain()
{
	unshare --pid --fork sh -c 'exec "$@" 3</dev/sysgenid' sh "$@"
}

has_incarnation()
{
	[[ $(who "$@") == known ]]
}

test_unseeded()
{
	insmod "$PAYLOAD/kmod/sysgenid_unseeded.ko" || bail "sysgenid_unseeded.ko cannot be loaded"
	hide_urandom
	need_module
	is "$(who)" "Resource temporarily unavailable" "nobody has an incarnation before the generator has a seed"
	is "$(who domain)" "Resource temporarily unavailable" "nor has a container"
	not_ok "and nothing is wrong" grep -q 'cannot reseed' <<<"$(last_message)"
	rmmod sysgenid_unseeded
	show_urandom
	ok "with the seed comes the incarnation, without an event" wait_for 30 has_incarnation
	is "$(attribute generation)" 0 "the generation is 0"
	is "$(who domain)" known "a container has one then"
	unload_module
}

# The module as it is installed, for a moment.
test_autoload()
{
	local installed

	installed=/lib/modules/$(uname -r)/updates
	mkdir -p "$installed"
	cp "$VM_MODULE" "$installed/"
	depmod -a
	like "$(cat "/lib/modules/$(uname -r)/modules.devname")" 'sysgenid sysgenid c10:243' \
		"the counter's node is made at each boot"
	for minor in 243 244; do
		mknod "/tmp/node-$minor" c 10 "$minor"
		ok "who opens the node c 10 $minor loads the module" cat_nothing "/tmp/node-$minor"
		ok "it is loaded" test -d /sys/module/sysgenid
		unload_module
		rm "/tmp/node-$minor"
	done
	rm -r "$installed"
	depmod -a
}

cat_nothing()
{
	head -c 0 "$1"
}

# hold WHAT: starts a process that holds it until stop_holding
hold()
{
	local word

	coproc HOLDER { exec "$PAYLOAD/hold" "$1"; }
	holder=$HOLDER_PID
	read -r -t 10 -u "${HOLDER[0]}" word
	[[ $word == holding ]] || bail "hold $1 does not work"
}

stop_holding()
{
	kill "$holder"
	wait "$holder" 2>/dev/null
}

test_in_use()
{
	local what

	for what in file mapping; do
		need_module
		hold "$what"
		like "$(rmmod sysgenid 2>&1)" 'in use' "unloading is refused while there is a $what"
		ok "and the device is still there ($what)" test -c /dev/sysgenid
		stop_holding
		ok "unloading works when there is no $what any more" unload_module
	done
	need_module
	hold netlink
	ok "a netlink listener does not hold the module" unload_module
	ok "nothing is left then" all_gone
	stop_holding
}

load_and_unload()
{
	local i

	for ((i = 0; i < 50; i++)); do
		load_module || return
		# Work that the last trigger has started may still run.
		"$PAYLOAD/stress" trigger 10 || return
		unload_module || return
	done
}

test_minor
test_sysfs
test_in_use
test_unseeded
test_autoload
ok "it loads, triggers and unloads 50 times" load_and_unload
ok "nothing is left after that" all_gone
done_testing
