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
    /// Different prompts of the file.
    package var promptsInFile = 0
    /// Prompts of the set, those of this import among them.
    package var promptsInSet = 0
}
