import Foundation

/// What lies on the disk of a sweep's rungs and still holds: trials' stamps, and who goes on.
///
/// What is older than the settings that it was made under is of other rungs or other trials. Make makes it anew; until then it says
/// nothing.
struct RungFiles: Sendable {
    /// Stamps are no older than this, and than their trial's own settings.
    private let settings: FileTime
    /// Who goes on was decided no earlier than this.
    private let candidates: FileTime

    /// Of a pipeline's folder, whichever manifest made it.
    init(folder: String) {
        settings = FileTime(Plan.sweepSettingsPath(folder)) ?? .past
        candidates = max(settings, FileTime(Plan.trialListPath(folder)) ?? .past)
    }

    /// Of a plan that may not have been written yet.
    init(_ plan: Plan) {
        func since(_ stamp: Stamp?) -> FileTime {
            guard let stamp else { return .past }
            return stamp.isOutdated ? .future : FileTime(stamp.path) ?? .past
        }
        settings = since(plan.sweepSettings)
        candidates = max(settings, since(plan.trialList))
    }

    /// Whether a trial's run has come to the end of a rung, was not let into it, or cannot be trained.
    func isPassed(_ rung: Int, by directory: String) -> Bool {
        let since = max(settings, FileTime("\(directory).yaml") ?? .past)
        return FileTime(Trial.stamp(of: directory, rung: rung)).map { $0 >= since } ?? false
    }

    /// The run directories that a rung's file lets in; nil where that is not decided.
    func admitted(by path: String) -> Set<String>? {
        guard let time = FileTime(path), time >= candidates, let bytes = FileManager.default.contents(atPath: path)
        else { return nil }
        return Set(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init))
    }
}
