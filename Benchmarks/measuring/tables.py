"""A result as Markdown."""

TITLES = {"own": "Undertone against the machine", "peers": "Undertone and its peers"}

GROUPS = {
    "rooflines": ("The machine's limits", "All threads, except the disk's. Products: 4000 × 768 by 768 × 3072, by the faster of "
                  "the engine's two ways. Memory: arrays far larger than the last-level cache."),
    "stages": ("Both stages, the real programs", "Stage one decodes its recordings and writes its rows within the measured time; "
               "of stage two the second epoch counts, without evaluation."),
    "operations": ("Where the engine's time goes", "The engine alone, on the lengths of `undertone-bench`: products against the "
                   "product rate, what multiplies nothing against the memory's copying rate. More than 100 % of that means that the "
                   "processor's caches served."),
    "storage": ("Around the engine", "One thread; recordings in the page cache; written rows are flushed to the disk. Of a sample "
                "that is decoded, 2 bytes are read and 4 written."),
    "reading": ("Reading a cache in shuffled order", "From the page cache, of a cache far larger than the processor's."),
    "memory": ("Memory", "The most that the process held, as the system counts it."),
    "start-up": ("Start-up", "From the launch of the process."),
    "stage-one": ("Stage one", "Nine layers of wav2vec2-base, one utterance at a time. Undertone decodes its recordings within the "
                  "measured time; peers find their samples in memory."),
    "stage-two": ("Stage two", "Top three layers and heads, batches of 32 from features, an epoch at a time."),
    "full": ("Cached against full finetuning", "Seconds per epoch on the same utterances in batches of the same size; full "
             "finetuning with a frozen CNN, from audio."),
    "ratios": ("Ratios", "Pairs of the same turn; above 1 Undertone is faster."),
}


def number(value):
    """About three digits."""
    size = abs(value)
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.1 or size == 0 else f"{value:.3g}"


def _against(entry):
    relative = entry.get("relative")
    return f"{100 * relative['value']:.0f} % of {relative['to']}" if relative else ""


def _spread(entry):
    runs = entry["runs"]
    return f"{number(min(runs))} to {number(max(runs))}" if len(runs) > 1 else ""


def _plain(entries):
    lines = ["| what | median | spread | unit | against | |", "|---|---|---|---|---|---|"]
    for entry in entries:
        cells = [entry["name"], number(entry["median"]), _spread(entry), entry["unit"], _against(entry),
                 entry.get("note", "")]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _operations(entries):
    lines = ["| operation | share of the time | ms per audio s | against |", "|---|---|---|---|"]
    for entry in entries:
        lines.append(f"| {entry['name']} | {100 * entry['weight']:.1f} % | {number(entry['median'])} | {_against(entry)} |")
    return lines


def page(document, file_name):
    facts, settings = document["machine"], document["settings"]
    lines = [f"# {TITLES[document['kind']]}, {document['date']}, {facts['processor']} ({facts['kind']})", "",
             f"Medians of the runs of one sitting; every run: `{file_name}`. What is measured: `Benchmarks/README.md`."]
    if not document["complete"]:
        lines += ["", "**The sitting was broken off, or still goes on: some of it is missing.**"]
    groups = list(dict.fromkeys(entry["group"] for entry in document["measurements"]))
    for group in groups:
        title, text = GROUPS.get(group, (group, ""))
        entries = [entry for entry in document["measurements"] if entry["group"] == group]
        lines += ["", f"## {title}", "", *([text, ""] if text else [])]
        lines += _operations(entries) if group == "operations" else _plain(entries)
    lines += ["", "## Machine and settings", ""]
    for name, value in [*facts.items(), *settings.items()]:
        lines.append(f"- {name}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    return "\n".join(lines) + "\n"
