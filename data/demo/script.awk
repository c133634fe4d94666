# Who says what, and how: one tab-separated line per utterance of the demo corpus. README.md beside it explains the formulas.
#
# Input: sentences.tsv. Variable: seed. Output columns:
#   id speaker split voice sentence words_per_minute pitch amplitude range_percent wording activation valence
# The random numbers are our own (Park and Miller's minimal standard generator, exact in a double), because awk's rand()
# differs from one awk to the next.

function uniform() {  # in (0, 1)
    state = (state * 16807) % 2147483647
    return state / 2147483647
}
function noise(width) {  # symmetric, bell-shaped, within ±width
    return width * (uniform() + uniform() + uniform() - 1.5) / 1.5
}
function clamp(x) { return x < 0 ? 0 : x > 1 ? 1 : x }

BEGIN {
    FS = OFS = "\t"
    state = 1 + (seed * 7919 + 20250101) % 2147483646
    for (i = 0; i < 20; i++) uniform()
    # Voice, base pitch (espeak-ng's 0..99) and split. No voice is in two splits.
    speakers = split( \
        "en-us+m1:38:train en-us+f1:46:train en-gb+m3:34:train en-gb+f2:50:train en-gb-scotland+m5:36:train " \
        "en-gb-scotland+f3:44:train en-us+m6:42:train en-gb-x-rp+f4:48:train en-029+m7:35:train " \
        "en-gb-x-gbclan+Andrea:45:train en-us+Michael:38:train en-gb-x-gbcwmd+steph:46:train " \
        "en-gb+m2:36:development en-us+f5:46:development en-gb-x-rp+Lee:40:development en-029+linda:47:development " \
        "en-gb-x-gbcwmd+m4:37:test1 en-us+belinda:48:test1 en-gb-scotland+Alex:40:test1 en-gb+Annie:45:test1", \
        speaker, " ")
    perSpeaker = 12
}
{ sentences[$1, count[$1]++] = $2 }
END {
    for (s = 1; s <= speakers; s++) {
        split(speaker[s], fields, ":")
        voice = fields[1]; basePitch = fields[2]; part = fields[3]
        name = voice
        gsub(/[^A-Za-z0-9]+/, "-", name)
        for (k = 0; k < perSpeaker; k++) {
            # How aroused and how pleased the speaker is: each speaker goes through the whole range of both, in no order
            # (5 and 12 have no common factor), so that no speaker is calm throughout.
            arousal = clamp((k + uniform()) / perSpeaker)
            pleasure = clamp(((k * 5 + s * 7) % perSpeaker + uniform()) / perSpeaker)

            # What that does to the voice, each with its own noise.
            rate = clamp(arousal + noise(0.2))
            height = clamp(arousal + noise(0.2))
            loudness = clamp(arousal + noise(0.3))
            melody = clamp(pleasure + noise(0.2))
            wpm = int(115 + 145 * rate + 0.5)
            pitch = int(basePitch - 22 + 56 * height + 0.5)
            amplitude = int(60 + 110 * loudness + 0.5)
            range = int(20 + 180 * melody + 0.5)

            # And what is said.
            tone = pleasure < 0.36 ? 0 : pleasure < 0.64 ? 0.5 : 1
            class = tone == 0.5 ? "plain" : (tone == 1 ? "glad" : "sad") (arousal > 0.5 ? "-lively" : "-calm")
            sentence = sentences[class, int(uniform() * count[class])]

            # The labels follow from how it was spoken (README.md), with a little jitter as of raters who differ.
            activation = clamp(0.45 * rate + 0.40 * height + 0.15 * loudness + noise(0.05))
            valence = clamp(0.55 * melody + 0.45 * tone + noise(0.05))

            printf "%s-%02d\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\t%.3f\t%.3f\n", \
                name, k, name, part, voice, sentence, wpm, pitch, amplitude, range, class, activation, valence
        }
    }
}
