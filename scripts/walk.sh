#!/usr/bin/env bash
# The stranger's walk: somebody who has the README's prerequisites and nothing else types all of its commands, in order, as they stand there,
# in a fresh clone of what is committed, with an empty home and no environment but PATH.
#
#   scripts/walk.sh [--without-tests]
#
# --without-tests leaves out `make test`, for who has just run it. UNDERTONE_WALK_BUILD=.build takes the programs that were built there from the
# same commit, which saves minutes; by default everything is made from nothing.
#
# Of their own, the stranger has what the README says that one needs: a manifest and its recordings, some more recordings, and a model, which a
# small hub on this machine's loopback hands out under the name of wav2vec2-base: it has that one's twelve layers, and 40 channels.
# A user's own git configuration is kept, for it may say how packages are reached.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

tests=yes
case ${1:-} in
    '') ;;
    --without-tests) tests=no ;;
    *)
        echo "usage: scripts/walk.sh [--without-tests]" >&2
        exit 64
        ;;
esac

swift=$(command -v "${SWIFT:-swift}") || {
    echo "error: no swift found, expected it on the path as the README asks" >&2
    exit 66
}
built=${UNDERTONE_WALK_BUILD:+$(realpath "$UNDERTONE_WALK_BUILD")}
walk=$(mktemp -d "${TMPDIR:-/tmp}/undertone-walk-XXXXXX")
hub=
tear_down() {
    if [[ -n $hub ]]; then kill "$hub" 2>/dev/null || true; fi
    rm -rf "$walk"
}
trap tear_down EXIT
mkdir "$walk/home"
git clone --quiet --no-hardlinks "$root" "$walk/undertone"
cd "$walk/undertone"
if [[ -n $built ]]; then
    mkdir -p .build/release
    cp -r "$built"/release/{undertone,undertone-cache,undertone-train} .build/release/
    touch .build/release/.undertone-built
fi

environment=(HOME="$walk/home" PATH="$(dirname "$swift"):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" TERM=dumb
    GIT_CONFIG_GLOBAL="${GIT_CONFIG_GLOBAL:-$HOME/.gitconfig}" no_proxy='127.0.0.1,localhost')
for name in SWIFT http_proxy https_proxy; do
    if [[ -n ${!name:-} ]]; then environment+=("$name=${!name}"); fi
done

# A hub as seen by `undertone model fetch`: a listing and files.
model=Tests/Goldens/wav2vec2-tiny
name=facebook/wav2vec2-base commit=$(git rev-parse HEAD)
serve() {
    local site=$walk/hub files=(config.json preprocessor_config.json model.safetensors)
    mkdir -p "$site/api/models/$name/revision" "$site/$name/resolve/$commit"
    local siblings=() size
    for file in "${files[@]}"; do
        cp "$model/$file" "$site/$name/resolve/$commit/"
        size=$(stat -c %s "$model/$file")
        siblings+=("{\"rfilename\": \"$file\", \"size\": $size, \"blobId\": \"$(git hash-object --no-filters "$model/$file")\",
            \"lfs\": {\"sha256\": \"$(sha256sum "$model/$file" | cut -d' ' -f1)\", \"size\": $size}}")
    done
    local IFS=,
    echo "{\"id\": \"$name\", \"sha\": \"$commit\", \"tags\": [], \"siblings\": [${siblings[*]}]}" >"$site/api/models/$name/revision/main"
    python3 -u -m http.server --bind 127.0.0.1 --directory "$site" 0 >"$walk/hub.log" 2>&1 &
    hub=$!
    for ((tries = 0; tries < 100; tries++)); do
        port=$(sed -nE 's/.* port ([0-9]+) .*/\1/p' "$walk/hub.log" | head -n 1)
        if [[ -n $port ]]; then break; fi
        sleep 0.1
    done
    if [[ -z $port ]]; then
        echo "error: python3 -m http.server does not come up on 127.0.0.1: $(<"$walk/hub.log")" >&2
        exit 70
    fi
    environment+=("HF_ENDPOINT=http://127.0.0.1:$port")
}
if command -v python3 >/dev/null; then
    serve
else
    echo "walk: no python3 here to serve a model with; model fetch asks the real hub" >&2
fi

# The stranger's corpus: tones of different pitch, made by nothing but bash, so that no command of the README has to come first.
tone() {
    local seconds=$1 pitch=$2 frames=$((16000 * $1)) file=$3
    mkdir -p "$(dirname "$file")"
    LC_ALL=C awk -v frames="$frames" -v pitch="$pitch" '
        function little(value, bytes) { while (bytes-- > 0) { printf "%c", value % 256; value = int(value / 256) } }
        BEGIN {
            printf "RIFF"; little(36 + frames * 2, 4); printf "WAVEfmt "; little(16, 4); little(1, 2); little(1, 2)
            little(16000, 4); little(32000, 4); little(2, 2); little(16, 2); printf "data"; little(frames * 2, 4)
            for (n = 0; n < frames; n++) {
                value = int(9000 * sin(6.283185 * pitch * n / 16000) + 3000 * sin(19.7 * pitch * n / 16000))
                little(value < 0 ? value + 65536 : value, 2)
            }
        }' >"$file"
}
belongings() {
    local splits=(train development train test1 train train) index place
    for place in . path/to; do
        echo id,path,split,speaker,activation,valence >"$place/manifest.csv"
        for ((index = 0; index < 18; index++)); do
            tone 1 $((90 + 37 * index)) "$place/audio/$index.wav"
            echo "$index,audio/$index.wav,${splits[index % 6]},s$((index % 6)),0.$((1 + index * 7 % 9)),0.$((1 + index * 5 % 9))"
        done >>"$place/manifest.csv"
    done
    cp -r audio recordings
    tone 13 150 talk.wav
}
mkdir -p path/to
belongings

# What stands in the README for something of the reader's. `…` is what the commands before it had.
count=0
placeholders() {
    local command=$1
    command=${command//--model MODEL …/--model path/to/wav2vec2-base --out RUN-$count --set labels=[activation]}
    command=${command//undertone-train …/undertone-train --cache CACHE-all --out RUN-$count --set labels=[activation]}
    command=${command//--model MODEL/--model path/to/wav2vec2-base}
    command=${command//build\/demo\/cache-e0bf8327/$(echo build/demo/cache-*/)}
    # What may be given is given.
    sed -E 's/ \[([A-Z]+=[^]]*)\]/ \1/' <<<"$command"
}

# perform PLACE COMMAND [NAME=VALUE …]: types a command, with the programs on the path once there are some.
perform() {
    local place=$1 command start=$SECONDS
    count=$((count + 1))
    command=$(placeholders "$2")
    echo "walk: $place: $command"
    if ! env -i "${environment[@]}" "${@:3}" bash -c 'set -eo pipefail; PATH=$PWD/.build/release:$PATH; eval "$1"' bash "$command" \
        </dev/null >"$walk/log" 2>&1; then
        tail -n 60 "$walk/log" >&2
        echo "error: $place: this command fails in a fresh clone: $command" >&2
        exit 70
    fi
    echo "walk: done in $((SECONDS - start)) s"
}

began=$SECONDS
while IFS=$'\t' read -r page line kind command; do
    if [[ $kind != command ]]; then continue; fi
    place=$page:$line command=${command%% # *} own=()
    case $command in
        'make test')
            if [[ $tests == no ]]; then
                echo "walk: $place: make test is left out, as asked"
                continue
            fi
            ;;
        # On the stranger's corpus and model; on the demo's they take half an hour.
        'make sweep '* | 'make paper '*) own=(CORPUS=path/to/manifest.csv MODEL=path/to/wav2vec2-base) ;;
        # "From one cache whose cuts allow for it."
        'undertone-train … '*)
            if [[ ! -e CACHE-all ]]; then
                perform "$place, before it" 'undertone-cache --corpus manifest.csv --model MODEL --cut cnn --cut 9 --out CACHE-all'
            fi
            ;;
    esac
    perform "$place" "$command" "${own[@]}"
done < <(awk -f scripts/page-commands.awk README.md)
echo "walk: every command of the README ran, in $((SECONDS - began)) s"
