/// Reads one column's pages in one row group.
struct ChunkReader<Value: PlainValue> {
    private let chunk: FileMetadata.Chunk
    private let isOptional: Bool
    private var pages: ByteCursor
    private var dictionary: [Value]?
    private var values: [Value?] = []

    /// - Parameter bytes: the file's.
    init(_ bytes: [UInt8], _ chunk: FileMetadata.Chunk, isOptional: Bool) {
        self.chunk = chunk
        self.isOptional = isOptional
        pages = ByteCursor(bytes[chunk.range], "its data")
    }

    /// - Returns: a value for each row.
    mutating func read() throws(Flaw) -> [Value?] {
        while values.count < chunk.valueCount {
            guard pages.remaining > 0 else {
                throw .malformed("its pages hold \(values.count) values; expected \(chunk.valueCount)")
            }
            let header = try PageHeader(&pages)
            let body = try pages.take(header.size)
            switch header.contents {
            case .dictionary(let count, let encoding):
                guard encoding == .plain || encoding.isDictionary else { throw unread(encoding) }
                guard dictionary == nil else { throw .malformed("it has two dictionaries") }
                var page = ByteCursor(try chunk.codec.decode(body, size: header.uncompressedSize), "its dictionary")
                dictionary = try Value.plain(&page, count: count)
            case .data(let count, let encoding, let levels):
                var page = ByteCursor(try chunk.codec.decode(body, size: header.uncompressedSize), "a page")
                var present: [UInt32]?
                try check(count)
                if isOptional {
                    guard levels == .runs else { throw unread(levels) }
                    let size = Int(try page.integer(UInt32.self))
                    present = try self.levels(page.take(size), count)
                }
                try append(present, count, encoding, &page)
            case .dataV2(let count, let encoding, let levelSize, let isCompressed):
                var whole = ByteCursor(body, "a page")
                try check(count)
                let levels = try whole.take(levelSize)
                let rest = try whole.take(whole.remaining)
                let codec = isCompressed ? chunk.codec : .none
                let size = header.uncompressedSize - levelSize
                guard size >= 0 else { throw .malformed("a page is smaller than its levels") }
                var page = ByteCursor(try codec.decode(rest, size: size), "a page")
                try append(isOptional ? self.levels(levels, count) : nil, count, encoding, &page)
            case .other:
                continue
            }
        }
        return values
    }

    private func check(_ count: Int) throws(Flaw) {
        guard count <= chunk.valueCount - values.count else {
            throw .malformed("its pages hold more than \(chunk.valueCount) values")
        }
    }

    /// 1 where there is a value, 0 where there is none.
    private func levels(_ bytes: ArraySlice<UInt8>, _ count: Int) throws(Flaw) -> [UInt32] {
        var cursor = ByteCursor(bytes, "a page's part for levels")
        return try HybridRuns.decode(&cursor, bitWidth: 1, count: count)
    }

    private mutating func append(
        _ present: [UInt32]?, _ count: Int, _ encoding: Encoding, _ page: inout ByteCursor
    ) throws(Flaw) {
        let wanted = present.map { levels in levels.count { $0 == 1 } } ?? count
        let found = try decode(&page, wanted, encoding)
        guard let present else { return values += found.map(Optional.some) }
        var next = 0
        for level in present {
            values.append(level == 1 ? found[next] : nil)
            if level == 1 { next += 1 }
        }
    }

    private func decode(_ page: inout ByteCursor, _ count: Int, _ encoding: Encoding) throws(Flaw) -> [Value] {
        if count == 0 { return [] }
        if encoding == .plain { return try Value.plain(&page, count: count) }
        if encoding == .runs { return try Value.runs(&page, count: count) }
        guard encoding.isDictionary else { throw unread(encoding) }
        guard let dictionary else { throw .malformed("a page refers to a dictionary, and there is none") }
        let width = Int(try page.byte())
        var values: [Value] = []
        for index in try HybridRuns.decode(&page, bitWidth: width, count: count) {
            guard index < dictionary.count else {
                throw .malformed("a page refers to value \(index) of a dictionary of \(dictionary.count)")
            }
            values.append(dictionary[Int(index)])
        }
        return values
    }

    private func unread(_ encoding: Encoding) -> Flaw {
        .unsupported("is encoded as \(encoding.name), which is not read here")
    }
}
