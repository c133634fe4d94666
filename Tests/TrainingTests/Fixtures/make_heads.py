"""Writes heads.json: predictions and gradients of what stands on the encoder, as torch gives them, in float64.

    pip install torch==2.13.0 transformers==5.23.0
    python make_heads.py            # writes heads.json anew
    python make_heads.py --check    # remakes it and compares with the committed one

The head form `hf` is transformers' own class around given hidden states, so every frame is projected there; `audeering` is the class
published with audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim; pooling is written out.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn
from transformers import Wav2Vec2Config, Wav2Vec2ForSequenceClassification

OUT = Path(__file__).with_name("heads.json")
CHANNELS, DIMENSIONS, LENGTHS = 6, 3, [4, 1, 7]
EPSILON = 1e-8


class Mean(nn.Module):
    name, width = "mean", CHANNELS

    def forward(self, hidden):
        return hidden.mean(0)


class MeanDeviation(nn.Module):
    name, width = "mean_std", 2 * CHANNELS

    def forward(self, hidden):
        return torch.cat([hidden.mean(0), (hidden.var(0, correction=0) + EPSILON).sqrt()])


class Attentive(nn.Module):
    name, width = "attentive", 2 * CHANNELS

    def __init__(self, width=5):
        super().__init__()
        self.attention = nn.Linear(CHANNELS, width)
        self.score = nn.Linear(width, 1, bias=False)

    def forward(self, hidden):
        weights = self.score(self.attention(hidden).tanh()).softmax(0)
        mean = (weights * hidden).sum(0)
        return torch.cat([mean, ((weights * (hidden - mean) ** 2).sum(0) + EPSILON).sqrt()])


class RegressionHead(nn.Module):
    """audEERING's, without its dropout."""

    def __init__(self, width):
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, DIMENSIONS)

    def forward(self, features):
        return self.out_proj(torch.tanh(self.dense(features)))


class AudEERING(nn.Module):
    def __init__(self):
        super().__init__()
        self.classifier = RegressionHead(CHANNELS)

    def forward(self, hidden):
        return self.classifier(hidden.mean(0))


class HuggingFace(nn.Module):
    """The head of transformers' class: the encoder before it gives what it is given."""

    def __init__(self):
        super().__init__()
        config = Wav2Vec2Config(
            hidden_size=CHANNELS, num_attention_heads=1, num_hidden_layers=1, intermediate_size=4, conv_dim=(4,),
            conv_stride=(5,), conv_kernel=(10,), num_conv_pos_embeddings=2, num_conv_pos_embedding_groups=1,
            classifier_proj_size=5, num_labels=DIMENSIONS, feat_proj_dropout=0)
        self.model = Wav2Vec2ForSequenceClassification(config).eval()

    def forward(self, hidden):
        encoder = SimpleNamespace(last_hidden_state=hidden[None], hidden_states=None, attentions=None)
        self.model.wav2vec2.forward = lambda *_, **__: encoder
        return self.model(torch.zeros(1, 10, dtype=torch.float64)).logits[0]


class Perceptron(nn.Module):
    def __init__(self, pooling, widths, outputs):
        super().__init__()
        self.pooling = pooling
        self.widths = [pooling.width, *widths, outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(self.widths, self.widths[1:]))

    def forward(self, hidden):
        x = self.pooling(hidden)
        for index, layer in enumerate(self.layers):
            x = layer(x.tanh() if index else x)
        return x


def name_of(torch_name, form):
    if form == "mlp":
        return torch_name.replace("layers.", "heads.shared.")
    return torch_name.removeprefix("model.")


def case(module, pooling, form, head):
    torch.manual_seed(len(pooling) + len(form))
    module = module.double()
    parameters = {}
    for torch_name, parameter in module.named_parameters():
        name = name_of(torch_name, form)
        if name.startswith("wav2vec2."):
            continue
        with torch.no_grad():
            parameter.copy_((torch.randn(parameter.shape) * 0.5).float())
        parameters[name] = parameter
    hidden = (torch.randn(sum(LENGTHS), CHANNELS) + 0.3).double().requires_grad_()
    direction = torch.randn(len(LENGTHS), DIMENSIONS).double()
    predictions = torch.stack([module(rows) for rows in hidden.split(LENGTHS)])
    gradients = torch.autograd.grad((predictions * direction).sum(), [hidden, *parameters.values()])
    return {
        "pooling": pooling,
        "head": {"form": form, **head},
        "lengths": LENGTHS,
        "hidden": hidden.flatten().tolist(),
        "parameters": {name: value.flatten().tolist() for name, value in parameters.items()},
        "predictions": predictions.T.tolist(),
        "dPredictions": direction.T.tolist(),
        "dHidden": gradients[0].flatten().tolist(),
        "dParameters": {name: g.flatten().tolist() for name, g in zip(parameters, gradients[1:])},
    }


def cases():
    yield case(HuggingFace(), "mean", "hf", {"hidden": 5})
    yield case(AudEERING(), "mean", "audeering", {})
    yield case(Perceptron(Mean(), [], DIMENSIONS), "mean", "mlp", {"layers": 0})
    yield case(Perceptron(MeanDeviation(), [4], DIMENSIONS), "mean_std", "mlp", {"hidden": 4, "layers": 1})
    yield case(Perceptron(Attentive(), [4, 4], DIMENSIONS), "attentive", "mlp", {"hidden": 4, "layers": 2})


def compare(old, new):
    if isinstance(old, dict):
        assert old.keys() == new.keys()
        for key in old:
            compare(old[key], new[key])
    elif isinstance(old, str):
        assert old == new
    else:
        torch.testing.assert_close(torch.tensor(old), torch.tensor(new), rtol=1e-12, atol=1e-13)


def main():
    text = json.dumps(list(cases()), indent=0) + "\n"
    if "--check" not in sys.argv:
        OUT.write_text(text)
        return
    for old, new in zip(json.loads(OUT.read_text()), json.loads(text), strict=True):
        compare(old, new)


if __name__ == "__main__":
    main()
