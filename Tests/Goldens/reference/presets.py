"""The encoders that references are made of: every family's architecture, at toy widths and at its published size.

Families: `wav2vec2` and `hubert` in a base form (group norm in the CNN, post-norm layers) and a large form (layer norm
after each convolution, pre-norm layers, a norm at the end); `wavlm` likewise, with a gated relative position bias;
`data2vec-audio` (layer norms in the CNN, post-norm layers, several plain positional convolutions).
"""

from dataclasses import dataclass, field

import transformers


@dataclass(frozen=True)
class Preset:
    """A model class of transformers (an encoder, or one with a head on it), its configuration, and how it is saved."""

    model: type
    settings: dict = field(default_factory=dict)
    do_normalize: bool = True
    """What the preprocessor's file says: whether waveforms are brought to zero mean and unit variance."""
    forms: tuple = ("safetensors",)
    """Of `formats.FORMS`: the files that hold its weights."""


LARGE_FORM = {"feat_extract_norm": "layer", "do_stable_layer_norm": True}
"""Layer norm after every convolution and pre-norm layers; wav2vec2's and HuBERT's have `conv_bias` as well."""

WAV2VEC2_TINY = {
    "hidden_size": 40,
    "num_hidden_layers": 12,
    "num_attention_heads": 4,
    "intermediate_size": 72,
    "conv_dim": [32] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    # A hundred times the usual: a hard-coded 1e-5 is caught (norms inside the CNN keep 1e-5 whatever this says).
    "layer_norm_eps": 1e-3,
    # Only the pretraining head uses these; it is in pytorch_model.bin as in the published ones, and is to be ignored.
    "codevector_dim": 8,
    "proj_codevector_dim": 8,
    "num_codevectors_per_group": 4,
}

FOUR_LAYERS = {
    "hidden_size": 40,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "conv_dim": [16] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 8,
    "layer_norm_eps": 1e-3,
    # The heads', where there is one: it is to be ignored.
    "vocab_size": 6,
    "classifier_proj_size": 8,
    "num_labels": 3,
}
"""Of all other families: small enough to be committed once per form."""

BUCKETS = {"num_buckets": 14, "max_bucket_distance": 13}
"""Distances of 0 to 2 frames have a bucket each, 3 to 12 share by their logarithm, 13 and more share the last. None of
the logarithms is so near a whole number that rounding could decide."""

TINY = {
    "wav2vec2-tiny": Preset(
        transformers.Wav2Vec2ForPreTraining, WAV2VEC2_TINY, forms=("safetensors", "bin")),
    "wav2vec2-large-tiny": Preset(
        transformers.Wav2Vec2Model, FOUR_LAYERS | LARGE_FORM | {"conv_bias": True}, forms=("shards",)),
    "hubert-tiny": Preset(transformers.HubertForSequenceClassification, FOUR_LAYERS, forms=("bin",)),
    "hubert-large-tiny": Preset(
        transformers.HubertForCTC, FOUR_LAYERS | LARGE_FORM | {"conv_bias": True}, forms=("task",)),
    "wavlm-tiny": Preset(
        transformers.WavLMForSequenceClassification, FOUR_LAYERS | BUCKETS | {"use_weighted_layer_sum": True},
        do_normalize=False, forms=("bin",)),
    "wavlm-large-tiny": Preset(transformers.WavLMModel, FOUR_LAYERS | BUCKETS | LARGE_FORM),
    "data2vec-audio-tiny": Preset(
        transformers.Data2VecAudioForCTC,
        FOUR_LAYERS | {"conv_pos_kernel_size": 7, "num_conv_pos_embeddings": 3}, forms=("task",)),
}
"""Committed beside this package, each in one of the forms in which published checkpoints come."""

LARGE_SIZE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}

FULL = {
    "wav2vec2-base": Preset(transformers.Wav2Vec2ForPreTraining, forms=("safetensors", "bin")),
    "wav2vec2-large-robust": Preset(
        transformers.Wav2Vec2Model, LARGE_SIZE | LARGE_FORM | {"conv_bias": True}),
    "hubert-base": Preset(transformers.HubertModel),
    "hubert-large": Preset(transformers.HubertModel, LARGE_SIZE | LARGE_FORM | {"conv_bias": True}),
    "wavlm-base": Preset(transformers.WavLMModel, do_normalize=False),
    "wavlm-large": Preset(transformers.WavLMModel, LARGE_SIZE | LARGE_FORM),
    "data2vec-audio-base": Preset(transformers.Data2VecAudioModel),
}
"""The published sizes, for `make parity`; what is not given is the configuration class's default, which is base's."""
