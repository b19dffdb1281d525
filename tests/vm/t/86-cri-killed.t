#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=1800 suites=engines boot=own
# A part of the engine is killed while a pod's container is checkpointed or restored, and the node is booted anew in the middle
# of a restore. Nobody goes on with an old generation, and the next try works.
set -uo pipefail
CR_DIR=/root/killed
mkdir -p "$CR_DIR"
. tests/runtimes/cri.sh

KILLER=$CR_DIR/killer
REACHED=$CR_DIR/reached

# at STAGE COMMAND: criu of the node runs that command when it gets to that stage, and waits for its end
at()
{
	rm -f "$REACHED"
	printf '#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" = %s ] || exit 0\n: >%s\n%s\n' "$1" "$REACHED" "$2" >"$KILLER"
	chmod 755 "$KILLER"
	keep_criu_logs
	echo "action-script $KILLER" >>/etc/criu/runc.conf
}

# killing PROGRAM: the command that kills it; criu is the parent of the script
killing()
{
	if [[ $1 == criu ]]; then
		echo 'kill -9 $PPID'
	else
		echo "pkill -KILL -x $1"
	fi
}

gone()
{
	! pgrep -x "$1" >/dev/null
}

# The generations that token servers answer with now. What criu has restored to the half answers nothing.
answers()
{
	local path pid _ generation

	for path in $(half_restored); do
		pid=${path#/proc/}
		read -r _ _ generation < <(timeout 5 "$SERVER" ask "/proc/${pid%%/*}/root/run/token" 1 2>/dev/null) || continue
		echo "$generation"
	done
}

# killed PROGRAM STAGE COMMAND...: the command fails, since the program is killed at that stage. WHAT is for messages.
killed()
{
	at "$2" "$(killing "$1")"
	WHAT="$1 killed at $2"
	not_ok "$WHAT: the call fails" "${@:3}"
	ok "$WHAT: it was killed" test -e "$REACHED"
	ok "$WHAT: criu ends" wait_for 60 gone criu
	rm /etc/criu/runc.conf
}

again_containerd()
{
	[[ $1 != containerd ]] || ok "$WHAT: containerd starts again" start_containerd
}

# killed_restore PROGRAM STAGE IMAGE: who answers then is in ANSWERS
killed_restore()
{
	killed "$1" "$2" runtime_restore "$3" copy
	like "$(said copy)" 'cri-call: StartContainer: .' "$WHAT: StartContainer says so"
	diag "$(said copy)"
	ANSWERS=$(answers)
	again_containerd "$1"
}

kill_what_is_left()
{
	local path pid

	for path in $(half_restored); do
		pid=${path#/proc/}
		kill -9 "${pid%%/*}" 2>/dev/null
	done
	wait_for 30 nobody_is_left
}

# removed NAME: the pod is removed. Of what criu has restored by then runc, and so containerd, may not know, with or without
# the plugin's work: the control has that, too. Then nobody ends it but the operator.
removed()
{
	runtime_remove "$1"
	diag "$(half_restored | wc -l) processes are left"
	ok "$WHAT: what is left when the pod is removed can be killed" kill_what_is_left
}

check_restore()
{
	killed_restore "$1" "$2" good
	ANSWERS+=" $(answers)"
	diag "answers: $ANSWERS"
	# What criu was about to let go runs, as in the control. Before that perhaps nobody answers.
	[[ $2 != pre-resume ]] || isnt "${ANSWERS//[[:space:]]/}" "" "$WHAT: somebody answers"
	unlike " ${ANSWERS//$'\n'/ } " " $(last_generation good) " "$WHAT: nobody is on the old generation"
	removed copy
}

# The control: without the plugin's work a restore that goes on alone leaves a copy on the old generation, and this test finds
# it. The module is loaded anew, so that the counter is as it was at the dump.
check_control()
{
	fresh_module
	machine_with_silent_plugin
	ok "control: a pod starts" start server || bail "no container"
	archive control
	runtime_remove server
	fresh_module
	killed_restore criu pre-resume control
	is "$ANSWERS" "$(last_generation control)" "control: the copy runs on the old generation"
	machine_with_plugin
	removed copy
}

check_restores()
{
	local program stage

	for stage in post-restore pre-resume; do
		for program in containerd containerd-shim runc criu; do
			check_restore "$program" "$stage"
		done
	done
	check_good "after all that was killed"
}

# check_dump PROGRAM: the container of "server" is checkpointed, and the program is killed before its tasks may go on
check_dump()
{
	killed "$1" post-dump runtime_dump server half
	again_containerd "$1"
	if [[ -e $CR_DIR/half.tar ]]; then
		not_ok "$WHAT: what there is of the archive is not restored" runtime_restore half copy
		runtime_remove copy
	fi
	rm -f "$CR_DIR/half.tar"
}

asks()
{
	timeout 10 "$SERVER" ask "/proc/$(runtime_pid server)/root/run/token" 1
}

# Whoever is killed may leave the container paused. A person lets it go on like this.
resumes()
{
	local id

	id=$(<"$RT_DIR/server.id")
	! ctr --namespace k8s.io tasks list | grep -q "$id .* PAUSED" || ctr --namespace k8s.io tasks resume "$id"
	asks
}

check_dumps()
{
	local program

	ok "a pod starts" start server || bail "no container"
	for program in runc criu; do
		check_dump "$program"
		ok "$WHAT: the container goes on, if need be after ctr tasks resume" resumes || bail "no container"
		archive "after-$program"
	done
	mv "$CR_DIR/tokens-after-criu" "$CR_DIR/tokens-good"
	mv "$CR_DIR/after-criu.tar" "$CR_DIR/good.tar"
	# The next containerd may not know the container's state, and a shim is not there any more: the pod is removed.
	for program in containerd-shim containerd; do
		check_dump "$program"
		removed server
		ok "$WHAT: another pod starts" start server
	done
	runtime_remove server
	check_good "after killed checkpoints"
}

# The node is booted anew while criu restores. A file tells that it is in the middle.
check_reboot()
{
	at post-restore 'sleep 1000'
	runtime_restore good copy >/dev/null 2>&1 &
	ok "reboot: criu is in the middle of a restore" wait_for 60 test -e "$REACHED"
	rm /etc/criu/runc.conf
	vm_reboot 2
}

begin()
{
	node_starts
	ok "images are made" make_images
	check_control
	fresh_module
	check_dumps
	check_restores
	check_reboot
}

again()
{
	fresh_module
	node_starts
	ok "reboot: nothing of the restore runs" nobody_is_left
	runtime_remove copy
	is "$(generation)" 0 "reboot: the system's counter begins anew"
	check_good "reboot"
	ok "no process is left" wait_for 30 nobody_is_left
	done_testing
}

if [[ $VM_PHASE == 1 ]]; then
	begin
else
	again
fi
