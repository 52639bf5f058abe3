#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# release.sh VERSION: makes this tree the release VERSION (without "v"): VERSION, the chart, example/ and the section of CHANGELOG.md.
#   A VERSION that ends with -dev opens the work on the next release instead; it needs no changes and gets no section and no tag.
# release.sh print-chart-version CHART: prints its Chart.yaml with the version of the file VERSION, for hack/generate.sh.
# release.sh print-notes VERSION: prints the section of CHANGELOG.md for VERSION, for .github/workflows/release.yaml.
#
#   RELEASE_COMMIT=1   commits the result and tags it vVERSION; without it, the changes are left for review
#   RELEASE_DATE       the date in CHANGELOG.md; default: today in UTC
#
# Called by make release.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

current=$(tr -d '[:space:]' <VERSION)

print_chart_version() { sed -e "s/^version:.*/version: $current/" -e "s/^appVersion:.*/appVersion: $current/" "charts/$1/Chart.yaml"; }

# Semantic Versioning without build metadata, which cannot stand in an image's tag.
check_semantic_version() {
  local number='(0|[1-9][0-9]*)' identifier='(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)'
  [[ $1 =~ ^$number\.$number\.$number(-$identifier(\.$identifier)*)?$ ]] ||
    fail "VERSION must be a semantic version such as 1.2.3 or 1.2.3-rc.1, without v and build metadata, not '$1'"
}

# Debian's order of versions with ~ is that of Semantic Versioning with -.
check_increase() {
  dpkg --compare-versions "${1/-/\~}" gt "${current/-/\~}" || fail "VERSION must be higher than the current version $current, not '$1'"
}

check_tree() {
  local changes
  changes=$(git status --porcelain)
  [ -z "$changes" ] || fail "the working tree has changes that are not committed: $(head -n 3 <<<"$changes" | tr '\n' ' ')"
  if git rev-parse -q --verify "refs/tags/v$1" >/dev/null; then fail "there is a tag v$1 already"; fi
}

# The lines between "## Unreleased" and the next section.
unreleased() { sed -n '/^## Unreleased$/,/^## /{/^## /!p}' CHANGELOG.md; }

check_changelog() {
  grep -qx '## Unreleased' CHANGELOG.md || fail "CHANGELOG.md has no section '## Unreleased'"
  unreleased | grep -q '^- ' || fail "the section 'Unreleased' of CHANGELOG.md is empty: nothing to release"
}

release() {
  local version=$1 date=${RELEASE_DATE:-$(date -u +%Y-%m-%d)} message
  check_semantic_version "$version"
  check_increase "$version"
  check_tree "$version"
  if [[ $version == *-dev ]]; then
    message="Work on $version"
  else
    check_changelog
    message="Release $version"
    sed -i "s/^## Unreleased\$/## Unreleased\\n\\n## $version - $date/" CHANGELOG.md
  fi
  printf '%s\n' "$version" >VERSION
  hack/generate.sh
  [ "${RELEASE_COMMIT:-0}" = 1 ] || { next_steps "$version" "$message"; return; }
  git commit -qam "$message"
  [[ $version == *-dev ]] || git tag -a "v$version" -m "$message"
  next_steps "$version" "$message"
}

next_steps() {
  say "this tree is $1; next:"
  say "  make verify"
  [ "${RELEASE_COMMIT:-0}" = 1 ] || say "  git diff; git commit -am '$2'$([[ $1 == *-dev ]] || echo "; git tag -a v$1 -m '$2'")"
  if [[ $1 == *-dev ]]; then say "  git push"; return; fi
  say "  git push && git push origin v$1"
  say "  .github/workflows/release.yaml publishes the tag; by hand: make images && hack/publish-images.sh REGISTRY"
  say "  make release VERSION=$(awk -F '[.-]' '{ print $1 "." $2 + 1 ".0-dev" }' <<<"$1")"
}

print_notes() {
  local notes
  notes=$(awk -v heading="## $1 - " '/^## /{ inside = index($0, heading) == 1; next } inside' CHANGELOG.md)
  [ -n "$notes" ] || fail "CHANGELOG.md has no section for $1"
  printf '%s\n' "$notes"
}

case ${1:-} in
  print-chart-version) print_chart_version "${2:?"usage: release.sh print-chart-version CHART"}" ;;
  print-notes) print_notes "${2:-}" ;;
  "") fail "usage: make release VERSION=x.y.z, or hack/release.sh x.y.z" ;;
  *) release "$1" ;;
esac
