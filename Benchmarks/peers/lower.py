"""The frozen part of wav2vec2-base as transformers has it."""

import torch
from transformers import Wav2Vec2Config, Wav2Vec2Model


class Lower(torch.nn.Module):
    """From samples `[1, S]` to the output of the `cut`-th layer, `[1, T, C]`."""

    def __init__(self, cut, model=None):
        super().__init__()
        model = model or Wav2Vec2Model(Wav2Vec2Config(layerdrop=0.0))
        self.features = model.feature_extractor
        self.projection = model.feature_projection
        self.positions = model.encoder.pos_conv_embed
        self.norm = model.encoder.layer_norm
        self.layers = model.encoder.layers[:cut]

    def forward(self, samples):
        hidden, _ = self.projection(self.features(samples).transpose(1, 2))
        hidden = self.norm(hidden + self.positions(hidden))
        for layer in self.layers:
            hidden = layer(hidden)
        return hidden


def through_onnxruntime(cut, threads, folder):
    """The same through ONNX Runtime, float32: a function from samples to hidden states."""
    import onnxruntime

    model = Wav2Vec2Model(Wav2Vec2Config(layerdrop=0.0))
    model.set_attn_implementation("eager")
    path = f"{folder}/lower.onnx"
    torch.onnx.export(
        Lower(cut, model).eval(), (torch.randn(1, 80_000),), path, input_names=["samples"], output_names=["rows"],
        dynamo=True, dynamic_shapes={"samples": {1: torch.export.Dim("length", min=8_000, max=400_000)}}, verbose=False)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    return lambda samples: torch.from_numpy(session.run(None, {"samples": samples.numpy()})[0])
