#compdef sysgenid
# SPDX-License-Identifier: GPL-2.0-only
# Completes the command sysgenid in zsh; it is installed as _sysgenid.

local -a commands
commands=(
	'status:show where the counter is'
	'watch:print a line for every change'
	'trigger:move the counter'
	'wait:wait until all watchers have acknowledged'
	'await:wait until this is restored, or goes on'
	'doctor:check what restores of containers need here'
	'inspect:say what clones of a process would share'
	'run:run scripts after every change'
	'quiesce:run scripts before a snapshot'
	'unquiesce:run scripts after a snapshot'
)

if ((CURRENT == 2)); then
	_describe -t commands command commands
	_values option '--help[show how it is used]' '--version[show the version]'
	return
fi

shift words
((CURRENT--))
case $words[1] in
status)
	_arguments '--pid[of the PID namespace of that process]:process:_pids' \
		'--format[how to print it]:format:(text json prometheus)' '--json[print a JSON object]' '--help[show how it is used]' ;;
watch)
	_arguments '--settled[also when all watchers have acknowledged]' \
		'--incarnations[also who each generation is]' \
		'--domains[also changes of other PID namespaces]' '--count[end after N lines]:lines:' \
		'--json[print a JSON object a line]' '--help[show how it is used]' ;;
trigger)
	_arguments '--min[the new generation is at least N]:generation:' '--force[also far above the current one]' \
		'--pid[only the PID namespace of that process]:process:_pids' \
		'--container[only the counter file of that container]:container:' \
		'--json[print a JSON object]' '--help[show how it is used]' ;;
wait)
	_arguments '--timeout[give up after that long]:milliseconds:' '--json[print a JSON object]' \
		'--help[show how it is used]' ;;
await)
	_arguments '--timeout[give up after that long]:milliseconds:' '--json[print a JSON object]' \
		'--help[show how it is used]' ;;
doctor)
	_arguments '--live[dump and restore a small process, too]' \
		'--config[also this configuration file of criu]:file:_files' '--json[print a JSON object]' \
		'--help[show how it is used]' ;;
inspect)
	_arguments '--pid[the process]:process:_pids' '--json[print a JSON object]' \
		'--help[show how it is used]' ;;
run)
	_arguments '--dir[another directory of scripts]:directory:_files -/' \
		'--unquiesce[another directory of scripts]:directory:_files -/' \
		'--timeout[for each script]:milliseconds:' '--watchers[for the watchers]:milliseconds:' \
		'--once[end after one change]' '--json[print JSON objects]' '--help[show how it is used]' \
		'*::command:_normal' ;;
quiesce | unquiesce)
	_arguments '--dir[another directory of scripts]:directory:_files -/' \
		'--timeout[for each script]:milliseconds:' '--help[show how it is used]' ;;
esac
