#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The checks of documents, tests/vm/docs.sh: which commands of a page have a test, and what may have none. All pages of the
# tree, and pages made for this, on which a check must fail. It runs no command of the tree's pages: the tests that they name do.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
# shellcheck source=tests/vm/docs.sh
. tests/vm/docs.sh
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp" "$DOCS_DIR"' EXIT

# verdict MARK COMMAND...: does the page's check of such a block find nothing wrong?
verdict()
{
	{
		printf '%s\n\n```console\n' "$1"
		printf '# %s\n' "${@:2}"
		echo '```'
	} >"$tmp/page.md"
	passes page_block
}

# passes HANDLER: of the blocks of that page
passes()
{
	(TAP_COUNT=0 DOCS_COUNT=0 && each_block "$tmp/page.md" "$1") >"$tmp/out" 2>&1
	grep -q '^ok' "$tmp/out" && ! grep -q '^not ok' "$tmp/out"
}

has()
{
	printf '%s\n' "$2" >"$tmp/test"
	has_command "$tmp/test" "$1" "$tmp/page.md"
}

# What nobody runs.
CLUSTER='<!-- not run: there is no cluster -->'
READER=$'Do this *(kubelet: not run)*:\n\n'
ok "a command of kubectl is not run, and the page says so" verdict "$READER$CLUSTER" 'kubectl apply -f x'
not_ok "not run for another reason" verdict "$READER<!-- not run: it takes long -->" 'kubectl apply -f x'
not_ok "the reader is told elsewhere on the page only" verdict "${READER}Do that, too:"$'\n'"$CLUSTER" 'kubectl apply -f x'
not_ok "beside it a command that needs no cluster" verdict "$READER$CLUSTER" 'podman push a b' 'kubectl apply -f x'

# What a test has.
ok "a test has the command" has 'systemctl enable --now unit' 'ok "it is on" inside systemctl enable --now unit'
not_ok "it has the first words of it" has 'systemctl enable --now unit' 'ok "it is on" inside systemctl enable unit'
not_ok "it has a longer one" has 'make check' 'make check-all'
not_ok "it has it in the name of a check" has 'systemctl enable --now unit' 'ok "systemctl enable --now unit" true'
not_ok "it has it in a comment" has 'systemctl enable --now unit' '# systemctl enable --now unit'
not_ok "it has the last words of it" has 'sysgenid status --pid "$(podman inspect x)"' 'tool status --pid "$pid"'
ok "paths are the test's own" has 'sudo podman load --input build/x.tar' 'podman load --input "$CR_DIR/archive.tar"'
ok "it runs the marked blocks of the page" has 'podman load' "run_marked $tmp/page.md $tmp/test"
fails=yes
not_ok "of a block that shows an error it has the command alone" has 'podman load' 'podman load x'
ok "it runs such a block" has 'podman load' "run_marked $tmp/page.md $tmp/test fails"
fails=''
not_ok "it runs the blocks that name another test" has 'podman load' "run_marked $tmp/page.md $tmp/other"

# What a block shows.
DOCS_WORDS=([NAME]=copy)
printf '%s\n' '```console' '# echo "a (long) line: NAME"' 'a (lo...: NAME' '```' >"$tmp/page.md"
ok "what a command says, of which the page leaves a part out, with words that stand for others" passes run_block
sed -i 's/: NAME$/: OTHER/' "$tmp/page.md"
not_ok "it says something else" passes run_block
printf '%s\n' '<!-- fails, tested by x -->' '```console' '# false' '# true' '```' >"$tmp/page.md"
ok "a command that shows an error" passes run_block
sed -i 's/^# false/# true/' "$tmp/page.md"
not_ok "it shows none" passes run_block
DOCS_WORDS=()

# Which pages there are: a tree with one page, which some test runs or none.
tree_passes()
{
	(cd "$tmp/tree" && TAP_COUNT=0 check_pages) >"$tmp/out" 2>&1
	! grep -q '^not ok' "$tmp/out" && grep -q "^ok .* $1" "$tmp/out"
}

# tree_page LINE...: the page
tree_page()
{
	printf '%s\n' "$@" >"$tmp/tree/docs/new.md"
}

# tree_runs LINE...: what a test there has
tree_runs()
{
	printf '%s\n' "$@" >"$tmp/tree/tests/vm/t/66-docs.t"
}

mkdir -p "$tmp/tree/docs" "$tmp/tree/tests/vm/t"
tree_runs ': nothing'
tree_page '```console' '$ make new' '```'
not_ok "a new page's command that no test runs" tree_passes docs/new.md
like "$(<"$tmp/out")" 'not ok [0-9]+ - docs/new\.md: make new: ' "the page and the command are named"
tree_runs 'run_page docs/new.md'
ok "a test runs the page" tree_passes docs/new.md
tree_runs 'run_page docs/other.md' '# run_page docs/new.md'
not_ok "a test runs another page only" tree_passes docs/new.md
tree_page '<!-- tested by tests/new.t -->' '```console' '$ make new' '```'
not_ok "the test that the block names is not there" tree_passes docs/new.md
echo 'ok "it is made" make new' >"$tmp/tree/tests/new.t"
ok "it is there and has the command" tree_passes docs/new.md
tree_runs 'run_page docs/new.md'
for fence in '```sh' '```' '   ```console'; do
	tree_page "$fence" 'make new' '```'
	not_ok "a command in a block that begins with '$fence', which nobody looks at" tree_passes docs/new.md
done
tree_page 'Type:' '' '    sudo make new'
not_ok "a command without a block" tree_passes docs/new.md

# The tree's own.
check_pages
isnt "$DOCS_COUNT" 0 "the pages have such blocks"
# The manuals: 66-docs.t sees that each is installed, and runs the commands of sysgenid(1).
manuals=$(find . -path './.?*' -prune -o -path ./build -prune -o -name '*.[1-8]' -printf '%P\n' | sort)
ok "there are manuals" test "$(wc -l <<<"$manuals")" -gt 3
is "$(sed -n 's/^for page in \(.*\); do$/\1/p' tests/vm/t/66-docs.t | tr ' ' '\n' | sort)" "$manuals" "66-docs.t has all manuals"
is "$(xargs grep -lE '^\.(Dl|D1) [#$] ' <<<"$manuals")" tools/sysgenid.1 "the other manuals have no commands"
gone=$(sed -n "s/^run_page //p" tests/vm/t/66-docs.t | sort | comm -23 - <(all_pages))
is "$gone" "" "66-docs.t runs only pages that are there"
done_testing
