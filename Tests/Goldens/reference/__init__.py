"""The reference side: what Hugging Face transformers and torch make of a model, which Undertone's Swift is held to.

`models` makes seeded models and saves them in the formats users have; `stage_one` takes hidden states at every cut;
`stage_two` trains the upper layers; `operations` runs single operations; `files` writes and compares safetensors.
Nothing here imports anything of Undertone's.
"""
