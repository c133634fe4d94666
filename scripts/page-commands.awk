# The commands that Markdown pages show, in order: awk -f scripts/page-commands.awk PAGE…
#
# Prints a line per command: page, line, `command`, what is typed; and a line per block of something else (YAML, CSV, output): page, line,
# `text`, its first line; `stray`, of a line within such a block that looks like a command. Fields are separated by tabs.
#
# A block is indented by four spaces or more, or fenced. Where its first line begins with `$ `, so do its commands, and what is between
# them is output. Else it is commands altogether if its first line, comments aside, begins with a program that is known here. Lines are joined
# where they end in a backslash, or within double quotes. What stands three spaces or more behind a command is a remark.

BEGIN {
    OFS = "\t"
    split("undertone undertone-cache undertone-train undertone-bench make python pip umask source export cd git squeue tail man " \
        "sqlite3 tensorboard ffmpeg swift curl chmod ln head ls cp sed cat mkdir for less", names, " ")
    for (i in names) known[names[i]] = 1
}

FNR == 1 { close_block(); fence = "" }

/^ *```/ {
    if (fence == "") { close_block(); fence = "```" } else { close_block(); fence = "" }
    next
}

fence != "" || /^(    |\t)/ { if (fence != "" || open || blank) { take($0); next } }

/^[ \t]*$/ { blank = 1; next }

{ close_block(); blank = FNR == 1 || /^#/ }

END { close_block() }

function take(line) {
    sub(/^[ \t]+/, "", line)
    if (line == "") return
    if (open && command != "") { command = command " " line; finish(); return }
    if (!open) {
        if (line ~ /^#/ && line !~ /yaml/) { return }
        open = 1
        kind = line ~ /^\$ / ? "session" : is_program(line) ? "commands" : "text"
        if (kind == "text") print FILENAME, FNR, "text", line
    }
    if (kind == "commands" && line ~ /^\$ /) kind = "session"
    if (kind == "session") {
        if (line !~ /^\$ /) return
        sub(/^\$ /, "", line)
    } else if (kind == "text") {
        if (is_program(line)) print FILENAME, FNR, "stray", line
        return
    } else if (line ~ /^#/) return
    sub(/   +[^ #\\].*$/, "", line)
    command = line
    start = FNR
    finish()
}

# A command that is not over yet waits for its next line.
function finish(    quotes) {
    quotes = gsub(/"/, "\"", command)
    if (sub(/\\$/, "", command) || quotes % 2) return
    gsub(/[ \t]+/, " ", command)
    print FILENAME, start, "command", command
    command = ""
}

function close_block() {
    if (command != "") { print FILENAME, start, "command", command; command = "" }
    open = 0
    blank = 0
}

function is_program(line,    word) {
    word = line
    while (word ~ /^[A-Z_]+=[^ ]* /) sub(/^[^ ]* /, "", word)
    sub(/[ \t].*/, "", word)
    # A path below this folder that names a program.
    return (word in known) || word ~ /^(\.build|\.venv|scripts|data|pipelines)\/[^:]*[^:,]$/
}
