extension SimulationOptions {
    enum CodingKeys: String, CodingKey {
        case prompts, draws, workers, runs, isDeterministic, loss, duplication, delayMax, clogs
        case partitions, oneWayPartitions, commitFailure, commitSlowness, outages, readOnlyTimes
        case hanging, slowness, workerCrashes, workerPauses, coordinatorCrashes, coordinatorPauses
        case zombies, drains, joins, leaves, clockSteps, thefts, poisonPrompts, attemptsMax, raises
        case retries, rescorings, budget, budgetRaises, precision, allocation, growth, faultTime
        case healTime, forgeries, coordinators, regroupings, startsAtOnce, massEnds
        case taskMax, keys
    }

    /// Reads options; what is not named is as in a simulation where nothing bad happens, so that
    /// what was noted before a new option came can still be read.
    package init(from decoder: any Decoder) throws {
        self.init()
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func take<Value: Decodable>(
            _ key: CodingKeys, _ path: WritableKeyPath<SimulationOptions, Value>
        ) throws {
            let value = try container.decodeIfPresent(Value.self, forKey: key)
            if let value { self[keyPath: path] = value }
        }
        try take(.prompts, \.prompts)
        try take(.draws, \.draws)
        try take(.workers, \.workers)
        try take(.runs, \.runs)
        try take(.isDeterministic, \.isDeterministic)
        try take(.loss, \.loss)
        try take(.duplication, \.duplication)
        try take(.delayMax, \.delayMax)
        try take(.clogs, \.clogs)
        try take(.partitions, \.partitions)
        try take(.oneWayPartitions, \.oneWayPartitions)
        try take(.commitFailure, \.commitFailure)
        try take(.commitSlowness, \.commitSlowness)
        try take(.outages, \.outages)
        try take(.readOnlyTimes, \.readOnlyTimes)
        try take(.hanging, \.hanging)
        try take(.slowness, \.slowness)
        try take(.workerCrashes, \.workerCrashes)
        try take(.workerPauses, \.workerPauses)
        try take(.coordinatorCrashes, \.coordinatorCrashes)
        try take(.coordinatorPauses, \.coordinatorPauses)
        try take(.zombies, \.zombies)
        try take(.drains, \.drains)
        try take(.joins, \.joins)
        try take(.leaves, \.leaves)
        try take(.clockSteps, \.clockSteps)
        try take(.thefts, \.thefts)
        try take(.forgeries, \.forgeries)
        try take(.coordinators, \.coordinators)
        try take(.regroupings, \.regroupings)
        try take(.startsAtOnce, \.startsAtOnce)
        try take(.massEnds, \.massEnds)
        try take(.taskMax, \.taskMax)
        try take(.keys, \.keys)
        try take(.poisonPrompts, \.poisonPrompts)
        attemptsMax = try container.decodeIfPresent(Int.self, forKey: .attemptsMax)
        try take(.raises, \.raises)
        try take(.retries, \.retries)
        budget = try container.decodeIfPresent(Int.self, forKey: .budget)
        try take(.budgetRaises, \.budgetRaises)
        try take(.rescorings, \.rescorings)
        precision = try container.decodeIfPresent(Double.self, forKey: .precision)
        allocation = try container.decodeIfPresent(Double.self, forKey: .allocation)
        try take(.growth, \.growth)
        try take(.faultTime, \.faultTime)
        try take(.healTime, \.healTime)
    }
}

/// A seed that failed once, with what the simulation was like then and what was wrong.
package struct SimulationCase: Hashable, Sendable, Codable {
    /// The seed.
    package var seed: UInt64
    /// What the simulation was like.
    package var options: SimulationOptions
    /// What was wrong.
    package var why: String

    /// Joins the parts.
    package init(seed: UInt64, options: SimulationOptions, why: String) {
        self.seed = seed
        self.options = options
        self.why = why
    }
}
