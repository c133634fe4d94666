import Buffers
import Kernels

/// What a layer's backward pass needs of its forward pass.
struct LayerTape: Sendable {
    /// What queries, keys and values read, `[N, C]` operands.
    let input: Matrix
    let queryKeyValue: Matrix
    let gate: PositionGate.Tape?
    let logSumExp: Matrix
    let attended: Matrix
    let attentionNorm: LayerNorm.Tape
    /// What the feed-forward block reads, `[N, C]` operands.
    let middle: Matrix
    let preactivation: Matrix
    let activation: Matrix
    let finalNorm: LayerNorm.Tape
    /// Of the adapters beside the linear maps.
    let adapters: Adapters

    struct Adapters: Sendable {
        let queryKeyValue: LinearMap.Tape
        let attentionOutput: LinearMap.Tape
        let intermediate: LinearMap.Tape
        let output: LinearMap.Tape
    }
}

extension TransformerLayer {
    /// Keeps what the backward pass needs. GELU is a step of its own here, since it is the sum before it that the backward pass
    /// needs.
    func forward(_ x: EncoderRows, _ sequence: PackedSequence, step: TrainingStep) -> (EncoderRows, LayerTape) {
        let dropouts = step.dropouts(layer: index)
        let rows = x.residual.rows, columns = x.residual.columns
        let attentionStatistics = make(rows, 2, .float32), finalStatistics = make(rows, 2, .float32)
        let input: Matrix
        if isPreNorm {
            input = makeOperands(like: x.residual)
            attentionNorm.forward(input, statistics: attentionStatistics, x: x.residual)
        } else {
            input = x.operands
        }
        let (qkv, queryKeyValueTape) = queryKeyValue.forward(input, step: step)
        let gated = positionGate(input, sequence)
        let logSumExp = make(heads, rows, .float32), attended = makeOperands(like: input)
        engine.attentionForward(
            out: attended, logSumExp: logSumExp, qkv: qkv, shape: shape(sequence, input), positions: gated?.positions,
            dropout: dropouts.attention)
        let (branch, attentionOutputTape) = attentionOutput.forward(attended, step: step)
        let sum = make(rows, columns, .float32)
        let middle: EncoderRows
        if isPreNorm {
            middle = EncoderRows(residual: sum, operand: makeOperands(like: sum))
            finalNorm.forward(
                middle.operands, sum: sum, statistics: finalStatistics, x: x.residual, addend: branch,
                dropout: dropouts.attentionOutput)
        } else {
            middle = EncoderRows(rows: rows, columns: columns, operand: precision, engine: engine)
            attentionNorm.forward(
                out: middle.residual, operand: middle.separateOperand, sum: sum, statistics: attentionStatistics,
                x: x.residual, addend: branch, dropout: dropouts.attentionOutput)
        }
        let (preactivation, intermediateTape) = intermediate.forward(middle.operands, step: step)
        let activation = makeOperands(like: preactivation)
        engine.geluForward(out: activation, x: preactivation, dropout: dropouts.intermediate)
        let (_, outputTape) = output.forward(activation, into: branch, step: step)
        let out: EncoderRows, outSum = make(rows, columns, .float32)
        if isPreNorm {
            out = EncoderRows(residual: outSum, operand: nil)
            engine.addForward(out: outSum, x: sum, addend: branch, dropout: dropouts.output)
        } else {
            out = EncoderRows(rows: rows, columns: columns, operand: precision, engine: engine)
            finalNorm.forward(
                out: out.residual, operand: out.separateOperand, sum: outSum, statistics: finalStatistics,
                x: middle.residual, addend: branch, dropout: dropouts.output)
        }
        let tape = LayerTape(
            input: input, queryKeyValue: qkv, gate: gated, logSumExp: logSumExp, attended: attended,
            attentionNorm: LayerNorm.Tape(sum: isPreNorm ? x.residual : sum, statistics: attentionStatistics),
            middle: middle.operands, preactivation: preactivation, activation: activation,
            finalNorm: LayerNorm.Tape(sum: isPreNorm ? sum : outSum, statistics: finalStatistics),
            adapters: LayerTape.Adapters(
                queryKeyValue: queryKeyValueTape, attentionOutput: attentionOutputTape, intermediate: intermediateTape,
                output: outputTape))
        return (out, tape)
    }

    /// Adds to every parameter's gradient and returns the gradient with respect to the layer's input.
    ///
    /// - Parameters:
    ///   - dOut: `[N, C]` float32; overwritten.
    ///   - needsInput: whether the gradient with respect to the input is wanted; the lowest trained layer's is not.
    func backward(
        dOut: Matrix, tape: LayerTape, _ sequence: PackedSequence, step: TrainingStep, needsInput: Bool
    ) -> Matrix? {
        let dropouts = step.dropouts(layer: index)
        // The residual's gradient stays in dOut all the way down; `dBranch` is a branch's, as operands.
        let dBranch = makeOperands(like: dOut)
        guard isPreNorm else {
            finalNorm.backward(
                dx: dOut, accumulate: false, dAddend: dBranch, dOut: dOut, tape: tape.finalNorm,
                dropout: dropouts.output)
            feedForwardBackward(dx: dOut, accumulate: true, dOut: dBranch, tape: tape, step: step, dropouts)
            attentionNorm.backward(
                dx: dOut, accumulate: false, dAddend: dBranch, dOut: dOut, tape: tape.attentionNorm,
                dropout: dropouts.attentionOutput)
            attentionBackward(
                dx: needsInput ? dOut : nil, accumulate: true, dOut: dBranch, tape: tape, sequence, step: step, dropouts
            )
            return needsInput ? dOut : nil
        }
        let dNormed = make(dOut.rows, dOut.columns, .float32)
        engine.dropoutForward(out: dBranch, x: dOut, dropout: dropouts.output)
        feedForwardBackward(dx: dNormed, accumulate: false, dOut: dBranch, tape: tape, step: step, dropouts)
        finalNorm.backward(
            dx: dOut, accumulate: true, dAddend: dBranch, dOut: dNormed, tape: tape.finalNorm,
            dropout: dropouts.attentionOutput)
        attentionBackward(dx: dNormed, accumulate: false, dOut: dBranch, tape: tape, sequence, step: step, dropouts)
        attentionNorm.backward(
            dx: dOut, accumulate: true, dAddend: nil, dOut: dNormed, tape: tape.attentionNorm)
        return needsInput ? dOut : nil
    }

    /// `W₂ drop(gelu(W₁ x + b₁)) + b₂`, backward.
    private func feedForwardBackward(
        dx: Matrix, accumulate: Bool, dOut: Matrix, tape: LayerTape, step: TrainingStep, _ dropouts: LayerDropouts
    ) {
        let dActivation = makeOperands(like: tape.activation)
        output.backward(
            dx: dActivation, accumulate: false, dOut: dOut, x: tape.activation, tape: tape.adapters.output, step: step)
        engine.geluBackward(
            dx: dActivation, dOut: dActivation, x: tape.preactivation, dropout: dropouts.intermediate)
        intermediate.backward(
            dx: dx, accumulate: accumulate, dOut: dActivation, x: tape.middle, tape: tape.adapters.intermediate,
            step: step)
    }

    /// `W attention(x) + b`, backward.
    private func attentionBackward(
        dx: Matrix?, accumulate: Bool, dOut: Matrix, tape: LayerTape, _ sequence: PackedSequence,
        step: TrainingStep, _ dropouts: LayerDropouts
    ) {
        let dAttended = makeOperands(like: tape.attended)
        attentionOutput.backward(
            dx: dAttended, accumulate: false, dOut: dOut, x: tape.attended, tape: tape.adapters.attentionOutput,
            step: step)
        let dQueryKeyValue = makeOperands(like: tape.queryKeyValue)
        let dPositions = tape.gate.map { gate in
            AttentionPositionGradients(
                gate: make(gate.positions.gate.rows, gate.positions.gate.columns, .float32),
                bias: sequence.dPositionBiases)
        }
        engine.attentionBackward(
            dQKV: dQueryKeyValue, dPositions: dPositions, dOut: dAttended, logSumExp: tape.logSumExp,
            qkv: tape.queryKeyValue, shape: shape(sequence, dAttended), positions: tape.gate?.positions,
            dropout: dropouts.attention)
        queryKeyValue.backward(
            dx: dx, accumulate: accumulate, dOut: dQueryKeyValue, x: tape.input, tape: tape.adapters.queryKeyValue,
            step: step)
        if let gate, let taped = tape.gate, let dPositions {
            gate.backward(dx: dx, dGate: dPositions.gate, tape: taped, x: tape.input, step: step)
        }
    }
}
