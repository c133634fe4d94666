import Files
import Foundation
import Runs

/// A run as TensorBoard's table of hyperparameters has it: a session with the settings that it was trained with. Which of them a
/// sweep varies, and which scalars there are, TensorBoard finds out by comparing sessions.
///
/// It is a `Summary.Value` without a value, whose metadata speak to the plugin.
/// - Source: tensorboard/plugins/hparams/plugin_data.proto and api.proto; tensorboard/plugins/hparams/summary.py for the tags;
///   google/protobuf/struct.proto.
struct HyperparameterSession {
    enum Status: Int {
        case success = 1
        case failure = 2
    }

    private let settings: [(key: String, value: SettingValue)]
    /// Runs that differ in their seed alone lie beside one another, and are one line of the table.
    private let group: String?

    init(_ directory: RunDirectory, configuration: TrainConfiguration) {
        let isOfSeveral = directory.name == "seed-\(configuration.seed)"
        group = isOfSeveral ? PathParts(directory.path).folder : nil
        settings = configuration.settings.filter { !isOfSeveral || $0.key != "seed" }
    }

    func start(at time: Date) -> ProtobufMessage {
        Self.value(tag: "_hparams_/session_start_info") { data in
            data.message(3) { info in
                for (key, value) in settings where value != .null {
                    info.message(1) {
                        $0.string(1, key)
                        $0.message(2, Self.value(value))
                    }
                }
                if let group { info.string(4, group) }
                info.double(5, time.timeIntervalSince1970)
            }
        }
    }

    static func end(at time: Date, status: Status) -> ProtobufMessage {
        value(tag: "_hparams_/session_end_info") { data in
            data.message(4) { info in
                info.varint(1, status.rawValue)
                info.double(2, time.timeIntervalSince1970)
            }
        }
    }

    private static func value(tag: String, _ build: (inout ProtobufMessage) -> Void) -> ProtobufMessage {
        var content = ProtobufMessage()
        build(&content)
        var value = ProtobufMessage()
        value.string(1, tag)
        // The reader wants a tensor, be it an empty one: float32, of shape [0].
        value.message(8) { tensor in
            tensor.varint(1, 1)
            tensor.message(2) { $0.message(2) { _ in } }
        }
        value.message(9) { metadata in
            metadata.message(1) {
                $0.string(1, "hparams")
                $0.data(2, content.bytes)
            }
        }
        return value
    }

    private static func value(_ setting: SettingValue) -> ProtobufMessage {
        var value = ProtobufMessage()
        switch setting {
        case .integer(let number): value.double(2, Double(number))
        case .number(let number): value.double(2, number)
        case .text(let text): value.string(3, text)
        case .truth(let truth): value.varint(4, truth ? 1 : 0)
        case .null: value.varint(1, 0)
        }
        return value
    }
}
