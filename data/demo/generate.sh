#!/usr/bin/env bash
# Speaks the demo corpus with espeak-ng: 240 short sentences, 20 voices, 16-bit WAV and a manifest.
#
#   data/demo/generate.sh OUT [SEED]
#
# OUT appears whole or not at all (everything is made in a folder beside it, then renamed). The same seed gives the same
# bytes with the same espeak-ng. README.md beside this file says what the labels mean, and what they do not.
set -euo pipefail
export LC_ALL=C

if [[ $# -lt 1 || $# -gt 2 ]]; then
    echo "usage: $0 OUT [SEED]" >&2
    exit 64
fi
out=${1%/}
seed=${2:-0}
here=$(cd "$(dirname "$0")" && pwd)

if ! command -v espeak-ng >/dev/null; then
    echo "error: espeak-ng is not installed; run 'make setup', or: apt-get install espeak-ng" >&2
    exit 66
fi

mkdir -p "$(dirname "$out")"
work=$out.$$.tmp
trap 'rm -rf "$work"' EXIT
trap 'exit 75' INT TERM
rm -rf "$work"
mkdir -p "$work/audio"
awk -v seed="$seed" -f "$here/script.awk" "$here/sentences.tsv" >"$work/script.tsv"

# Speaks every `count`-th line of the script, beginning with line `first`.
speak() {
    local first=$1 count=$2 id speaker split voice sentence wpm pitch amplitude range rest
    awk -v first="$first" -v count="$count" 'NR % count == first % count' "$work/script.tsv" |
        while IFS=$'\t' read -r id speaker split voice sentence wpm pitch amplitude range rest; do
            espeak-ng -z -m -v "$voice" -s "$wpm" -p "$pitch" -a "$amplitude" -w "$work/audio/$id.wav" \
                "<prosody range=\"$range%\">$sentence</prosody>"
        done
}
workers=$(nproc)
pids=()
for ((worker = 1; worker <= workers; worker++)); do
    speak "$worker" "$workers" &
    pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done

# A voice that this espeak-ng lacks would be spoken by another one, or not at all.
while IFS=$'\t' read -r id _; do
    if [[ ! -s $work/audio/$id.wav ]]; then
        echo "error: espeak-ng wrote no audio for $id; its voices are not those of eSpeak NG 1.50 or later" >&2
        exit 70
    fi
done <"$work/script.tsv"

awk -F '\t' -v OFS=, '
    BEGIN {
        print "id", "path", "split", "speaker", "activation", "valence", "synthetic", "voice", "wording",
            "words_per_minute", "pitch", "amplitude", "range_percent"
    }
    { print $1, "audio/" $1 ".wav", $3, $2, $11, $12, "espeak-ng", $4, $10, $6, $7, $8, $9 }
' "$work/script.tsv" >"$work/manifest.csv"
cat >"$work/corpus.json" <<JSON
{
  "name": "Undertone demo corpus",
  "synthetic": true,
  "description": "240 sentences spoken by $(espeak-ng --version | sed -E 's/^eSpeak NG text-to-speech: ([^ ]+).*/eSpeak NG \1/') in 20 voices; labels computed from rate, pitch, loudness, melody and wording. Scores on it say nothing about human emotion."
}
JSON
rm "$work/script.tsv"

rm -rf "$out"
mv "$work" "$out"
trap - EXIT
echo "$out: $(find "$out/audio" -name '*.wav' | wc -l) synthetic utterances" >&2
