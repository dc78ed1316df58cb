package import OgiveCore

extension ScorerSpec {
    /// Which metadata of prompts the reward depends on. Throws `invalidSpecification` when a
    /// template is none.
    package func metadataUse() throws(ModelError) -> MetadataUse {
        var use = MetadataUse.none
        switch kind {
        case .verifier:
            if let verifier { use = .fields([verifier.field]) }
        case .judge:
            for text in [judge?.prompt, judge?.system] {
                guard let text else { continue }
                use = use.union(try PromptTemplate(text, form: .plain).metadataUse)
            }
        case .http:
            guard let http else { break }
            let takesItems = http.item != nil
            use = try PromptTemplate(http.request, form: .json, takesItems: takesItems).metadataUse
            if let item = http.item {
                use = use.union(try PromptTemplate(item, form: .json).metadataUse)
            }
        case .weighted:
            for part in parts ?? [] { use = use.union(try part.scorer.metadataUse()) }
        // The process is told all of it.
        case .command: use = .all
        case .rerank, .classify, .pooling, .score, .synthetic: break
        }
        return use
    }
}
