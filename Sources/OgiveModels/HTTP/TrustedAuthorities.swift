internal import NIOSSL
package import OgiveCore

/// Certificate authorities that are trusted beside the system's, for servers with certificates of
/// an authority of one's own.
package struct TrustedAuthorities: Sendable {
    let certificates: [NIOSSLCertificate]

    /// Reads a file of certificates in PEM format. Throws `misconfigured` when it holds none.
    package init(file path: String) throws(ModelError) {
        do {
            certificates = try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw ModelError(
                .misconfigured,
                "`ca_file`: no certificates in PEM format can be read from \(path); "
                    + "check the path and its rights")
        }
    }
}
