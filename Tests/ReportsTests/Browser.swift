import Foundation

/// A headless Chromium that is told what to do over a pipe (the DevTools protocol), with real events of mouse and keyboard.
final class Browser {
    enum Fault: Error { case notStarted(Int32), silent(String), refused(String), threw(String) }

    /// `UNDERTONE_CHROMIUM`, or the first of the usual names on the PATH; nil where there is none.
    static let program: String? = {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["UNDERTONE_CHROMIUM"] { return path }
        let folders = (environment["PATH"] ?? "").split(separator: ":")
        let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
        return names.flatMap { name in folders.map { "\($0)/\(name)" } }
            .first(where: FileManager.default.isExecutableFile)
    }()

    private let folder: String
    private let process = Process()
    private let commands: Int32
    private let answers: Int32
    private var received: [UInt8] = []
    private var lastID = 0
    private var pageCount = 0
    private var session: String?
    /// What scripts of the page threw and did not catch.
    private(set) var exceptions: [String] = []

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("browser-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["commands", "answers"] { mkfifo("\(folder)/\(name)", 0o600) }
        // For both directions, so that opening waits for nobody.
        commands = open("\(folder)/commands", O_RDWR | O_CLOEXEC)
        answers = open("\(folder)/answers", O_RDWR | O_CLOEXEC)
        guard commands >= 0, answers >= 0 else { throw Fault.notStarted(errno) }
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c", #"exec "$0" "$@" 3<"$FOLDER/commands" 4>"$FOLDER/answers" 2>"$FOLDER/log""#, Self.program ?? "",
            "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
            "--disable-extensions", "--disable-background-networking", "--disable-dev-shm-usage",
            "--user-data-dir=\(folder)/profile", "--window-size=1280,900", "about:blank",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(["FOLDER": folder, "HOME": folder]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let target = try send("Target.createTarget", ["url": "about:blank"])["targetId"] as? String ?? ""
        session = try send("Target.attachToTarget", ["targetId": target, "flatten": true])["sessionId"] as? String
        for domain in ["Page", "Runtime"] { try send("\(domain).enable") }
    }

    deinit {
        _ = try? send("Browser.close", isOfPage: false)
        process.terminate()
        process.waitUntilExit()
        close(commands)
        close(answers)
        // Its helpers may still be writing their last into the profile.
        for _ in 0..<50 where FileManager.default.fileExists(atPath: folder) {
            if (try? FileManager.default.removeItem(atPath: folder)) == nil { usleep(100_000) }
        }
    }

    // MARK: Pages

    /// Shows a page, and comes back when it is there.
    func show(_ html: String) throws {
        pageCount += 1
        let path = "\(folder)/page-\(pageCount).html"
        try Data(html.utf8).write(to: URL(filePath: path))
        try send("Page.navigate", ["url": "file://\(path)"])
        while try evaluate("document.readyState === 'complete' && location.href.endsWith('/page-\(pageCount).html')")
            as? Bool != true
        {
            usleep(20_000)
        }
    }

    /// The value of an expression in the page.
    @discardableResult
    func evaluate(_ expression: String) throws -> Any? {
        let answer = try send(
            "Runtime.evaluate", ["expression": expression, "returnByValue": true, "awaitPromise": true])
        if let details = answer["exceptionDetails"] { throw Fault.threw("\(expression): \(details)") }
        let value = (answer["result"] as? [String: Any])?["value"]
        return value is NSNull ? nil : value
    }

    func text(_ expression: String) throws -> String { try evaluate(expression) as? String ?? "" }
    func number(_ expression: String) throws -> Double { (try evaluate(expression) as? NSNumber)?.doubleValue ?? .nan }
    func texts(_ expression: String) throws -> [String] { try evaluate(expression) as? [String] ?? [] }

    // MARK: Hands

    /// The middle of an element, once it is in sight and the page has done scrolling.
    func middle(of element: String) throws -> (x: Double, y: Double) {
        let box = """
            (async () => { const e = \(element); e.scrollIntoView({ block: 'center', inline: 'center' });
            for (let i = 0; i < 2; i += 1) await new Promise(requestAnimationFrame);
            const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()
            """
        let at = try evaluate(box) as? [NSNumber] ?? []
        return at.count == 2 ? (at[0].doubleValue, at[1].doubleValue) : (.nan, .nan)
    }

    func mouse(_ type: String, _ at: (x: Double, y: Double), pressed: Bool = false) throws {
        try send(
            "Input.dispatchMouseEvent",
            [
                "type": type, "x": at.x, "y": at.y, "button": pressed ? "left" : "none", "buttons": pressed ? 1 : 0,
                "clickCount": pressed ? 1 : 0,
            ])
    }

    func click(_ element: String) throws {
        let at = try middle(of: element)
        try mouse("mouseMoved", at)
        try mouse("mousePressed", at, pressed: true)
        try mouse("mouseReleased", at, pressed: true)
    }

    func drag(_ from: (x: Double, y: Double), _ to: (x: Double, y: Double)) throws {
        try mouse("mouseMoved", from)
        try mouse("mousePressed", from, pressed: true)
        for step in 1...4 {
            let share = Double(step) / 4
            try mouse(
                "mouseMoved", (from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)), pressed: true)
        }
        try mouse("mouseReleased", to, pressed: true)
    }

    func press(_ key: String, code: Int) throws {
        let text = key == "Enter" ? "\r" : ""
        for type in [text.isEmpty ? "rawKeyDown" : "keyDown", "keyUp"] {
            try send(
                "Input.dispatchKeyEvent",
                ["type": type, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text])
        }
    }

    // MARK: The pipe

    @discardableResult
    func send(_ method: String, _ parameters: [String: Any] = [:], isOfPage: Bool = true) throws -> [String: Any] {
        lastID += 1
        var message: [String: Any] = ["id": lastID, "method": method, "params": parameters]
        if isOfPage, let session { message["sessionId"] = session }
        let bytes = Array(try JSONSerialization.data(withJSONObject: message)) + [0]
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { write(commands, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Fault.silent(method) }
            sent += count
        }
        while true {
            let answer = try receive(for: method)
            if answer["method"] as? String == "Runtime.exceptionThrown" { exceptions.append("\(answer)") }
            guard answer["id"] as? Int == lastID else { continue }
            if let error = answer["error"] { throw Fault.refused("\(method): \(error)") }
            return answer["result"] as? [String: Any] ?? [:]
        }
    }

    private func receive(for method: String) throws -> [String: Any] {
        while true {
            if let end = received.firstIndex(of: 0) {
                let message = Data(received[..<end])
                received.removeFirst(end + 1)
                return try JSONSerialization.jsonObject(with: message) as? [String: Any] ?? [:]
            }
            var ready = pollfd(fd: answers, events: Int16(POLLIN), revents: 0)
            // Long enough for a browser to start on a machine that does much else.
            guard (0..<120).contains(where: { _ in process.isRunning && poll(&ready, 1, 1000) > 0 }) else {
                let log = (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? ""
                throw Fault.silent("\(method): \(log.suffix(1000))")
            }
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(answers, &buffer, buffer.count)
            guard count > 0 else { throw Fault.silent(method) }
            received += buffer[..<count]
        }
    }
}
