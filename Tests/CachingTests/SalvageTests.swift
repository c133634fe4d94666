import FeatureStore
import Foundation
import Synchronization
import Testing

@testable import Caching

private let shardName = ShardLayout.fileName(shard: 0)

private func salvage(_ folder: TemporaryFolder, _ observer: CachingObserver = CachingObserver()) -> Salvage {
    Salvage(directory: folder.path, layout: layout(), observer: observer)
}

@Test func shardIsNotSetAsideWhileAnotherProcessMakesIt() throws {
    let (manifest, folder) = (corpus(3), try TemporaryFolder())
    try cache(manifest, folder, FakeRecordings(manifest))
    let held = try WriterLock.acquire(for: folder.file(shardName), onWait: {}, shouldStop: { false })
    #expect(throws: CachingError.interrupted) {
        try salvage(folder, CachingObserver(shouldStop: { true })).setAside(shardName)
    }
    #expect(folder.names.contains(shardName))
    _ = consume held
    #expect(try salvage(folder).setAside(shardName) == shardName + ".damaged")
    #expect(folder.names == [shardName + ".damaged"])
    #expect(try salvage(folder).setAside(shardName) == nil, "it is gone already")
}

@Test func shardThatAnotherProcessHasReplacedIsNotSetAside() throws {
    let (manifest, folder) = (corpus(3), try TemporaryFolder())
    try cache(manifest, folder, FakeRecordings(manifest))
    let sound = try folder.data(shardName)
    try Data("nothing".utf8).write(to: URL(filePath: folder.file(shardName)))
    let held = try WriterLock.acquire(for: folder.file(shardName), onWait: {}, shouldStop: { false })
    let isWaiting = Mutex(false)
    let observer = CachingObserver(onMessage: { _ in isWaiting.withLock { $0 = true } })
    // A thread of its own: those of the tests are few, and this one keeps one of them waiting.
    let renamed = Mutex(Result<String?, any Error>?.none), done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
        let outcome = Result { try salvage(folder, observer).setAside(shardName) }
        renamed.withLock { $0 = outcome.mapError { $0 } }
        done.signal()
    }
    #expect(waits { isWaiting.withLock { $0 } })
    try sound.write(to: URL(filePath: folder.file(shardName)))
    _ = consume held
    done.wait()
    let outcome = try #require(renamed.withLock { $0 })
    #expect(try outcome.get() == nil)
    #expect(try folder.names == [shardName] && folder.data(shardName) == sound)
}
