internal import OgiveCore

extension EndpointOutage: WireConvertible {
    init(wire: Ogive_V1_EndpointOutage) throws(WireError) {
        guard let code = ModelError.Code(rawValue: wire.code) else {
            // Escaped: it is a stranger's text and goes into logs.
            let name = wire.code.cut(toBytes: 64).debugDescription
            throw WireError(.invalidValue, "endpoint_outage.code is \(name), which is unknown")
        }
        self.init(
            model: try WireCheck.text(
                wire.model, "endpoint_outage.model", max: WireLimits.endpointBytes),
            endpoint: try WireCheck.text(
                wire.endpoint, "endpoint_outage.endpoint", max: WireLimits.endpointBytes),
            code: code,
            message: try WireCheck.text(
                wire.message, "endpoint_outage.message", max: WireLimits.reasonBytes),
            lasting: try WireCheck.duration(
                wire.lastingNanoseconds, "endpoint_outage.lasting_nanoseconds"))
    }

    var wire: Ogive_V1_EndpointOutage {
        var wire = Ogive_V1_EndpointOutage()
        wire.model = model.cut(toBytes: WireLimits.endpointBytes)
        wire.endpoint = endpoint.cut(toBytes: WireLimits.endpointBytes)
        wire.code = code.rawValue
        wire.message = message.cut(toBytes: WireLimits.reasonBytes)
        wire.lastingNanoseconds = lasting.wireNanoseconds
        return wire
    }
}
