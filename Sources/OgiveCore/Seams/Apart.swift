/// A value in memory of its own: a copy of what holds it costs one reference, however much is in
/// it. Changing a copy copies it.
package struct Apart<Value: Sendable>: Sendable {
    /// One element: an array has its memory, and copies it when a copy is changed.
    private var storage: [Value]

    /// Takes the value.
    package init(_ value: Value) {
        storage = [value]
    }

    /// The value.
    package var value: Value {
        _read { yield storage[0] }
        _modify { yield &storage[0] }
    }
}

extension Apart: Equatable where Value: Equatable {}
extension Apart: Hashable where Value: Hashable {}
