# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Shared by the scripts of this folder. They are run by "sysgenid run" after a change of the generation, if they are
# linked from /etc/sysgenid/post-restore.d; what they are to know stands in /etc/sysgenid/post-restore.conf.
# SYSGENID_ROOT: work on the files below another root.

ROOT=${SYSGENID_ROOT-}
CONF=$ROOT/etc/sysgenid/post-restore.conf
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# for_new_machines: ends the script, with success, after a change that makes no other machine of this one: a process goes on
# after its dump ("resume"), or processes of this machine were restored ("restore"). In a container it is the container
# itself that is restored: only the initial PID namespace has this number, on each machine.
for_new_machines()
{
	case ${SYSGENID_CAUSE-} in
	resume) ;;
	restore) [[ $(readlink /proc/self/ns/pid) == 'pid:[4026531836]' ]] || return 0 ;;
	*) return 0 ;;
	esac
	printf '%s: nothing to do: the cause is "%s", and this is no new machine\n' "${0##*/}" "$SYSGENID_CAUSE" >&2
	exit 0
}

# trust_settings: ends the script if others than root could have written the configuration; before the first setting
trust_settings()
{
	local path owner mode type

	[[ -e $CONF || -L $CONF ]] || return 0
	for path in "${CONF%/*}" "$CONF"; do
		read -r owner mode type < <(stat -L -c '%u %a %F' -- "$path") || die "cannot look at $path"
		if [[ $owner != 0 && $owner != "$EUID" ]] || ((8#$mode & 8#022)) ||
			[[ $type != directory && $type != regular* ]]; then
			die "$path cannot be trusted: it must belong to root, and nobody else may write it" \
				"(chown root, chmod go-w)"
		fi
	done
}

# setting KEY: its value in the configuration, "KEY=VALUE" a line; nothing is executed
setting()
{
	local line

	[[ -f $CONF ]] || return 0
	while IFS= read -r line || [[ -n $line ]]; do
		[[ $line != "$1="* ]] || printf '%s\n' "${line#*=}"
	done <"$CONF"
}

# random_hex BYTES: from the kernel, which "sysgenid run" has seen reseeded
random_hex()
{
	od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'
}

# write_file PATH: replaces it with standard input in one step; in place where it is a mount
write_file()
{
	local new

	new=$(mktemp "$1.XXXXXX") || die "cannot write beside $1: is the file system read-only?"
	cat >"$new"
	chmod 644 "$new"
	mv -f "$new" "$1" 2>/dev/null || {
		cat "$new" >"$1"
		rm -f "$new"
	}
}

# with_systemd COMMAND...: where systemd runs
with_systemd()
{
	[[ ! -d /run/systemd/system && -z $ROOT ]] || "$@"
}
