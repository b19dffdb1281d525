# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completes the command sysgenid in bash.

_sysgenid()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		words='status watch trigger wait await doctor inspect run quiesce unquiesce --help --version'
	else
		case $before in
		--dir | --unquiesce)
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -d -- "$word")
			return
			;;
		--config)
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
			return
			;;
		--pid)
			mapfile -t COMPREPLY < <(cd /proc && compgen -G '[0-9]*' | grep -- "^$word")
			return
			;;
		--format)
			mapfile -t COMPREPLY < <(compgen -W 'text json prometheus' -- "$word")
			return
			;;
		--count | --container | --min | --timeout | --watchers) return ;;
		esac
		case ${COMP_WORDS[1]} in
		status) words='--pid --json --format --help' ;;
		await) words='--timeout --json --help' ;;
		watch) words='--settled --incarnations --domains --count --json --help' ;;
		trigger) words='--min --force --pid --container --json --help' ;;
		wait) words='--timeout --json --help' ;;
		doctor) words='--live --config --json --help' ;;
		inspect) words='--pid --json --help' ;;
		run) words='--dir --unquiesce --timeout --watchers --once --json --help' ;;
		quiesce) words='--dir --timeout --help' ;;
		unquiesce) words='--dir --timeout --help' ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _sysgenid sysgenid
