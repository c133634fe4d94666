// swift-tools-version: 6.2
import PackageDescription

/// One libFuzzer program per reader of files that come from elsewhere. A package of its own, so that building
/// Undertone never sees a fuzzer's flags; `scripts/fuzz.sh` builds and runs it.
let targets = [
    "safetensors", "pytorch", "configuration", "manifest", "training", "shard", "index", "labels", "parquet",
]

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "undertone", path: "..")],
    targets: [
        .systemLibrary(name: "CFuzzHDF5", pkgConfig: "hdf5"),
        .target(name: "Harness", dependencies: [.product(name: "Readers", package: "undertone")]),
    ]
        + targets.map { name in
            .executableTarget(
                name: "fuzz-\(name)",
                dependencies: ["Harness", "CFuzzHDF5", .product(name: "Readers", package: "undertone")])
        }
)
