/// Prompts as a person sees them.
enum PromptText {
    /// Characters of a key that was made by hashing.
    private static let digits = 12

    /// A key: one that is 64 hexadecimal digits, the prompt's SHA-256, by the first of them, which
    /// `ogive query` takes in its place.
    static func short(_ key: String) -> String {
        let isHash =
            key.utf8.count == 64
            && key.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"):
                    true
                default: false
                }
            }
        return isHash ? "\(key.prefix(digits))…" : key
    }
}
