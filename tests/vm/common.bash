# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Shared by the host-side scripts of the VM bench: names, messages, QEMU's command line.

VM_DIR=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
# shellcheck disable=SC2034  # both are for the scripts that source this file
VM_TOP=$(realpath -- "$VM_DIR/../..") \
	VM_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/sysgenid

vm_say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

vm_die()
{
	vm_say "$@"
	exit 1
}

vm_check_suite()
{
	case ${1-} in
	bookworm | trixie | backports | engines | engines-backports | engines-bookworm | demo | debug) ;;
	'') vm_die "which suite? say bookworm, trixie, backports, engines, engines-backports, engines-bookworm or debug" ;;
	*) vm_die "unknown suite '$1': this bench knows bookworm, trixie, backports, engines, engines-backports, engines-bookworm and debug" ;;
	esac
}

# vm_image SUITE: finds or makes a suite's image, and prints its directory
vm_image()
{
	case $1 in
	engines*) "$VM_DIR/derived" "$1" ;;
	demo) "$VM_DIR/image-demo" ;;
	debug) "$VM_DIR/../kernels/debug-image" ;;
	*) "$VM_DIR/image" "$1" ;;
	esac
}

# Reads the head of a test (tests/vm/list says what is in it) into the caller's variables: machine,
# an array of options for tests/vm/run; test_limit, suites, more and own.
# shellcheck disable=SC2034  # the caller's
vm_read_head()
{
	local file=$1 word
	local -a words

	machine=() test_limit='' suites='' more='' own=''
	read -rd '' -a words < <(sed -n '1,20s/^# vm: *//p' "$file") || :
	for word in "${words[@]}"; do
		case $word in
		smp=* | mem=* | append=* | qemu-arg=*) machine+=("--${word%%=*}" "${word#*=}") ;;
		timeout=*) test_limit=${word#*=} ;;
		suites=*) suites=${word#suites=} ;;
		more=*) more=${word#more=} ;;
		boot=own) own=yes ;;
		*) vm_die "$file: unknown word '$word' after '# vm:'" ;;
		esac
	done
	[[ -n $suites ]] || suites=trixie more=bookworm
}

# Runs a command that takes a while with its output in FILE, and says how long it took. When it
# fails the end of FILE is shown, then ADVICE, and the script ends. So it is never part of a
# condition: bash forgets "errexit" in a function whose status is asked for, and in all it calls.
# usage: vm_step FILE WHAT ADVICE COMMAND...
vm_step()
{
	local log=$1 what=$2 advice=$3 start=$SECONDS status=0

	shift 3
	vm_say "$what ..."
	# As a job, since "wait" asks for the status outside of the command's own shell.
	"$@" >>"$log" 2>&1 </dev/null &
	wait $! || status=$?
	((status == 0)) || {
		tail -n 30 -- "$log" | cut -c1-250 | sed 's/^/  | /' >&2
		vm_say "failed after $((SECONDS - start)) s (status $status): $what"
		vm_die "$advice"
	}
	vm_say "done in $((SECONDS - start)) s: $what"
}

# Puts QEMU's arguments that every VM of the bench has into the array vm_qemu_args.
# usage: vm_qemu_base QEMU ACCEL SMP MEM IMAGE CMDLINE
vm_qemu_base()
{
	local accel=$2 image=$5
	local cmdline="console=ttyS0 panic=-1 oops=panic mitigations=off no_timer_check log_buf_len=4M"

	case $accel in
	tcg) accel=tcg,thread=multi ;;
	icount) accel=tcg,thread=single ;;
	esac
	vm_qemu_args=(
		"$1" -nodefaults -no-user-config -no-reboot -display none
		-accel "$accel" -cpu max -smp "$3" -m "$4"
		-kernel "$image/vmlinuz" -initrd "$image/initrd"
		-append "$cmdline $6"
	)
	[[ $2 != icount ]] || vm_qemu_args+=(-icount 'shift=0,sleep=off')
}

# Adds a disk. usage: vm_qemu_disk FILE FORMAT
vm_qemu_disk()
{
	vm_qemu_args+=(-drive "file=${1//,/,,},format=$2,if=virtio,cache=unsafe,discard=unmap")
}

# Makes root.qcow2 and work.qcow2 in DIRECTORY, which take what a VM writes.
# usage: vm_overlays IMAGE WORK-DISK DIRECTORY
vm_overlays()
{
	# A link keeps this very disk, even when another build replaces it meanwhile.
	[[ -e $3/work.ext4 ]] || ln -- "$2" "$3/work.ext4"
	qemu-img create -q -f qcow2 -F raw -b "$1/root.ext4" "$3/root.qcow2"
	qemu-img create -q -f qcow2 -F raw -b work.ext4 "$3/work.qcow2"
}
