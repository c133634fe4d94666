import Faults

enum PaperFault: Fault {
    case noStudy(String)

    var kind: FaultKind { .usage }

    var description: String {
        switch self {
        case .noStudy(let path):
            "\(path): the pipeline has no 'study'; pipelines/paper.yaml has one, and study: {} is enough for all of its set-ups"
        }
    }
}
