/// What an import did.
package struct ImportReceipt: Hashable, Sendable {
    /// Prompts that are new in the set.
    package var imported: Int
    /// Candidates that are new, of new prompts and of those that were there.
    package var candidates: Int
    /// Rows whose key and content the set or an earlier row had already.
    package var duplicates: Int
    /// Keys of the first few duplicates.
    package var duplicateExamples: [String]
    /// Duplicates whose metadata differ from what is stored, which stays.
    package var otherMetadata = 0
    /// The fields in which they differ: what a scorer reads first, at most three.
    package var metadataDifferences: [MetadataDifference] = []
    /// Prompts with candidates or pairs that the file does not bring, and which stay.
    package var otherCandidates: KeptBack?
    /// Candidates whose metadata differ from what is stored, which stays.
    package var otherCandidateMetadata: KeptBack?
    /// Different prompts of the file.
    package var promptsInFile = 0
    /// Prompts of the set, those of this import among them.
    package var promptsInSet = 0

    /// Rows of the file with a prompt that an earlier row has.
    package var repeats: Int { imported + duplicates - promptsInFile }
    /// Prompts of the file that the set had already.
    package var promptsThere: Int { promptsInFile - imported }
}

/// Things that stay as they are stored, although the file has them otherwise.
package struct KeptBack: Hashable, Sendable {
    /// How many.
    package var count: Int
    /// The key of the first one's prompt.
    package var firstKey: String
}

/// A field of the metadata that rows have otherwise than what is stored, which stays.
package struct MetadataDifference: Hashable, Sendable {
    /// The field.
    package var field: String
    /// How many rows.
    package var rows: Int
    /// The key of the first one.
    package var firstKey: String
    /// Whether that one differs from the set, and not from an earlier row of the file.
    package var isStored: Bool
}
