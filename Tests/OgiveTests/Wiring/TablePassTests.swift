import OgiveCore
import OgiveStore
import Testing

@testable import ogive

/// The look at a run's tables, some at a time.
@Suite(.timeLimit(.minutes(10))) struct TablePassTests {
    private func page(_ tables: Int, _ degenerate: Int, last: Int64?) -> TableCensus {
        TableCensus(tables: tables, degenerate: degenerate, last: last.map { PromptID($0) })
    }

    @Test func `The first pass shows what it has seen, and later ones what they found`() {
        var pass = TablePass()
        #expect(pass.cursor == nil)
        pass.add(page(10, 2, last: 40))
        #expect(pass.cursor == PromptID(40))
        #expect(pass.shown == TablePass.Count(degenerate: 2, distinct: 8))
        pass.add(page(5, 1, last: 90))
        #expect(pass.shown == TablePass.Count(degenerate: 3, distinct: 12))
        pass.add(page(0, 0, last: nil))
        #expect(pass.cursor == nil)
        #expect(pass.shown == TablePass.Count(degenerate: 3, distinct: 12))
        // The second one begins anew, and shows nothing until it is whole.
        pass.add(page(10, 0, last: 40))
        #expect(pass.shown == TablePass.Count(degenerate: 3, distinct: 12))
        pass.add(page(10, 1, last: 95))
        pass.add(page(0, 0, last: nil))
        #expect(pass.shown == TablePass.Count(degenerate: 1, distinct: 19))
    }

    @Test func `Before there are tables a pass shows none, and then the first ones at once`() {
        var pass = TablePass()
        for _ in 1...3 { pass.add(page(0, 0, last: nil)) }
        #expect(pass.shown == TablePass.Count() && pass.cursor == nil)
        pass.add(page(2, 1, last: 7))
        #expect(pass.shown == TablePass.Count(degenerate: 1, distinct: 1))
    }
}
