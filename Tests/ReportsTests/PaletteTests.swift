import Foundation
import Reports
import Testing

/// Colours as the page's style sheet has them.
@Suite struct PaletteTests {
    private struct Palette {
        var names: [String: [Double]]

        /// The first definitions are the light ones; those under `prefers-color-scheme` the dark ones.
        init(dark: Bool) throws {
            let page = try Report(runs: [sampleRun()]).html()
            let parts = page.components(separatedBy: "@media (prefers-color-scheme: dark)")
            let block = dark ? parts[1].components(separatedBy: "    }\n")[0] : parts[0]
            names = Dictionary(
                block.matches(of: #/--([a-z0-9-]+): #([0-9a-f]{6});/#).map { match in
                    let value = Int(match.2, radix: 16)!
                    return (String(match.1), [16, 8, 0].map { Self.linear(Double(value >> $0 & 255) / 255) })
                }, uniquingKeysWith: { first, _ in first })
        }

        /// IEC 61966-2-1.
        private static func linear(_ value: Double) -> Double {
            value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }

        /// WCAG 2.2, contrast ratio.
        func contrast(_ a: String, _ b: String) -> Double {
            func luminance(_ name: String) -> Double {
                zip(names[name] ?? [.nan, .nan, .nan], [0.2126, 0.7152, 0.0722]).reduce(0) { $0 + $1.0 * $1.1 }
            }
            let (one, other) = (luminance(a), luminance(b))
            return (max(one, other) + 0.05) / (min(one, other) + 0.05)
        }

        /// In Oklab (Ottosson 2020), as eyes with a matrix see them.
        func distance(_ a: String, _ b: String, _ matrix: [[Double]]) -> Double {
            func lab(_ name: String) -> [Double] {
                let seen = times(matrix, names[name]!).map { min(max($0, 0), 1) }
                let cones = times(
                    [
                        [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                        [0.0883024619, 0.2817188376, 0.6299787005],
                    ], seen
                ).map(cbrt)
                return times(
                    [
                        [0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                        [0.0259040371, 0.7827717662, -0.8086757660],
                    ], cones)
            }
            return zip(lab(a), lab(b)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        }

        private func times(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
            matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
        }
    }

    @Test(arguments: [false, true])
    func textAndLinesStandOut(dark: Bool) throws {
        let palette = try Palette(dark: dark)
        for name in ["ink", "soft", "accent"] + (0..<8).map({ "c\($0)" }) {
            for paper in ["paper", "raised"] { #expect(palette.contrast(name, paper) >= 4.5, "\(name) on \(paper)") }
        }
        for shade in 0..<6 { #expect(palette.contrast("q\(shade)", "raised") >= 3, "q\(shade)") }
        #expect(palette.contrast("synthetic", "synthetic-paper") >= 4.5)
    }

    /// Normal vision, and protanopia, deuteranopia and tritanopia after Machado, Oliveira and Fernandes 2009, severity 1.
    @Test(arguments: [false, true])
    func theFirstSixColoursAreToldApartWithAnyColourVision(dark: Bool) throws {
        let palette = try Palette(dark: dark)
        let visions: [[[Double]]] = [
            [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
            [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
            [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
        ]
        for vision in visions {
            for a in 0..<6 {
                for b in 0..<a {
                    let distance = palette.distance("c\(a)", "c\(b)", vision)
                    #expect(distance >= 0.12, "c\(a) and c\(b): \(distance)")
                }
            }
        }
    }
}
