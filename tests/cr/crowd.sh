# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Bystanders: processes that sleep until their generation changes, each in a PID namespace of its own.
# usage: . tests/cr/crowd.sh, after tests/cr/lib.sh

CROWD=200
CROWD_PID='' BEFORE='' SAID=()

# crowd_has_answered QUESTIONS
crowd_has_answered()
{
	mapfile -t SAID <"$CR_DIR/crowd"
	((${#SAID[@]} > $1))
}

# crowd_says STATE: asks the crowd now, and compares what it answers with STATE
crowd_says()
{
	mapfile -t SAID <"$CR_DIR/crowd"
	kill -USR1 "$CROWD_PID" && wait_for 30 crowd_has_answered "${#SAID[@]}" && [[ ${SAID[-1]} == "$1" ]]
}

start_crowd()
{
	"$SUBJECT" crowd "$CROWD" >"$CR_DIR/crowd" 2>&1 &
	CROWD_PID=$!
	ok "a crowd comes" wait_for 30 crowd_has_answered 0
	ok "$CROWD processes stand by, each in a PID namespace of its own" \
		wait_for 60 crowd_says "$CROWD of $CROWD: 0 woken, 0 changed"
	BEFORE=$(generation)
}

end_crowd()
{
	kill "$CROWD_PID" && wait_gone 30 "$CROWD_PID"
	CROWD_PID=''
}

# undisturbed WHAT: checks that no bystander has woken since the crowd came
undisturbed()
{
	# A bystander that was woken stays woken: one that is slow to tell is counted at the next restore.
	ok "$1: nobody of the crowd is woken, and nobody's generation has changed" \
		crowd_says "$CROWD of $CROWD: 0 woken, 0 changed"
	is "$(generation)" "$BEFORE" "$1: the system's generation has not moved"
}
