import Testing

/// A model that is wrong is refused before any compute, with the file and the key or tensor at fault.
struct ModelCase: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var code: Int32 = 65
    /// In the folder `model`.
    var error: String
    var change: @Sendable (Scratch) throws -> Void

    init(_ description: String, code: Int32 = 65, _ error: String, change: @escaping @Sendable (Scratch) throws -> Void)
    {
        testDescription = description
        self.code = code
        self.error = error
        self.change = change
    }

    /// A change to `config.json`.
    init(_ description: String, _ old: String, _ new: String, _ error: String) {
        self.init(description, error) { try $0.edit("model/config.json", old, new) }
    }

    private static let weights = "model/model.safetensors"
    private static let query = "encoder.layers.0.attention.q_proj.weight"

    static let all = [
        ModelCase(
            "hidden_size a string", #""hidden_size": 40"#, #""hidden_size": "40""#,
            #"model/config.json: hidden_size is "40"; expected an integer"#),
        ModelCase(
            "hidden_size missing", #""hidden_size": 40,"#, "",
            "model/config.json: hidden_size is missing; expected an integer"),
        ModelCase(
            "heads that do not divide", #""num_attention_heads": 4"#, #""num_attention_heads": 7"#,
            "model/config.json: num_attention_heads is 7; expected a divisor of hidden_size, 40"),
        ModelCase(
            "an adapter on top", #""add_adapter": false"#, #""add_adapter": true"#,
            "model/config.json: add_adapter is true; expected false: adapters above the encoder are not known here"),
        ModelCase(
            "another norm in the CNN", #""feat_extract_norm": "group""#, #""feat_extract_norm": "batch""#,
            #"model/config.json: feat_extract_norm is "batch"; expected "group" or "layer""#),
        ModelCase(
            "another kind of model", #""model_type": "wav2vec2""#, #""model_type": "whisper""#,
            #"model/config.json: model_type is "whisper"; expected one of "wav2vec2", "hubert", "wavlm", "data2vec-audio""#
        ),
        ModelCase(
            "no JSON", #""hidden_size": 40,"#, #""hidden_size": 40 "#,
            "model/config.json: expected a comma or } in JSON, at byte 992"),
        ModelCase(
            "a shape other than the configuration's", #""intermediate_size": 72"#, #""intermediate_size": 73"#,
            "\(weights): 36 of 210 tensors have another shape: "
                + "encoder.layers.0.feed_forward.intermediate_dense.weight is [72, 40], expected [73, 40], "
                + "encoder.layers.0.feed_forward.intermediate_dense.bias is [72], expected [73], "
                + "encoder.layers.0.feed_forward.output_dense.weight is [40, 72], expected [40, 73], "
                + "encoder.layers.1.feed_forward.intermediate_dense.weight is [72, 40], expected [73, 40] and 32 more"),
        ModelCase(
            "missing tensor",
            "\(weights): no tensor \(query); similar are encoder.layers.1.attention.q_proj.weight, "
                + "encoder.layers.10.attention.q_proj.weight, encoder.layers.11.attention.q_proj.weight and 8 more"
        ) { try $0.edit(weights, #""\#(query)""#, #""\#(query.replacing("q_proj", with: "q_porj"))""#) },
        ModelCase("wrong shape", "\(weights): tensor \(query): shape [20, 80], expected [40, 40]") {
            let text = String(decoding: try $0.bytes(weights).prefix(22_000), as: UTF8.self)
            let start = try #require(text.range(of: #""\#(query)""#)).lowerBound
            let end = try #require(text[start...].firstIndex(of: "}"))
            let entry = String(text[start...end])
            try $0.edit(weights, entry, entry.replacing("[40,40]", with: "[20,80]"))
        },
        ModelCase(
            "weights cut short",
            "\(weights): the header claims 22272 of 1000 bytes; it is cut short or no safetensors file"
        ) { try $0.write(weights, $0.bytes(weights).prefix(1000)) },
        ModelCase(
            "no preprocessor", code: 66,
            "model: no preprocessor_config.json; it says whether waveforms are normalised, so copy it from where the "
                + "model comes from"
        ) { try $0.remove("model/preprocessor_config.json") },
        ModelCase(
            "a preprocessor without its rate",
            "model/preprocessor_config.json: sampling_rate is missing; expected an integer"
        ) { try $0.write("model/preprocessor_config.json", #"{"do_normalize": true}"#) },
        ModelCase(
            "no configuration", code: 66,
            "model: no config.json; the folder holds model.safetensors, preprocessor_config.json, pytorch_model.bin"
        ) { try $0.remove("model/config.json") },
        ModelCase(
            "no weights", code: 66,
            "model: no model.safetensors, no model.safetensors.index.json, no pytorch_model.bin, "
                + "no pytorch_model.bin.index.json; the folder holds config.json, preprocessor_config.json"
        ) {
            try $0.remove("model/model.safetensors")
            try $0.remove("model/pytorch_model.bin")
        },
        ModelCase(
            "no folder", code: 66,
            "model: no such folder; expected a model in Hugging Face layout (config.json and its weights)"
        ) { try $0.remove("model") },
    ]
}

@Test(arguments: ModelCase.all)
func badModelIsRefused(_ bad: ModelCase) throws {
    let folder = try Scratch()
    try folder.writeCorpus(1)
    try folder.copyModel()
    try bad.change(folder)
    let outcome = try Program.cache.run(cacheArguments(model: "model"), in: folder)
    #expect(outcome.code == bad.code)
    #expect(outcome.said == "error: \(bad.error)\n", "nothing else is said")
    #expect(outcome.output.isEmpty && !folder.exists("cache"))
}

@Test func bothFormatsOfWeightsGiveTheSameCache() throws {
    let folder = try Scratch()
    try folder.writeCorpus(2)
    try folder.copyModel()
    #expect(try Program.cache.run(cacheArguments(model: "model", cut: "11"), in: folder).code == 0)
    try folder.remove("model/model.safetensors")
    // The key is of the weights, not of the file: the same cache is found again.
    let pickled = try Program.cache.run(cacheArguments(model: "model", cut: "11"), in: folder)
    #expect(pickled.code == 0 && pickled.output.contains("0 computed, 2 reused"))
    #expect(try Program.cache.run(cacheArguments(model: "model", cut: "11", out: "other"), in: folder).code == 0)
    #expect(try storedRows("cache", in: folder) == storedRows("other", in: folder))
}

@Test func whatIsNotTheEncodersIsNamedAndIgnored() throws {
    let folder = try Scratch()
    try folder.writeCorpus(1)
    try folder.copyModel()
    let plain = try Program.cache.run(cacheArguments(model: "model"), in: folder)
    #expect(plain.code == 0 && !plain.said.contains("ignored"), "masking is every encoder's")
    try folder.edit("model/model.safetensors", #""masked_spec_embed""#, #""project_hid.extra""#)
    let outcome = try Program.cache.run(cacheArguments(model: "model", out: "other"), in: folder)
    #expect(outcome.code == 0)
    #expect(outcome.said.hasPrefix("ignored: project_hid.extra (not part of the encoder)\n"))
}
