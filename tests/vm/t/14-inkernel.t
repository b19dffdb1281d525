#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What other kernel code may call, by a module that does; and a word that a device has moved.
# vm: smp=2 suites=bookworm,trixie,backports
set -uo pipefail
. tests/vm/payload.sh

parameters=/sys/module/sysgenid_test/parameters

parameter()
{
	cat "$parameters/$1"
}

set_parameter()
{
	echo "$2" >"$parameters/$1"
}

attribute()
{
	cat "$SYSFS/$1"
}

load_test_module()
{
	insmod "$PAYLOAD/kmod/sysgenid_test.ko" || bail "sysgenid_test.ko cannot be loaded"
}

# Prints what the three notifiers must see of one change. usage: calls_of CAUSE GENERATION
calls_of()
{
	printf '%s:%d:%d:%d\n' first "$1" "$2" "$2" second "$1" "$2" "$2" third "$1" "$2" "$2"
}

# one_cause NUMBER NAME
one_cause()
{
	local expected=$(($(attribute generation) + 1))

	set_parameter calls -
	set_parameter bump "$1"
	is "$(parameter bump)" "$expected" \
		"sysgenid_bump_generation() returns the new generation ($2)"
	is "$(attribute generation)" "$expected" "and the generation has moved (cause $2)"
	is "$(attribute last_cause)" "$2" "sysfs: last_cause is $2"
	is "$(parameter calls)" "$(calls_of "$1" "$expected")" \
		"before it returns, notifiers run once, by priority, and the word has moved ($2)"
}

test_bump_and_notifiers()
{
	one_cause 6 kernel
	one_cause 5 vmgenid
	one_cause 4 virtio-leak
	set_parameter calls -
	"$PAYLOAD/stress" trigger 1
	is "$(parameter calls)" "$(calls_of 1 "$(attribute generation)")" \
		"notifiers hear of a change by ioctl"
	set_parameter calls -
	run_payload netlink one-trigger
	is "$(parameter calls)" "$(calls_of 2 "$(attribute generation)")" \
		"notifiers hear of a change by netlink"
	is "$(parameter page)" "0x47735953 1 $(attribute generation)" \
		"sysgenid_get_page() is the page with magic, version and rng_generation"
}

test_order()
{
	local before i
	local -a pids=()

	before=$(parameter events)
	for ((i = 0; i < 4; i++)); do
		"$PAYLOAD/stress" trigger 1000 &
		pids+=($!)
	done
	wait "${pids[@]}"
	is "$(($(parameter events) - before))" 4000 "4000 changes by four processes are 4000 events"
	is "$(parameter not_next)" 0 "each is for the generation after the one before"
	is "$(parameter overlapping)" 0 "and begins after the one before has ended"
}

generation_is()
{
	[[ $(attribute generation) == "$1" ]]
}

has_calls()
{
	[[ $(parameter calls) == *third* ]]
}

# A device that stores what it was not given must not lead the counter anywhere.
test_word_never_drawn()
{
	local before

	before=$(attribute generation)
	set_parameter word 4000000000
	is "$(attribute generation)" 4000000000 "a word that was never drawn is the generation"
	is "$(attribute outdated)" 0 "and the account of watchers can cope with it"
	set_parameter calls -
	set_parameter report -
	ok "when it is reported an event puts it right" wait_for 10 generation_is "$((before + 1))"
	ok "which notifiers hear of" wait_for 10 has_calls
	set_parameter calls -
	set_parameter report -
	ok "a report of a proper word makes no event" wait_for 10 has_calls
	is "$(attribute generation)" "$((before + 1))" "and the word stays"
}

test_unload()
{
	local before

	like "$(rmmod sysgenid 2>&1)" 'in use' \
		"the module cannot be unloaded while others use its functions"
	set_parameter calls -
	rmmod sysgenid_test || bail "sysgenid_test cannot be unloaded"
	before=$(attribute generation)
	ok "the counter goes on without the notifiers" "$PAYLOAD/stress" trigger 1
	is "$(attribute generation)" "$((before + 1))" "and counts"
	ok "the module can be unloaded then" unload_module
}

need_module
load_test_module
test_bump_and_notifiers
test_order
run_payload device-writes
test_word_never_drawn
test_unload
done_testing
