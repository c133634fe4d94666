// swift-tools-version: 6.2
import PackageDescription

/// The house, bottom to top: imports go up this list only, and each system library is imported by exactly one Swift
/// module (CONTRIBUTING.md draws it).
let package = Package(
    name: "undertone",
    products: [
        .executable(name: "undertone-cache", targets: ["undertone-cache"]),
        .executable(name: "undertone-train", targets: ["undertone-train"]),
        .executable(name: "undertone", targets: ["undertone"]),
        // What reads files that come from elsewhere, for the fuzzers (Fuzz/).
        .library(
            name: "Readers",
            targets: ["Checkpoints", "Corpus", "CorpusAdapters", "FeatureStore", "Parquet", "Runs", "Faults"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // System libraries.
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
        .systemLibrary(name: "CSndFile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
        .systemLibrary(name: "CSoxr", pkgConfig: "soxr", providers: [.apt(["libsoxr-dev"])]),
        .target(name: "CDNNL", linkerSettings: [.linkedLibrary("dnnl")]),
        .target(name: "CNumerics", linkerSettings: [.linkedLibrary("m")]),

        // Libraries.
        .target(name: "Faults"),
        .target(name: "Files", dependencies: ["Faults"]),
        .target(name: "Console", dependencies: ["Files", "Faults"]),
        .target(name: "Buffers", dependencies: ["CNumerics"]),
        .target(name: "Kernels", dependencies: ["Buffers", "Faults", "CNumerics", "CDNNL", "COpenBLAS"]),
        .target(
            name: "Corpus",
            dependencies: [
                "Files", "Faults", "CSndFile", "CSoxr", .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .target(name: "Parquet", dependencies: ["Faults"]),
        .target(
            name: "CorpusAdapters",
            dependencies: [
                "Corpus", "Parquet", "Files", "Faults", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ]),
        .target(
            name: "Checkpoints",
            dependencies: [
                "Buffers", "Files", "Faults", "CNumerics", .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .target(
            name: "ModelHub",
            dependencies: [
                "Checkpoints", "Console", "Files", "Faults", .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .target(name: "SpeechEncoder", dependencies: ["Kernels", "Checkpoints", "Buffers", "Faults"]),
        .target(
            name: "FeatureStore",
            dependencies: [
                "Buffers", "Files", "Faults", "CHDF5", "CNumerics", .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .target(name: "Caching", dependencies: ["Corpus", "FeatureStore", "Files", "Faults"]),
        .target(
            name: "FrozenModels",
            dependencies: [
                "Caching", "Corpus", "Checkpoints", "SpeechEncoder", "FeatureStore", "Kernels", "Buffers", "Files",
                "Faults",
            ]),
        .target(
            name: "CacheInspection",
            dependencies: [
                "Caching", "Corpus", "Checkpoints", "SpeechEncoder", "FeatureStore", "Files", "Faults", "CNumerics",
            ]),
        .target(name: "Runs", dependencies: ["Files", "Faults", .product(name: "Yams", package: "Yams")]),
        .target(name: "Evaluation", dependencies: ["Runs", "Buffers", "Faults"]),
        .target(name: "Study", dependencies: ["Evaluation", "Runs", "Files", "Faults"]),
        .target(
            name: "Training",
            dependencies: [
                "SpeechEncoder", "Checkpoints", "FeatureStore", "Corpus", "Runs", "Evaluation", "Kernels", "Buffers",
                "Files", "Faults", .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .target(
            name: "AudioTraining",
            dependencies: [
                "Training", "FrozenModels", "Caching", "Corpus", "SpeechEncoder", "Checkpoints", "Runs", "Kernels",
                "Buffers", "Faults",
            ]),
        .target(
            name: "Prediction",
            dependencies: [
                "Training", "Caching", "Corpus", "SpeechEncoder", "FeatureStore", "Checkpoints", "Runs", "Kernels",
                "Buffers",
                "Files", "Faults",
            ]),
        .target(
            name: "Exports",
            dependencies: [
                "Prediction", "Training", "SpeechEncoder", "FeatureStore", "Checkpoints", "Runs", "Files", "Faults",
            ]),
        .target(
            name: "Pipelines",
            dependencies: ["Checkpoints", "Corpus", "Runs", "Study", "Buffers", "Files", "Faults"]),
        .target(
            name: "Estimation",
            dependencies: [
                "Pipelines", "Training", "FrozenModels", "Caching", "Corpus", "SpeechEncoder", "FeatureStore",
                "Checkpoints",
                "Study", "Runs", "Kernels", "Buffers", "Files", "Faults",
            ]),
        .target(
            name: "Registry",
            dependencies: ["Pipelines", "Runs", "Files", "Faults", .product(name: "GRDB", package: "GRDB.swift")]),
        .target(
            name: "Reports",
            dependencies: [
                "CacheInspection", "FeatureStore", "Evaluation", "Study", "Runs", "Files", "Faults", "CNumerics",
                .product(name: "Mustache", package: "swift-mustache"),
            ]),

        // Programs.
        .executableTarget(
            name: "undertone-cache",
            dependencies: [
                "Console", "FrozenModels", "Caching", "Corpus", "SpeechEncoder", "FeatureStore", "Kernels", "Buffers",
                "Runs", "Faults", "Files", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "undertone-train",
            dependencies: [
                "Console", "AudioTraining", "Training", "Caching", "Reports", "Runs", "Corpus", "Kernels", "Buffers",
                "Faults", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "undertone",
            dependencies: [
                "Console", "CacheInspection", "FrozenModels", "ModelHub", "Checkpoints", "Caching", "CorpusAdapters",
                "Corpus", "SpeechEncoder", "FeatureStore", "Kernels", "Buffers", "Pipelines", "Estimation", "Registry",
                "Prediction", "Exports", "Reports", "Study", "Evaluation", "Runs", "Faults", "Files",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // Not a product: `make bench` runs it.
        .executableTarget(
            name: "undertone-bench",
            dependencies: [
                "Training", "Runs", "SpeechEncoder", "Checkpoints", "Corpus", "FeatureStore", "Files", "Kernels",
                "Buffers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Benchmarks/undertone-bench"),

        // Tests, one target per module.
        .testTarget(name: "FilesTests", dependencies: ["Files", "Faults"]),
        .testTarget(name: "BuffersTests", dependencies: ["Buffers", "CNumerics"]),
        .testTarget(name: "KernelsTests", dependencies: ["Kernels", "Buffers"]),
        .testTarget(
            name: "CorpusTests",
            dependencies: ["Corpus", "Faults", "CSndFile", .product(name: "Crypto", package: "swift-crypto")]),
        .testTarget(name: "ParquetTests", dependencies: ["Parquet", "Faults"], exclude: ["Fixtures"]),
        .testTarget(
            name: "CorpusAdaptersTests", dependencies: ["CorpusAdapters", "Corpus", "Faults"], exclude: ["Fixtures"]),
        .testTarget(
            name: "CheckpointsTests", dependencies: ["Checkpoints", "Faults"], exclude: ["Fixtures"]),
        // A Hugging Face hub on loopback, for tests.
        .target(
            name: "LoopbackHub", dependencies: [.product(name: "Crypto", package: "swift-crypto")],
            path: "Tests/LoopbackHub"),
        .testTarget(name: "ModelHubTests", dependencies: ["ModelHub", "LoopbackHub", "Checkpoints", "Faults"]),
        .testTarget(
            name: "FrozenModelsTests", dependencies: ["FrozenModels", "SpeechEncoder", "Checkpoints", "Faults"]),
        .testTarget(name: "SpeechEncoderTests", dependencies: ["SpeechEncoder", "Checkpoints", "Kernels", "Faults"]),
        .testTarget(
            name: "GoldenTests",
            dependencies: ["Training", "SpeechEncoder", "Checkpoints", "Corpus", "Runs", "Kernels", "Buffers"]),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "Training", "Evaluation", "SpeechEncoder", "FeatureStore", "Checkpoints", "Corpus", "Runs", "Kernels",
                "Buffers", "Faults",
            ], exclude: ["Fixtures"]),
        .testTarget(
            name: "EvaluationTests", dependencies: ["Evaluation", "Runs", "Buffers", "Faults"], exclude: ["Fixtures"]),
        .testTarget(name: "StudyTests", dependencies: ["Study", "Evaluation", "Runs", "Faults"]),
        .testTarget(name: "RunsTests", dependencies: ["Runs", "Faults"]),
        .testTarget(
            name: "AudioTrainingTests",
            dependencies: ["AudioTraining", "Training", "SpeechEncoder", "Corpus", "Runs", "Kernels"]),
        .testTarget(name: "PredictionTests", dependencies: ["Prediction"]),
        .testTarget(name: "ExportsTests", dependencies: ["Exports", "Files"]),
        .testTarget(
            name: "PipelinesTests",
            dependencies: [
                "Pipelines", "Study", "Corpus", "Runs", "Faults", .product(name: "Yams", package: "Yams"),
            ],
            exclude: ["Golden"]),
        .testTarget(
            name: "EstimationTests",
            dependencies: [
                "Estimation", "Pipelines", "Training", "SpeechEncoder", "Checkpoints", "FeatureStore", "Corpus", "Runs",
                "Kernels", "Faults",
            ]),
        .testTarget(name: "RegistryTests", dependencies: ["Registry", "Pipelines", "Runs", "Faults"]),
        .testTarget(name: "ReportsTests", dependencies: ["Reports", "Study", "CacheInspection", "Runs", "Faults"]),
        .testTarget(name: "FeatureStoreTests", dependencies: ["FeatureStore", "CHDF5", "CNumerics"]),
        .testTarget(name: "ConsoleTests", dependencies: ["Console", "Faults"]),
        .testTarget(name: "CachingTests", dependencies: ["Caching", "Corpus", "FeatureStore", "Faults"]),
        .testTarget(
            name: "CacheInspectionTests",
            dependencies: ["CacheInspection", "Corpus", "FeatureStore", "Checkpoints", "SpeechEncoder", "Faults"]),
        // It runs the programs themselves; depending on them has them built first.
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "undertone-cache", "undertone-train", "undertone", "FeatureStore", "Checkpoints", "LoopbackHub",
            ],
            exclude: ["Golden"]),
    ],
    cLanguageStandard: .c17
)
