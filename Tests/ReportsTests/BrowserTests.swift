import Reports
import Testing

/// The page in a real browser, with real events.
@Suite(
    .enabled(
        if: Browser.program != nil,
        "no Chromium on the PATH (install chromium, or name one in UNDERTONE_CHROMIUM): the page's interactions are not tested"
    ))
struct BrowserTests {
    private let rows = "[...document.querySelectorAll('#trials tbody tr')]"

    private func header(_ title: String) -> String {
        "[...document.querySelectorAll('#trials thead th')].find(th => th.textContent.startsWith('\(title)'))"
    }

    private func order(_ browser: Browser, _ condition: String = "true") throws -> [Int] {
        try browser.texts("\(rows).filter(row => \(condition)).map(row => row.dataset.t)").compactMap(Int.init)
    }

    /// One browser for all: starting it takes longer than what is done with it.
    @Test func whatCanBeDoneOnAPageIsDone() throws {
        let browser = try Browser()
        try tablesSortByMouseAndKeyboard(browser)
        try theTableOfSpeakersSortsByALeafOfItsHeaders(browser)
        try aTrialIsLitWhereverItIsShown(browser)
        try rangesOnTheAxesChooseTrials(browser)
        try aPhoneTheDarkAndNoScriptAreServed(browser)
        #expect(browser.exceptions == [])
    }

    private func tablesSortByMouseAndKeyboard(_ browser: Browser) throws {
        try browser.show(Report(sweep: sampleSweep()).html())
        #expect(try order(browser) == Array(0..<12))
        // The learning rate grows with the square of the number; the failed one has a setting like the others.
        let rate = header("learning rate")
        try browser.click("\(rate).firstChild")
        #expect(try browser.text("\(rate).getAttribute('aria-sort')") == "ascending")
        #expect(try order(browser) == Array(0..<12))
        try browser.click("\(rate).firstChild")
        #expect(try browser.text("\(rate).getAttribute('aria-sort')") == "descending")
        #expect(try order(browser) == (0..<12).reversed())
        // By the keyboard; the best of a score come first, and a trial without one last, both ways.
        let score = header("mean CCC")
        try browser.evaluate("\(score).firstChild.focus()")
        try browser.press("Enter", code: 13)
        #expect(try browser.text("\(score).getAttribute('aria-sort')") == "descending")
        #expect(try browser.evaluate("\(rate).getAttribute('aria-sort')") == nil)
        #expect(try order(browser).last == 11 && order(browser).first == 0)
        try browser.press("Enter", code: 13)
        let ascending = try order(browser)
        #expect(ascending.last == 11 && ascending.dropLast().last == 0 && ascending.first == 10)
        // Words, and a setting that only half of the trials have.
        try browser.click("\(header("tuning")).firstChild")
        #expect(
            try browser.texts("\(rows).map(row => row.textContent.includes('lora') ? 'lora' : 'full')").prefix(6)
                .allSatisfy { $0 == "full" })
        try browser.click("\(header("lora rank")).firstChild")
        #expect(try order(browser).suffix(6).allSatisfy { $0 % 2 == 0 })
    }

    /// Under headers of two rows, a leaf's column is found.
    private func theTableOfSpeakersSortsByALeafOfItsHeaders(_ browser: Browser) throws {
        try browser.show(Report(runs: [sampleRun(), sampleRun("other")]).html())
        let table = "document.querySelector('details table')"
        let leaf = "\(table).tHead.rows[1].cells[4]"
        try browser.click("\(leaf).firstChild")
        let values = try browser.texts("[...\(table).tBodies[0].rows].map(row => row.cells[6].textContent)").compactMap(
            Double.init)
        #expect(values.count == 3 && values == values.sorted())
        #expect(try browser.text("\(leaf).getAttribute('aria-sort')") == "ascending")
    }

    private func aTrialIsLitWhereverItIsShown(_ browser: Browser) throws {
        try browser.show(Report(sweep: sampleSweep()).html())
        try browser.mouse(
            "mouseMoved", browser.middle(of: "document.querySelector('svg.parameter circle[data-t=\"3\"]')"))
        #expect(
            try browser.texts("[...new Set([...document.querySelectorAll('.lit')].map(e => e.dataset.t))]") == ["3"])
        #expect(try browser.number("document.querySelectorAll('.lit').length") == 1 + 4 + 2 + 1)
        #expect(try browser.evaluate("document.getElementById('tip').hidden") as? Bool == false)
        #expect(try browser.text("document.getElementById('tip').textContent").hasPrefix("#4 · mean CCC "))
        // What a row's button keeps stays lit when the pointer is elsewhere.
        let button = "document.querySelector('#trials tr[data-t=\"5\"] button')"
        try browser.evaluate("\(button).focus()")
        try browser.press("Enter", code: 13)
        try browser.mouse("mouseMoved", browser.middle(of: "document.querySelector('h1')"))
        #expect(try browser.text("\(button).getAttribute('aria-pressed')") == "true")
        #expect(
            try browser.texts("[...new Set([...document.querySelectorAll('.lit')].map(e => e.dataset.t))]") == ["5"])
        try browser.press("Enter", code: 13)
        #expect(try browser.number("document.querySelectorAll('.lit').length") == 0)
    }

    private func rangesOnTheAxesChooseTrials(_ browser: Browser) throws {
        try browser.show(Report(sweep: sampleSweep()).html())
        let column = "document.querySelectorAll('svg.parallel .column')"
        // From the middle of an axis to near its top: the half with `lora`.
        let middle = try browser.middle(of: "\(column)[2].querySelector('.grip')")
        let height = try browser.number("\(column)[2].querySelector('.grip').getBoundingClientRect().height")
        try browser.drag(middle, (middle.x, middle.y - 0.45 * height))
        #expect(try order(browser, "!row.hidden") == [1, 3, 5, 7, 9, 11])
        #expect(try browser.text("document.getElementById('chosen').textContent") == "6 of 12 chosen")
        #expect(
            try browser.number("document.querySelectorAll('svg.parameter path.out, svg.parameter circle.out').length")
                == 4 * 6)
        // The keyboard narrows it further: from the score's low end up by half the axis, then forgets that.
        try browser.evaluate("\(column)[4].querySelector('.handle').focus()")
        for _ in 0..<10 { try browser.press("ArrowUp", code: 38) }
        let narrowed = try order(browser, "!row.hidden")
        #expect(!narrowed.isEmpty && narrowed.count < 6 && narrowed.contains(1))
        #expect(try browser.number("+document.activeElement.getAttribute('aria-valuenow')") > 40)
        #expect(try (Double(browser.text("document.activeElement.getAttribute('aria-valuetext')")) ?? 0) > 0.3)
        try browser.press("Escape", code: 27)
        #expect(try order(browser, "!row.hidden").count == 6)
        try browser.click("document.getElementById('everything')")
        #expect(try order(browser, "!row.hidden").count == 12)
        #expect(try browser.evaluate("document.getElementById('everything').hidden") as? Bool == true)
    }

    private func aPhoneTheDarkAndNoScriptAreServed(_ browser: Browser) throws {
        let pages = [
            try Report(sweep: sampleSweep()).html(), try Report(runs: [sampleRun(), sampleRun("other")]).html(),
            try PaperPage(try StudyFolder().table(pooled: true)).html(),
        ]
        try browser.send(
            "Emulation.setDeviceMetricsOverride", ["width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true])
        for page in pages {
            try browser.show(page)
            // Only what is made to scroll is wider than the screen.
            #expect(try browser.number("document.documentElement.scrollWidth") <= 390)
        }
        let paper =
            "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number).reduce((a, b) => a + b)"
        for (scheme, isDark) in [("dark", true), ("light", false)] {
            try browser.send(
                "Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": scheme]]])
            #expect(try (browser.number(paper) < 150) == isDark)
        }
        try browser.send("Emulation.setScriptExecutionDisabled", ["value": true])
        try browser.show(pages[0])
        #expect(try browser.number("\(rows).filter(row => row.offsetHeight > 0).length") == 12)
        #expect(
            try browser.number("[...document.querySelectorAll('button')].filter(b => b.offsetHeight > 0).length") == 0)
    }
}
