internal import BenchmarkParts
internal import Foundation

/// Does one hot path and nothing else, for counting its instructions and allocations.
///
/// A program of its own, because valgrind does not survive an asynchronous `main`, and without a
/// parser of arguments, because continuous integration builds it from nothing.
@main
struct HotPaths {
    private static let help = """
        hot-paths                 the names of the hot paths, as JSON
        hot-paths NAME [TIMES]    does one so often as is usual, or TIMES as often: time and
                                  allocations of each, as JSON
        """

    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        let paths = try HotPath.all()
        let encoder = JSONEncoder()
        guard let name = arguments.first else {
            print(String(decoding: try encoder.encode(paths.map(\.name)), as: UTF8.self))
            return
        }
        let times = arguments.count == 2 ? arguments.last.flatMap { Int($0) } : 1
        guard let path = paths.first(where: { $0.name == name }), let times, times > 0 else {
            print(help)
            exit(2)
        }
        let meter = try Meter(path.iterations * times, path.work)
        print(String(decoding: try encoder.encode(meter), as: UTF8.self))
    }
}
