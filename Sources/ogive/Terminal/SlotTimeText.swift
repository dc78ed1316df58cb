internal import OgiveCore

/// What slots waited for, as people and scripts read it.
extension SlotTime {
    /// The sides with their shares of the slots' time, such as
    /// `policy 93 %, scorer 4.0 %, nothing to do 3.0 %`; `nil` when there is no time.
    var waitsText: String? {
        let shares = SlotWait.Side.allCases.compactMap { side -> String? in
            guard let share = share(side), share > 0 else { return nil }
            return "\(side == .nothing ? "nothing to do" : side.rawValue) \(Self.percent(share))"
        }
        return shares.isEmpty ? nil : shares.joined(separator: ", ")
    }

    /// The share of the time of each stage's slots that they were busy, and what the others waited
    /// for: lines of a table, a label and a text each.
    var busyLines: [(stage: String, text: String)] {
        SlotWait.Stage.allCases.compactMap { stage in
            guard let busy = busyShare(stage) else { return nil }
            let own: SlotWait.Side = stage == .sample ? .policy : .scorer
            let others = SlotWait.Side.allCases.compactMap { side -> String? in
                guard side != own, let share = share(stage, side), share >= 0.0005 else {
                    return nil
                }
                return side == .nothing
                    ? "\(Self.percent(share)) without work"
                    : "\(Self.percent(share)) waited for the \(side.rawValue)"
            }
            let rest = others.isEmpty ? "" : " (\(others.joined(separator: ", ")))"
            return (
                stage == .sample ? "sampling" : "scoring",
                "\(Self.percent(busy)) of \(Self.hours(total(stage))) busy\(rest)"
            )
        }
    }

    /// Slot time, in the unit that it is read in.
    static func hours(_ milliseconds: Int) -> String {
        let seconds = Double(milliseconds) / 1000
        if seconds < 600 { return "\(NumberText.decimal(seconds, 0)) slot seconds" }
        return "\(NumberText.decimal(seconds / 3600, seconds < 36_000 ? 2 : 1)) slot hours"
    }

    /// A share in percent, with a decimal where it is small or near the whole.
    static func percent(_ share: Double) -> String {
        let value = share * 100
        let isFine = value > 0 && value < 10 || value > 99 && value < 100
        return "\(NumberText.decimal(value, isFine ? 1 : 0)) %"
    }

    /// Shares of both stages' slots by side; `null` when there is no time.
    var waitsJSON: ExactJSON {
        if isEmpty { return .null }
        return .object(
            JSONFields(
                Dictionary(
                    uniqueKeysWithValues: SlotWait.Side.allCases.map { side in
                        (side.rawValue, .number(NumberText.decimal(share(side) ?? 0, 4)))
                    })))
    }

    /// The busy share and the seconds by stage and side; `null` when there is no time.
    var json: ExactJSON {
        if isEmpty { return .null }
        func stage(_ stage: SlotWait.Stage) -> ExactJSON {
            var fields: JSONFields = [
                "busy_share": busyShare(stage).map { .number(NumberText.decimal($0, 4)) } ?? .null
            ]
            for side in SlotWait.Side.allCases {
                let time = self[SlotWait(stage: stage, side: side)]
                fields["\(side.rawValue)_seconds"] = .number(
                    NumberText.decimal(Double(time) / 1000, 3))
            }
            return .object(fields)
        }
        return .object([
            "busy_share": busyShare().map { .number(NumberText.decimal($0, 4)) } ?? .null,
            "sample": stage(.sample), "score": stage(.score),
        ])
    }
}
