package import OgiveCore

extension ScorerSpec {
    /// Which metadata of prompts the reward depends on. Throws `invalidSpecification` when a
    /// template is none.
    package func metadataUse() throws(ModelError) -> MetadataUse {
        var use = MetadataUse.none
        switch kind {
        case .verifier(let rule): use = .fields([rule.field])
        case .judge(let judge):
            for text in [judge.prompt, judge.system] {
                guard let text else { continue }
                use = use.union(try PromptTemplate(text, form: .plain).metadataUse)
            }
        case .http(let http):
            let takesItems = http.item != nil
            use = try PromptTemplate(http.request, form: .json, takesItems: takesItems).metadataUse
            if let item = http.item {
                use = use.union(try PromptTemplate(item, form: .json).metadataUse)
            }
        case .weighted(let parts):
            for part in parts { use = use.union(try part.scorer.metadataUse()) }
        // The process is told all of it.
        case .command: use = .all
        case .rerank, .classify, .pooling, .score, .synthetic: break
        }
        return use
    }
}
