internal import OgiveCore

extension LeaseName: WireConvertible {
    init(wire: Ogive_V1_LeaseName) throws(WireError) {
        self.init(term: Term(wire.term), task: TaskID(wire.task), epoch: Epoch(wire.epoch))
    }

    var wire: Ogive_V1_LeaseName {
        var wire = Ogive_V1_LeaseName()
        wire.term = term.rawValue
        wire.task = task.rawValue
        wire.epoch = epoch.rawValue
        return wire
    }
}
