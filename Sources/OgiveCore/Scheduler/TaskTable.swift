/// The tasks in memory.
///
/// They stand in an array, where they are read and changed in their places: a dictionary hands out
/// a copy of a task, with all that it refers to, also to one who asks for a number.
struct TaskTable: Sendable {
    /// Where a task stands, until it is forgotten.
    struct Place: Hashable, Sendable {
        fileprivate let index: Int
    }

    private var slots: ContiguousArray<SchedulerTask> = []
    private var vacant: [Place] = []
    private var places: [TaskID: Place] = [:]

    /// Number of tasks.
    var count: Int { places.count }

    /// Where a task stands; `nil` when it is not in memory.
    func place(of id: TaskID) -> Place? { places[id] }

    /// The task at a place.
    subscript(place: Place) -> SchedulerTask {
        @inline(__always) _read { yield slots[place.index] }
        @inline(__always) _modify { yield &slots[place.index] }
    }

    /// A copy of a task; `nil` when it is not in memory.
    subscript(id: TaskID) -> SchedulerTask? {
        places[id].map { slots[$0.index] }
    }

    /// Takes in a task, in place of a former one of its number.
    mutating func keep(_ task: SchedulerTask) {
        if let place = places[task.id] {
            slots[place.index] = task
        } else if let place = vacant.popLast() {
            slots[place.index] = task
            places[task.id] = place
        } else {
            places[task.id] = Place(index: slots.count)
            slots.append(task)
        }
    }

    /// Forgets a task; answers with it.
    mutating func remove(_ id: TaskID) -> SchedulerTask? {
        guard let place = places.removeValue(forKey: id) else { return nil }
        let task = slots[place.index]
        slots[place.index] = Self.nobody
        vacant.append(place)
        return task
    }

    /// What stands in a vacant place: it keeps no memory.
    private static let nobody = SchedulerTask(
        id: TaskID(0), run: RunID(0), promptID: PromptID(0), prompt: nil, items: [],
        state: .landing)
}
