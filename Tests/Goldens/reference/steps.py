"""An encoder's forward pass in steps, the same for every family, from transformers' own modules."""


def is_pre_norm(config):
    """Whether the layers normalise their inputs and `encoder.layer_norm` their last output (the large form)."""
    return getattr(config, "do_stable_layer_norm", False)


def embedded(encoder, features, pre_norm):
    """From the CNN's output `[1, T, channels]` to the first layer's input `[1, T, C]`; cut `cnn` to cut `0`.

    `encoder` need have no more than `feature_projection`, `encoder.pos_conv_embed` and `encoder.layer_norm`.
    """
    projected = encoder.feature_projection(features)
    hidden = projected[0] if isinstance(projected, tuple) else projected
    hidden = hidden + encoder.encoder.pos_conv_embed(hidden)
    return hidden if pre_norm else encoder.encoder.layer_norm(hidden)


def through(layers, hidden):
    """The output of each layer in turn. WavLM's hand on the position bias that the first of them makes of its table."""
    position_bias = None
    for layer in layers:
        if hasattr(layer.attention, "compute_bias"):
            hidden, position_bias = layer(hidden, position_bias=position_bias)
        else:
            hidden = layer(hidden)
        yield hidden
