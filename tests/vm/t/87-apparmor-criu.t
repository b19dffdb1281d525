#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: timeout=600 suites=engines boot=own
# criu and sysgenid-hook confined by AppArmor profiles, with the rules that are installed; without one of the rules they fail.
set -uo pipefail
. tests/cr/lib.sh

RULES=/etc/apparmor.d/abstractions
HOOK=/usr/local/libexec/sysgenid/sysgenid-hook
SERVER=/sysgenid/build/demo/token-server
FILES=/run/sysgenid/containers
# What criu, and what it restores, need besides. criu starts programs such as tar; a proc that is not mounted has no /proc.
CRIU_ITSELF='
	capability, ptrace, signal, unix, mount, umount, pivot_root, network inet, network inet6, network unix, network packet,
	/ rw, /*/ rw, /{,usr/}{bin,sbin}/** mrix, /{,usr/}lib/x86_64-linux-gnu/** mr, /{,usr/}lib64/** mr, /sysgenid/** mrix,
	/usr/{share,lib/locale}/** r, /etc/{ld.so.cache,passwd,group,nsswitch.conf} r, /{proc/,}{[0-9]*,self,sys}/** rwk,
	/proc/** rwk, /sys/{kernel,fs,module,block}/** r, /dev/{null,zero,full,random,tty,ptmx,pts/**} rw, /tmp/** rwlk,
	/run/{,criu.kdat*,started,out,token,mount/,mount/**} rw, /crtools-put-root.*/ rw, /.criu.*/ rw,
'
HOOK_ITSELF="$HOOK mr, /{,usr/}lib/x86_64-linux-gnu/** mr, /{,usr/}lib64/** mr, /etc/ld.so.cache r,"
EXTERNAL_DUMP=() EXTERNAL_RESTORE=() PROFILE=unconfined

# profile NAME RULES...: loads it, enforced
profile()
{
	printf 'abi <abi/4.0>,\ninclude <tunables/global>\nprofile %s flags=(attach_disconnected,mediate_deleted) {\n%s\n}\n' "$1" "${*:2}" |
		apparmor_parser --replace 2>&1
}

# use_profile_without RULE RULES FILE: one that has the rules and those of the file but one
use_profile_without()
{
	grep -qxF -- "  $1" "$RULES/$3" || bail "$3 has no rule $1"
	profile one-less "$2" "$(grep -vxF -- "  $1" "$RULES/$3")" || bail "no profile without $1"
	PROFILE=one-less
}

# For cr.sh: criu under the profile.
criu()
{
	aa-exec -p "$PROFILE" -- /usr/sbin/criu "$@"
}

hook()
{
	aa-exec -p "$PROFILE" -- "$HOOK" "$@"
}

generation_of()
{
	"$SERVER" ask "/proc/$(container_pid "$1")/root/run/token" 1 | cut -d' ' -f3
}

# moves IMAGE: a restore ends well, and what is restored is on a new generation
moves()
{
	local status=0

	container_restore "$1" copy "${EXTERNAL_RESTORE[@]}" >/dev/null 2>&1 && [[ $(generation_of copy) -gt $before ]] || status=1
	[[ ! -s $CR_DIR/copy.pid ]] || container_kill copy
	return "$status"
}

log_of()
{
	grep -E 'Error|Warn|sysgenid:' "$CR_DIR/$1/restore-copy.log"
}

# check_container NAME: it is dumped and restored by a criu that has the rules
check_container()
{
	profile with "$CRIU_ITSELF" 'include <abstractions/sysgenid-criu>' && PROFILE=with
	ok "$1: a container starts" container_start "$1" "$SERVER" serve /run/token
	ok "$1: it answers" wait_for 20 generation_of "$1"
	before=$(generation_of "$1")
	ok "$1: it is dumped by a confined criu" container_dump "$1" "$1" "${EXTERNAL_DUMP[@]}" || tail -n 5 "$CR_DIR/$1/dump.log"
	ok "$1: and restored, on a new generation" moves "$1" || diag "$(log_of "$1")"
}

# check_needed NAME RULE REGEX: without the rule it is not restored, and criu's log says this
check_needed()
{
	use_profile_without "$2" "$CRIU_ITSELF" sysgenid-criu
	not_ok "control, $1: without '$2' there is no restore" moves "$1"
	like "$(log_of "$1")" "$3" "control, $1: and criu's log says why"
}

state()
{
	printf '{"ociVersion":"1.0.2","id":"other","status":"running","pid":%s,"annotations":{%s}}' "$(container_pid idle)" \
		'"dev.sysgenid.counter":"device","dev.sysgenid.wait-ms":"100"'
}

# stage NAME: the hook, as a container runtime starts it
stage()
{
	state | hook "$1"
}

make_and_remove()
{
	hook make other && hook remove other
}

# check_hook_needs COMMAND RULE...: it fails if one of the rules is not there
check_hook_needs()
{
	local rule

	read -ra words <<<"$1"
	PROFILE=hook
	ok "hook: '$1' by a confined hook" "${words[@]}"
	for rule in "${@:2}"; do
		rm -rf "$FILES/other"
		use_profile_without "$rule" "$HOOK_ITSELF" sysgenid-hook
		not_ok "control, hook: without '$rule' '$1' fails" "${words[@]}"
	done
}

# It does enter mount namespaces: a file is not removed that is mounted in one only.
check_hook_looks()
{
	PROFILE=hook
	ok "hook: a counter file is made" hook make other
	unshare --mount --propagation private sh -c "mount --bind $FILES/other/counter /mnt/counter && exec sleep 1000" &
	ok "hook: it is mounted in another mount namespace" wait_for 10 grep -q ' /mnt/counter ' "/proc/$!/mountinfo"
	not_ok "hook: a confined hook sees that, and does not remove it" hook remove other
	kill "$!"
	wait "$!"
	ok "hook: and removes it when it is not mounted any more" hook remove other
}

mount -t securityfs securityfs /sys/kernel/security
rm -f /run/criu.kdat
make -s install >/dev/null 2>&1 || bail "make install"
ldconfig
fresh_module
like "$(</sys/kernel/security/lsm)" apparmor "AppArmor is on"
check_container device
check_needed device '/usr/lib/criu/ r,' 'Unable to open directory /usr/lib/criu/'
check_needed device '/usr/lib/criu/sysgenid_plugin.so mr,' 'Unable to load /usr/lib/criu//sysgenid_plugin.so'
check_needed device '/etc/sysgenid/criu.conf r,' 'criu.conf cannot be used'
check_needed device 'network netlink raw,' 'cannot make a new generation: Permission denied'
check_needed device '/dev/sysgenid rw,' 'Restoring FAILED'

profile hook "$HOOK_ITSELF" 'include <abstractions/sysgenid-hook>'
: >/mnt/counter
ok "hook: there is a container" container_start idle sleep 1000
check_hook_looks
check_hook_needs make_and_remove 'capability sys_admin,' 'capability sys_chroot,' 'capability sys_ptrace,' 'ptrace (read),' \
	'@{PROC}/ r,' '@{PROC}/[0-9]*/task/ r,' '@{PROC}/[0-9]*/mountinfo r,' '/ r,' '/run/ r,' '/run/sysgenid/ rw,' '/run/sysgenid/** rwkl,'
check_hook_needs 'stage create-runtime' '/sys/devices/virtual/misc/sysgenid*/dev r,'
check_hook_needs 'stage poststart' 'network netlink raw,' 'capability checkpoint_restore,'

container_kill idle
no_module
PROFILE=unconfined
ok "file: a counter file is made" hook make file
export CONTAINER_COUNTER=$FILES/file/counter
EXTERNAL_DUMP=(--external 'mnt[/dev/sysgenid]:counter') EXTERNAL_RESTORE=(--external "mnt[counter]:$CONTAINER_COUNTER")
check_container file
check_needed file '/run/sysgenid/containers/{,**/} r,' 'Restoring FAILED'
check_needed file '/run/sysgenid/containers/** rwk,' 'Restoring FAILED'
use_profile_without '/dev/urandom r,' "$CRIU_ITSELF" sysgenid-criu
moves file
like "$(log_of file)" "cannot reseed the kernel's random number generator either: Permission denied" "control, file: criu's log tells of it"
done_testing
