import Foundation
import Reports
import Runs
import Study
import Testing

/// Made-up runs of the set-ups that the paper has figures of; nothing here was ever measured.
final class StudyFolder {
    let path = FileManager.default.temporaryDirectory.appending(path: "paper-\(UUID())").path

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func entry(
        _ setUp: StudySetUp, seconds: Double, trainable: Int, cache: CacheCost? = nil, corpus: CorpusNote? = nil
    ) throws -> StudyTable.Entry {
        let run = sampleRun(), directory = RunDirectory(path: "\(path)/\(setUp.name)")
        try directory.create()
        try directory.write(run.configuration)
        for var epoch in run.epochs {
            epoch.secondsTraining = seconds
            try directory.append(epoch)
        }
        for (split, predictions) in run.predictions { try directory.write(predictions, split: split) }
        var result = run.result
        result.trainableParameters = trainable
        result.corpus = corpus
        try directory.write(result)
        return .init(setUp, directories: [directory.path], cache: cache)
    }

    /// - Parameters:
    ///   - cachedSeconds: of an epoch from the cache.
    ///   - compute: of the first row.
    func table(
        cachedSeconds: Double = 4, corpus: CorpusNote? = nil, compute: String = "float32", pooled: Bool = false
    ) throws -> StudyTable {
        let partial = StudySetUp(.top(layers: 3), compute: "bfloat16")
        let cached = StudySetUp(.top(layers: 3), compute: "bfloat16", from: .cache(store: "int8"))
        let pairs = StudySetUp(.top(layers: 3), compute: "bfloat16", from: .cache(store: "int8", pool: 2))
        let cost = CacheCost(
            cut: "9", store: "int8", pool: 2, bytes: 1 << 19, seconds: 96, peakMemoryBytes: 1 << 30)
        var entries: [StudyTable.Entry] = [
            try entry(StudySetUp(.full, compute: compute), seconds: 50, trainable: 80_000_000, corpus: corpus),
            try entry(StudySetUp(.top(layers: 3), compute: "float32"), seconds: 30, trainable: 20_000_000),
            try entry(partial, seconds: 20, trainable: 20_000_000),
            try entry(
                cached, seconds: cachedSeconds, trainable: 20_000_000,
                cache: CacheCost(cut: "9", store: "int8", bytes: 1 << 20, seconds: 100, peakMemoryBytes: 1 << 30)),
            .init(StudySetUp(.heads, compute: "float32"), directories: ["\(path)/nowhere"]),
        ]
        if pooled { entries.append(try entry(pairs, seconds: 2, trainable: 20_000_000, cache: cost)) }
        return try StudyTable(entries, amortisedOver: 10, resamples: 100)
    }
}

@Suite struct PaperPageTests {
    @Test func thePaperStandsBesideWhatIsMeasured() throws {
        let page = try PaperPage(try StudyFolder().table(), title: "A <study>").html()
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("<h1>A &lt;study&gt;</h1>"))
        // 1 − 20/50, 1 − 4/50 and 1 − 20/80.
        for figure in ["60.0 %", "92.0 %", "75.0 %"] {
            #expect(count("<p class=\"figure\">\(figure)</p>", in: page) == 1, "\(figure)")
        }
        for published in ["paper: 67 %, on a GPU", "paper: 88 %, on a GPU", "paper: 71 %, a count"] {
            #expect(count(published, in: page) == 1, "\(published)")
        }
        #expect(page.contains("random encoder: no reproduction"))
        #expect(page.contains("The encoder is random: none of this reproduces the paper."))
        #expect(page.contains("not trained yet: heads-float32"))
        for foreign in ["http://", "https://", "src=", "<link", "@import", "url("] {
            #expect(!page.contains(foreign), "\(foreign)")
        }
        let ids = page.matches(of: #/\sid="([^"]+)"/#).map { String($0.1) }
        #expect(Set(ids).count == ids.count)
    }

    /// 100 s against the 16 s that an epoch takes less: seven epochs, two runs of six.
    @Test(arguments: [(4.0, ["7", "2"]), (20, ["never", "never"])] as [(Double, [String])])
    func aCacheHasPaidOrNeverWill(cachedSeconds: Double, words: [String]) throws {
        let folder = StudyFolder()
        let tables = PaperTables(try folder.table(cachedSeconds: cachedSeconds))
        let section = try #require(tables.sections.first { $0.id == "break-even" })
        #expect(section.rows.map { $0.cells.suffix(2).map(\.text) } == [words])
        #expect(section.rows[0].cells.prefix(5).map(\.text) == ["9", "int8", "1.0 MiB", "100", "1.0 GiB"])
    }

    /// Pooled frames have no figure of the paper's beside them, a line of their own among the curves, and what they save is told of.
    @Test func pooledFramesAreSetApart() throws {
        let folder = StudyFolder(), table = try folder.table(pooled: true), tables = PaperTables(table)
        func section(_ id: String) throws -> PaperTables.Section {
            try #require(tables.sections.first { $0.id == id })
        }
        let title = "last 3 layers, bfloat16, int8 cache, means of 2"
        #expect(try !section("published").rows.contains { $0.name.hasPrefix(title) })
        let row = try #require(try section("epoch").rows.first { $0.name == title })
        // 1 − 2/50, beside nothing; fewer parameters beside the paper's.
        #expect(row.cells[5].text == "96.0 %" && row.cells[6].text == "" && row.cells[2].text == "71 %")
        let payment = try #require(try section("break-even").rows.last)
        // 96 s over the 18 s that an epoch takes less.
        #expect(payment.name == title && payment.cells[1].text == "int8, means of 2")
        #expect(payment.cells.suffix(2).map(\.text) == ["6", "1"])
        #expect(try section("break-even").note.contains("means of several frames"))
        let page = try PaperPage(table).html()
        #expect(count(">pooled</text>", in: page) == 1 && count(">cached</text>", in: page) == 1)
        let plain = PaperTables(try StudyFolder().table()).sections
        #expect(plain.allSatisfy { !$0.note.contains("means of several frames") })
    }

    /// What the table is against is said; the paper's times stand beside times against float32 alone.
    @Test func anotherBaselineIsNamed() throws {
        let published = try #require(PaperTables(try StudyFolder().table(compute: "bfloat16")).sections.first)
        #expect(published.id == "published" && published.note.hasPrefix("Against full finetuning in bfloat16. "))
        #expect(published.rows.count == 1 && published.rows[0].cells[0].text == "71.0 %", "\(published.rows)")
        let usual = try #require(PaperTables(try StudyFolder().table()).sections.first)
        #expect(usual.note.hasPrefix("Against full finetuning in float32. ") && usual.rows.count == 3)
    }

    /// So many intervals at 95 % that some leave zero out by chance.
    @Test func howManyDifferencesThereAreIsSaid() throws {
        let table = try StudyFolder().table()
        let scores = try #require(PaperTables(table).sections.first { $0.id == "scores" })
        let count = 3 * table.dimensions.count
        #expect(scores.note.contains("of \(count), one in twenty does not by chance alone"), "\(scores.note)")
    }

    @Test func everyRowHasACellForEveryHeader() throws {
        let sections = PaperTables(try StudyFolder().table(pooled: true)).sections
        #expect(sections.map(\.id) == ["published", "epoch", "run", "scores", "break-even"])
        for section in sections {
            for row in section.rows {
                #expect(row.cells.count + 1 == section.headers.count, "\(section.id), \(row.name)")
            }
        }
    }

    @Test func aSyntheticCorpusIsToldOf() throws {
        let note = CorpusNote(name: "Machine", synthetic: true, description: "Spoken by nobody.")
        let folder = StudyFolder()
        let page = try PaperPage(try folder.table(corpus: note)).html()
        #expect(page.contains(#/<p class="corpus">Corpus: Machine \(SHA-256 [^ ]+\), synthetic speech\./#))
    }
}
