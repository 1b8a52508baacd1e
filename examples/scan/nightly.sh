#!/usr/bin/env bash
# Scan a folder every night, and compare all of it once a week. For cron, which mails what is printed:
#
#   MAILTO=trust@example.org
#   15 2 * * 1-6  /opt/forensics/nightly.sh /srv/uploads /var/lib/forensics        # what is new since the last scan
#   15 2 * * 0    /opt/forensics/nightly.sh /srv/uploads /var/lib/forensics whole  # all, compared with last week's
#
# Change: the verdicts that you want to hear of, and more options (--trust, --hash-list, --workers), below.
# Exit status: that of the scan, with 3 (some files cannot be read) taken for success.
set -euo pipefail

source=${1:?usage: nightly.sh SOURCE FOLDER [whole]}
results=${2:?usage: nightly.sh SOURCE FOLDER [whole]}
kind=${3:-new}
found=synthetic,altered,contradictory
options=(--profile "${PROFILE:-standard}")

case $source in
    *://* | @* | *[\{*?]*) ;; # URLs, lists and braces
    *) [ -e "$source" ] || { echo "there is no $source: is it mounted?" >&2; exit 4; } ;;
esac
umask 077 # results name files and hold previews of them
mkdir -p "$results"
exec 9>"$results/.nightly.lock"
flock --nonblock 9 || { echo "the scan of another night still runs" >&2; exit 4; }

# The newest scan of some kind that is finished, or that is not. Names of scans sort by time.
newest() { # newest PATTERN finished|unfinished
    local folder state last=""
    for folder in "$results"/20*-$1; do
        [ -e "$folder/journal.sqlite" ] || continue
        state=unfinished
        [ ! -e "$folder/manifest.sig.json" ] || state=finished
        [ "$state" != "$2" ] || last=$folder
    done
    echo "$last"
}

run() { # run OUT SOURCE-OR-OPTION...
    local out=$1 status=0
    shift
    forensics scan "$@" -o "$out" --fail-on "$found" 9>&- || status=$?
    case $status in
        0 | 1) ;;
        3) status=0 && echo "some files cannot be read; see $out/report/index.html" ;;
        130) echo "stopped; the next night goes on with $out" ;;
        *) echo "the scan in $out failed with status $status" >&2 ;;
    esac
    return "$status"
}

before=$(newest '*' finished)
whole_before=$(newest whole finished)
out=$(newest '*' unfinished)
status=0
if [ -n "$out" ]; then
    run "$out" --resume || status=$?
    if [ "$status" = 2 ]; then # the suite, its keys or lists of hashes changed meanwhile: rows would not agree
        mv "$out" "$results/left-${out##*/}"
        out="" status=0
    fi
fi
if [ -z "$out" ]; then
    [ -n "$before" ] || kind=whole
    out=$results/$(date +%Y-%m-%dT%H%M%S)-$kind
    since=()
    [ "$kind" = whole ] || since=(--since "$before")
    run "$out" "$source" "${since[@]}" "${options[@]}" || status=$?
fi
if [ "$status" = 1 ]; then
    forensics results query "$out" "SELECT verdict, id FROM rows WHERE '$found' LIKE '%' || verdict || '%' LIMIT 100"
fi
if [ "$status" -le 1 ] && [[ $out == *-whole ]] && [ -n "$whole_before" ]; then
    forensics results diff "$whole_before" "$out"
fi
exit "$status"
