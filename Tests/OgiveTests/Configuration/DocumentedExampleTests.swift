import Foundation
import OgiveCore
import OgiveModels
import Testing

@testable import ogive

/// The YAML in the documentation must be what the program reads.
@Suite(.timeLimit(.minutes(10)))
struct DocumentedExampleTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test(arguments: ["CommandScorers", "Rescoring"])
    func parses(_ page: String) throws {
        let file = Self.root.appending(path: "Sources/ogive/Documentation.docc/\(page).md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let examples = text.components(separatedBy: "```yaml\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
        #expect(examples.isEmpty == false)
        for example in examples {
            let configuration = try Configuration.parse(
                example, source: page, folder: Self.root.path, environment: [:])
            let scorer = try #require(configuration.scorer)
            #expect(scorer.spec.problem == nil)
            // A program of ours is one that is there.
            let command = (scorer.adapter as? CommandAdapter)?.argv ?? []
            for word in command where word.contains("deploy/") {
                let path = word.hasPrefix("/") ? word : Self.root.appending(path: word).path
                #expect(FileManager.default.fileExists(atPath: path), "\(word)")
            }
        }
    }

    @Test func optionsOfTheRewardModelAreDocumented() throws {
        let script = try String(
            contentsOf: Self.root.appending(path: "deploy/scorers/reward_model.py"), encoding: .utf8
        )
        let page = try String(
            contentsOf: Self.root.appending(
                path: "Sources/ogive/Documentation.docc/CommandScorers.md"), encoding: .utf8)
        let options = script.matches(of: /add\("(--[a-z-]+)"/).map { String($0.1) }
        #expect(options.count >= 10)
        for option in options { #expect(page.contains(option), "\(option)") }
    }
}
